//! A Rust source taken apart as far as the rules need it: code without the contents of comments and literals, the
//! comments, the functions, and which lines are tests. It is a scanner, not a parser.

use std::ops::Range;

/// A source whose parts keep their line and column.
#[derive(Debug)]
pub(crate) struct RustSource {
    /// The source with spaces for comments and for the contents of literals.
    pub(crate) code: String,
    /// The source with spaces for everything but comments.
    pub(crate) comments: String,
    /// Byte ranges of `code` that are only compiled for tests.
    tests: Vec<Range<usize>>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// The line of its name, from 1.
    pub(crate) line: usize,
    /// Lines of its body that hold code, without those of the outer braces.
    pub(crate) lines: usize,
    pub(crate) is_test: bool,
}

impl RustSource {
    /// Takes `text` apart.
    pub(crate) fn new(text: &str) -> RustSource {
        let (code, comments) = split(text);
        let tests = test_ranges(&code);
        RustSource { code, comments, tests }
    }

    /// The functions with a body, in the order of their names.
    pub(crate) fn functions(&self) -> Vec<Function<'_>> {
        let mut functions = Vec::new();
        for (at, word) in words(&self.code) {
            if word != "fn" {
                continue;
            }
            let Some((name_at, name)) = words(self.code.get(at + 2..).unwrap_or("")).next() else { continue };
            let between = self.code.get(at + 2..at + 2 + name_at).unwrap_or("");
            if !between.trim().is_empty() {
                continue; // A function pointer type: `fn(u8) -> u8`.
            }
            let Some(body) = block_from(&self.code, at) else { continue };
            let inside = self.code.get(body.start + 1..body.end - 1).unwrap_or("");
            functions.push(Function {
                name,
                line: self.line_of(at),
                lines: inside.lines().filter(|line| !line.trim().is_empty()).count(),
                is_test: self.is_test(at),
            });
        }
        functions
    }

    /// The lines that hold `word` as a whole word of the code (not of a comment or literal).
    pub(crate) fn lines_with_word(&self, word: &str) -> Vec<usize> {
        let found = words(&self.code).filter(|(_, found)| *found == word);
        found.map(|(at, _)| self.line_of(at)).collect()
    }

    /// How many lines are not tests.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        let inside: usize = self
            .tests
            .iter()
            .filter_map(|range| self.code.get(range.clone()))
            .map(|test| test.lines().count())
            .sum();
        self.code.lines().count() - inside
    }

    fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    fn line_of(&self, at: usize) -> usize {
        self.code.get(..at).map_or(0, line_breaks) + 1
    }
}

fn line_breaks(text: &str) -> usize {
    text.matches('\n').count()
}

/// The words (names, keywords, numbers) of `code` with their places.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let ahead = code.get(rest..)?;
        let start = rest + ahead.find(is_word)?;
        let word = code.get(start..)?;
        let word = word.get(..word.find(|letter| !is_word(letter)).unwrap_or(word.len()))?;
        rest = start + word.len();
        Some((start, word))
    })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The first block in braces from `at` on, outside of parentheses and brackets, with its braces; `None` if a
/// semicolon ends the item before.
fn block_from(code: &str, at: usize) -> Option<Range<usize>> {
    let mut nested = 0i32;
    let mut start = None;
    let mut braces = 0u32;
    for (offset, letter) in code.get(at..)?.char_indices() {
        match letter {
            '(' | '[' if start.is_none() => nested += 1,
            ')' | ']' if start.is_none() => nested -= 1,
            ';' if start.is_none() && nested == 0 => return None,
            '{' if start.is_some() || nested == 0 => {
                start = start.or(Some(at + offset));
                braces += 1;
            }
            '}' if start.is_some() => {
                braces -= 1;
                if braces == 0 {
                    return start.map(|start| start..at + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The items under an attribute that compiles them for tests only.
fn test_ranges(code: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for attribute in ["#[cfg(test)]", "#[cfg(all(test", "#[test]"] {
        for (at, found) in code.match_indices(attribute) {
            if let Some(block) = block_from(code, at + found.len()) {
                ranges.push(at..block.end);
            }
        }
    }
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut outermost: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        if outermost.last().is_none_or(|last| range.start >= last.end) {
            outermost.push(range);
        }
    }
    outermost
}

/// What the scanner is inside of.
enum Inside {
    Code,
    LineComment,
    /// Block comments nest.
    BlockComment(u32),
    /// A string or character literal up to this quote, with escapes.
    Quoted(char),
    /// A raw string up to a quote and as many `#`.
    Raw(usize),
}

/// The source with only its code, and with only its comments.
fn split(text: &str) -> (String, String) {
    let letters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut comments = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut at = 0;
    while at < letters.len() {
        let ahead = letters.get(at..).unwrap_or(&[]);
        let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied();
        let (next, taken, is_comment) = step(&inside, ahead, before);
        let was_code = matches!(inside, Inside::Code);
        let is_code = was_code && matches!(next, Inside::Code);
        for letter in ahead.iter().take(taken) {
            // A letter that is left out is replaced by as many spaces as it has bytes, so that places stay the same.
            let space = if *letter == '\n' { "\n".to_owned() } else { " ".repeat(letter.len_utf8()) };
            let keep = |kept: bool| if kept { letter.to_string() } else { space.clone() };
            code.push_str(&keep(is_code));
            comments.push_str(&keep(is_comment));
        }
        inside = next;
        at += taken;
    }
    (code, comments)
}

/// One step of the scanner: what comes next, how many letters that took, and whether they belong to a comment.
fn step(inside: &Inside, ahead: &[char], before: Option<char>) -> (Inside, usize, bool) {
    match inside {
        Inside::Code => step_in_code(ahead, before),
        Inside::LineComment => match ahead {
            ['\n', ..] => (Inside::Code, 1, false),
            _ => (Inside::LineComment, 1, true),
        },
        Inside::BlockComment(depth) => match ahead {
            ['*', '/', ..] if *depth == 1 => (Inside::Code, 2, true),
            ['*', '/', ..] => (Inside::BlockComment(depth - 1), 2, true),
            ['/', '*', ..] => (Inside::BlockComment(depth + 1), 2, true),
            _ => (Inside::BlockComment(*depth), 1, true),
        },
        Inside::Quoted(quote) => match ahead {
            ['\\', _, ..] => (Inside::Quoted(*quote), 2, false),
            [letter, ..] if letter == quote => (Inside::Code, 1, false),
            _ => (Inside::Quoted(*quote), 1, false),
        },
        Inside::Raw(hashes) => {
            let closes =
                ahead.first() == Some(&'"') && count_hashes(ahead.get(1..).unwrap_or(&[])) >= *hashes;
            if closes { (Inside::Code, 1 + hashes, false) } else { (Inside::Raw(*hashes), 1, false) }
        }
    }
}

fn step_in_code(ahead: &[char], before: Option<char>) -> (Inside, usize, bool) {
    match ahead {
        ['/', '/', ..] => (Inside::LineComment, 2, true),
        ['/', '*', ..] => (Inside::BlockComment(1), 2, true),
        ['"', ..] => (Inside::Quoted('"'), 1, false),
        // 'a' and '\n' are characters; 'a without a quote after it is a lifetime.
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => (Inside::Quoted('\''), 1, false),
        ['r', rest @ ..]
            if !before.is_some_and(|before| is_word(before) && before != 'b' && before != 'c') =>
        {
            let hashes = count_hashes(rest);
            match rest.get(hashes) {
                Some('"') => (Inside::Raw(hashes), 2 + hashes, false),
                _ => (Inside::Code, 1, false),
            }
        }
        _ => (Inside::Code, 1, false),
    }
}

fn count_hashes(letters: &[char]) -> usize {
    letters.iter().take_while(|letter| **letter == '#').count()
}

#[cfg(test)]
mod tests;
