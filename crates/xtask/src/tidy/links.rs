//! Links inside the repository's Markdown files.

use std::collections::BTreeMap;

use crate::tree::{Finding, Tree};

pub(crate) fn links_resolve(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named(".md") {
        for (index, line) in prose(text).lines().enumerate() {
            for target in targets(line) {
                if let Some(text) = problem(tree, path, target) {
                    findings.push(Finding { place: path.to_owned(), line: index + 1, rule: "link", text });
                }
            }
        }
    }
}

/// What is wrong with a link from the file `from`, if it stays inside the repository.
fn problem(tree: &Tree, from: &str, target: &str) -> Option<String> {
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '+')
    });
    if has_scheme || target.starts_with("//") {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(file) = file.filter(|file| tree.has(file)) else {
        return Some(format!("{target}: no such file"));
    };
    let is_section = file.ends_with(".md") && !fragment.is_empty();
    if is_section && !tree.text(&file).is_some_and(|text| anchors(text).contains(&fragment.to_owned())) {
        return Some(format!("{target}: no such section"));
    }
    None
}

/// The path from the root of the repository for a link in the file `from`; `None` if it leads out of the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The text with empty lines for blocks of code and spaces for code inside of lines.
fn prose(text: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut prose = String::new();
    for line in text.lines() {
        let begin = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| begin.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                for (index, part) in line.split('`').enumerate() {
                    prose.push_str(if index % 2 == 0 { part } else { " " });
                }
            }
            (Some(_), _) => {}
        }
        prose.push('\n');
    }
    prose
}

/// The targets of the links of a line: `[text](target)`, `[text](<target> "title")` and `[name]: target`.
fn targets(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or(""));
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    let cleaned = inline.chain(definition).map(|target| {
        let target = target.trim();
        match target.strip_prefix('<') {
            Some(rest) => rest.split('>').next().unwrap_or(""),
            None => target.split_whitespace().next().unwrap_or(""),
        }
    });
    cleaned.collect()
}

/// The names by which links reach the headings of a Markdown text, made as the usual hosts make them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut anchors = Vec::new();
    // Code inside a heading counts, blocks of code do not: take the heading as written where prose has one.
    for (line, prose) in text.lines().zip(prose(text).lines()) {
        if !prose.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        let anchor: String = kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let count = seen.entry(anchor.clone()).or_default();
        anchors.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn broken_links_are_found() {
        let readme = "# Read `me`, first!\n[a](docs/a.md) [b](docs/b.md)\n[c](https://example.org/x) [d](#read-me-first)\n\
            [e](#other)\n```\n[f](nowhere)\n```\n`[g](nowhere)`\n[h](docs) [i](/docs/a.md \"title\")\n[j]: missing.md\n";
        let a =
            "# One\n# One\n[up](../README.md#read-me-first)\n[one](#one-1)\n[two](#one-2)\n[out](../../x)\n";
        let files = [("README.md", readme), ("docs/a.md", a)];
        let expected = ["README.md:2", "README.md:4", "README.md:10", "docs/a.md:5", "docs/a.md:6"];
        assert_eq!(found(links_resolve, &files), expected);
    }
}
