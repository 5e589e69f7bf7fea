//! Rules for every text file.

use crate::rust_source::{RustSource, words};
use crate::tree::{Finding, Tree};

/// Kept as they came from elsewhere: recorded data, and the seeds that a test tool writes itself.
fn is_verbatim(path: &str) -> bool {
    path.contains("testdata/")
        || path.contains("/corpus/")
        || path.contains("fuzz/seeds/")
        || path.ends_with(".proptest-regressions")
}

fn finding(path: &str, line: usize, rule: &'static str, text: &str) -> Finding {
    Finding { place: path.to_owned(), line, rule, text: text.to_owned() }
}

pub(crate) fn files_end_with_one_newline(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts().filter(|(path, _)| !is_verbatim(path)) {
        let ends_well = text.ends_with('\n') && !text.ends_with("\n\n") && text != "\n";
        if !text.is_empty() && !ends_well {
            let line = text.lines().count();
            findings.push(finding(path, line, "one-newline", "a file ends with one newline"));
        }
    }
}

pub(crate) fn no_trailing_whitespace(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts().filter(|(path, _)| !is_verbatim(path)) {
        for (index, line) in text.split('\n').enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(finding(path, index + 1, "trailing-whitespace", "nothing follows a line"));
            }
        }
    }
}

/// Folders that only exist on the machine where a file was written. Put together so that this file is clean.
const MACHINE_PATHS: [&str; 3] = [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

pub(crate) fn no_paths_of_machines(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts() {
        for (index, line) in text.lines().enumerate() {
            if MACHINE_PATHS.iter().any(|folder| starts_a_path(line, folder)) {
                let rule = "machine-path";
                findings.push(finding(path, index + 1, rule, "this path exists on one machine only"));
            }
        }
    }
}

/// Whether `folder` stands at the beginning of a path, not further inside of one.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || "_.-~/*}".contains(before))
    })
}

const UNFINISHED: [&str; 2] = ["FIXME", "XXX"];
const UNFINISHED_WITHOUT_ISSUE: &str = "TODO";
const UNFINISHED_CODE: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];

pub(crate) fn no_unfinished_work(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts().filter(|(path, _)| !is_verbatim(path) && !path.ends_with(".lock")) {
        if !path.ends_with(".rs") {
            for (index, line) in text.lines().enumerate() {
                let mark = unfinished(line);
                findings.extend(mark.map(|mark| finding(path, index + 1, "unfinished", mark)));
            }
            continue;
        }
        // The contents of literals are not looked at: a program may speak of such words.
        let source = RustSource::new(text);
        for (index, (code, comment)) in source.code.lines().zip(source.comments.lines()).enumerate() {
            let in_code = UNFINISHED_CODE.into_iter().find(|mark| code.contains(mark));
            let mark = in_code.or_else(|| unfinished(code)).or_else(|| unfinished(comment));
            findings.extend(mark.map(|mark| finding(path, index + 1, "unfinished", mark)));
        }
    }
}

/// The mark of unfinished work in a line, if it has one.
fn unfinished(line: &str) -> Option<&'static str> {
    let found = |wanted: &str| words(line).find(|(_, word)| *word == wanted);
    if let Some(mark) = UNFINISHED.into_iter().find(|mark| found(mark).is_some()) {
        return Some(mark);
    }
    let (at, word) = found(UNFINISHED_WITHOUT_ISSUE)?;
    let after = line.get(at + word.len()..)?;
    let number = after.trim_start_matches([' ', '(']).strip_prefix('#').unwrap_or("");
    (!number.starts_with(|digit: char| digit.is_ascii_digit())).then_some(UNFINISHED_WITHOUT_ISSUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn endings_of_files_are_checked() {
        let files = [("good", "a\n"), ("none", "a\nb"), ("two", "a\n\n"), ("empty", ""), ("testdata/x", "a")];
        assert_eq!(found(files_end_with_one_newline, &files), ["none:2", "two:2"]);
    }

    #[test]
    fn trailing_whitespace_is_found() {
        let files = [("a", "x\n  \ny\t\n"), ("b", "x\r\n"), ("c", "  x\n"), ("testdata/x", "a \n")];
        assert_eq!(found(no_trailing_whitespace, &files), ["a:2", "a:3", "b:1"]);
    }

    #[test]
    fn paths_of_machines_are_found() {
        let bad = format!("see `{}main/x`\n", MACHINE_PATHS[0]);
        let also_bad = format!("\nHOME={}osmia\n", MACHINE_PATHS[2]);
        let good = format!("https://example.org{}page and frame{}\n", MACHINE_PATHS[2], MACHINE_PATHS[0]);
        let files = [("bad", bad.as_str()), ("also_bad", also_bad.as_str()), ("good", good.as_str())];
        assert_eq!(found(no_paths_of_machines, &files), ["also_bad:2", "bad:1"]);
    }

    #[test]
    fn unfinished_work_is_found() {
        let source = "// FIXME: a\n// TODO: b\n// TODO(#12): fine\nfn f() { todo!() }\n#[ignore]\n\
            let a = \"XXX todo!\";\nlet a = XXX;\n";
        let files =
            [("a.rs", source), ("b.md", "XXX\nTODO #3 fine\nTODO # 3\nXXXX\n"), ("testdata/c", "XXX\n")];
        let expected = ["a.rs:1", "a.rs:2", "a.rs:4", "a.rs:5", "a.rs:7", "b.md:1", "b.md:3"];
        assert_eq!(found(no_unfinished_work, &files), expected);
    }
}
