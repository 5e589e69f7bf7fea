//! Rules for Rust sources.

use crate::rust_source::RustSource;
use crate::tree::{Finding, Tree};

/// Lines of code in the body of a function, and lines of a file, both without tests.
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 600;

/// The crate that may hold unsafe code.
const UNSAFE_FOLDER: &str = "crates/pow/";

fn finding(path: &str, line: usize, rule: &'static str, text: impl Into<String>) -> Finding {
    Finding { place: path.to_owned(), line, rule, text: text.into() }
}

/// Whether a file as a whole is a test.
fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Programs that measure: they are the callers that bring a clock.
fn is_measuring(path: &str) -> bool {
    path.contains("/examples/") || path.contains("/benches/")
}

pub(crate) fn functions_and_files_are_short(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named(".rs").filter(|(path, _)| !is_test_file(path)) {
        let source = RustSource::new(text);
        for function in source.functions() {
            if function.lines > FUNCTION_LINES_MAX && !function.is_test {
                let text = format!(
                    "{} has {} lines of code, more than {FUNCTION_LINES_MAX}",
                    function.name, function.lines
                );
                findings.push(finding(path, function.line, "function-length", text));
            }
        }
        let lines = source.lines_outside_tests();
        if lines > FILE_LINES_MAX {
            findings.push(finding(
                path,
                0,
                "file-length",
                format!("{lines} lines, more than {FILE_LINES_MAX}"),
            ));
        }
    }
}

pub(crate) fn crates_open_with_docs(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named(".rs") {
        let is_root = ["src/lib.rs", "src/main.rs"].iter().any(|root| path.ends_with(root));
        if is_root && !text.starts_with("//! ") {
            findings.push(finding(path, 1, "crate-docs", "the first line says what the crate is for"));
        }
    }
}

pub(crate) fn modules_are_not_named_mod(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, _) in tree.texts_named("/mod.rs") {
        findings.push(finding(path, 0, "mod-rs", "a module foo lies in foo.rs, its parts in foo/"));
    }
}

pub(crate) fn unsafe_stays_in_pow(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named(".rs").filter(|(path, _)| !path.starts_with(UNSAFE_FOLDER)) {
        for line in RustSource::new(text).lines_with_word("unsafe") {
            findings.push(finding(path, line, "unsafe", "unsafe code is allowed in crates/pow only"));
        }
    }
}

/// Calls that are allowed in one kind of file only, with what to do instead.
struct BannedCall {
    call: &'static str,
    instead: &'static str,
    allowed_in: fn(&str) -> bool,
}

const BANNED_CALLS: [BannedCall; 7] = [
    BannedCall { call: "Instant::now", instead: "time is an argument", allowed_in: may_read_time },
    BannedCall { call: "SystemTime::now", instead: "time is an argument", allowed_in: may_read_time },
    BannedCall { call: "thread::sleep", instead: "wait for a condition", allowed_in: nowhere },
    BannedCall { call: "unbounded_channel", instead: "every queue has a bound", allowed_in: nowhere },
    BannedCall { call: "channel::unbounded", instead: "every queue has a bound", allowed_in: nowhere },
    BannedCall { call: "mpsc::channel()", instead: "every queue has a bound", allowed_in: nowhere },
    BannedCall { call: "env::set_var", instead: "not sound with threads", allowed_in: nowhere },
];

fn may_read_time(path: &str) -> bool {
    path.ends_with("/clock.rs") || is_measuring(path)
}

fn nowhere(_: &str) -> bool {
    false
}

pub(crate) fn calls_are_allowed(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.texts_named(".rs") {
        let source = RustSource::new(text);
        for (index, line) in source.code.lines().enumerate() {
            for banned in BANNED_CALLS.iter().filter(|banned| !(banned.allowed_in)(path)) {
                if without_type_arguments(line).contains(banned.call) {
                    let text = format!("{}: {}", banned.call, banned.instead);
                    findings.push(finding(path, index + 1, "banned-call", text));
                }
            }
        }
    }
}

/// `a::<T>(b)` as `a(b)`.
fn without_type_arguments(line: &str) -> String {
    let mut parts = line.split("::<");
    let mut kept = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let mut open = 1;
        let end = part.find(|letter| {
            open += i32::from(letter == '<') - i32::from(letter == '>');
            open == 0
        });
        kept.push_str(end.and_then(|end| part.get(end + 1..)).unwrap_or(""));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::found;

    #[test]
    fn long_functions_and_files_are_found() {
        let long = format!("fn f() {{\n{}}}\n", "    call();\n".repeat(71));
        let fits = format!("fn f() {{\n{}}}\n", "    call();\n\n    // why\n".repeat(70));
        let in_test = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        let endless = "const A: u8 = 0;\n".repeat(601);
        let tested = format!("{}{in_test}", "const A: u8 = 0;\n".repeat(600));
        let files = [
            ("a/src/long.rs", long.as_str()),
            ("b/src/fits.rs", &fits),
            ("c/src/in_test.rs", &in_test),
            ("d/src/endless.rs", &endless),
            ("e/src/tested.rs", &tested),
            ("f/tests/long.rs", &long),
            ("g/src/tests.rs", &endless),
        ];
        assert_eq!(found(functions_and_files_are_short, &files), ["a/src/long.rs:1", "d/src/endless.rs:0"]);
    }

    #[test]
    fn crates_without_docs_are_found() {
        let files = [("a/src/lib.rs", "fn f() {}\n"), ("b/src/main.rs", "//! Docs.\n"), ("c/src/x.rs", "\n")];
        assert_eq!(found(crates_open_with_docs, &files), ["a/src/lib.rs:1"]);
    }

    #[test]
    fn modules_named_mod_are_found() {
        let files = [("a/src/x/mod.rs", "//! Docs.\n"), ("a/src/x/module.rs", "")];
        assert_eq!(found(modules_are_not_named_mod, &files), ["a/src/x/mod.rs:0"]);
    }

    #[test]
    fn unsafe_code_is_found() {
        let code = "#![deny(unsafe_code)]\n// unsafe\nfn f() { let a = \"unsafe\"; }\nunsafe fn g() {}\n";
        let files = [("crates/store/src/lib.rs", code), ("crates/pow/src/lib.rs", code)];
        assert_eq!(found(unsafe_stays_in_pow, &files), ["crates/store/src/lib.rs:4"]);
    }

    #[test]
    fn banned_calls_are_found() {
        let time = "let now = Instant::now();\n";
        let calls = "thread::sleep(a);\nmpsc::unbounded_channel();\ncrossbeam_channel::unbounded::<Vec<u8>>();\nmpsc::channel::<u8>();\n\
            std::env::set_var(a, b);\nmpsc::channel::<u8>(8);\n// thread::sleep\nlet a = \"thread::sleep\";\n";
        let files = [
            ("a/src/clock.rs", time),
            ("b/examples/speed.rs", time),
            ("c/src/lib.rs", time),
            ("d/tests/x.rs", "SystemTime::now();\n"),
            ("e/src/clock.rs", calls),
        ];
        let expected = ["c/src/lib.rs:1", "d/tests/x.rs:1"].map(str::to_owned);
        let calls = (1..=5).map(|line| format!("e/src/clock.rs:{line}"));
        assert_eq!(found(calls_are_allowed, &files), expected.into_iter().chain(calls).collect::<Vec<_>>());
    }
}
