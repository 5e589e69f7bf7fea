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

/// Text of others without characters that a terminal would act on.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// A span of time: 45 s, 12 min, 3 h 20 min, 2 d 4 h.
pub(crate) fn duration_text(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0 | 1) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// A count of bytes with three digits: 512 B, 1.50 kB, 12.3 MB, 150 GB.
pub(crate) fn bytes_text(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((size, unit)) = units.into_iter().find(|(size, _)| bytes >= *size) else {
        return format!("{bytes} B");
    };
    let (whole, hundredths) = (bytes / size, bytes % size * 100 / size);
    match whole {
        0..10 => format!("{whole}.{hundredths:02} {unit}"),
        10..100 => format!("{whole}.{} {unit}", hundredths / 10),
        _ => format!("{whole} {unit}"),
    }
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
    fn numbers_are_short_and_text_of_others_is_harmless() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.50 kB"),
            (12_345_678, "12.3 MB"),
            (150_000_000_000, "150 GB"),
            (2_000_000_000_000, "2000 GB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
        for (seconds, text) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (12_000, "3 h 20 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(duration_text(seconds), text);
        }
        assert_eq!(harmless("a\u{1b}[2J\n\u{9b}b"), "a?[2J??b");
    }

    #[test]
    fn colours_come_only_when_they_are_wanted() {
        assert_eq!(styled("error", Style::Red, false), "error");
        assert_eq!(styled("error", Style::Red, true), "\u{1b}[31merror\u{1b}[0m");
        let file = tempfile::tempfile().unwrap();
        assert!(!has_colours(&file));
    }
}
