use super::*;

const SOURCE: &str = r##"//! docs { with a brace
fn short() { let brace = '{'; let quote = '\''; let text = "a \" } {"; }
/* block { /* nested */ unsafe } */
struct Holder<'a> { call: fn(u8) -> u8, text: &'a str }
fn longer(
    values: [u8; { 3 }],
) -> u32 {
    // A comment, and an empty line:

    let raw = r#"fn inside() { "quoted" {"#;
    let bytes = br"}";
    3
}
trait Shape { fn without_body(&self) -> u8; }
#[cfg(test)]
mod tests {
    #[test]
    fn checks() {
        assert!(true);
    }
}
"##;

#[test]
fn functions_are_found_with_their_lines_of_code() {
    let source = RustSource::new(SOURCE);
    let function = |name, line, lines, is_test| Function { name, line, lines, is_test };
    let expected =
        [function("short", 2, 1, false), function("longer", 5, 3, false), function("checks", 18, 1, true)];
    assert_eq!(source.functions(), expected);
}

#[test]
fn words_of_comments_and_literals_are_not_code() {
    let source = RustSource::new(SOURCE);
    assert!(source.lines_with_word("unsafe").is_empty());
    assert!(source.lines_with_word("inside").is_empty());
    assert_eq!(source.lines_with_word("raw"), [10]);
    assert!(source.comments.contains("nested */ unsafe"));
    assert!(!source.comments.contains("quoted"));
}

#[test]
fn parts_keep_their_places() {
    let text = "let a = \"ä\"; // ß\nlet b = 'ö'; let r#type = 1;\n";
    let source = RustSource::new(text);
    assert_eq!(source.code.len(), text.len());
    assert_eq!(source.comments.len(), text.len());
    assert_eq!(source.lines_with_word("b"), [2]);
    assert_eq!(source.lines_with_word("type"), [2]);
    assert_eq!(source.comments.trim(), "// ß");
}

#[test]
fn lines_of_tests_do_not_count() {
    assert_eq!(RustSource::new(SOURCE).lines_outside_tests(), SOURCE.lines().count() - 7);
}
