//! What people see: standard output, standard error, and the few colours on a terminal.

use std::io::{self, IsTerminal, Write as _};

/// Styles of the terminal's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Stands out.
    Bold,
    /// Something is wrong.
    Red,
    /// Something could go wrong.
    Yellow,
}

/// Whether a stream shows colours: it is a terminal, and the user did not ask for none (<https://no-color.org>).
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !refused
}

/// `text` in a style, or as it is.
pub(crate) fn styled(text: &str, style: Style, colours: bool) -> String {
    let code = match style {
        Style::Bold => 1,
        Style::Red => 31,
        Style::Yellow => 33,
    };
    if colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Writes a text to standard output. A reader that went away is no failure of ours.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a text to standard error, beside another one on standard output.
pub(crate) fn tell(text: &str) {
    // As for [`warn`].
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Writes a line to standard error, its `label` in colour.
pub(crate) fn warn(label: &str, style: Style, text: &str) {
    let mut out = io::stderr().lock();
    let label = styled(label, style, has_colours(&out));
    // When not even this can be written there is nobody left to tell.
    drop(writeln!(out, "{label}: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_only_when_they_are_wanted() {
        assert_eq!(styled("error", Style::Red, false), "error");
        assert_eq!(styled("error", Style::Red, true), "\u{1b}[31merror\u{1b}[0m");
        let file = tempfile::tempfile().unwrap();
        assert!(!has_colours(&file));
    }
}
