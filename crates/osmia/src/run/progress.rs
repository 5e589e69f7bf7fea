//! Long work on a terminal: a bar that is drawn again in place; elsewhere a line of the log now and then.

use std::io::{self, IsTerminal as _, Write as _};

use crate::clock::Stopwatch;
use crate::limits::{PROGRESS_BAR_CELLS, PROGRESS_DRAW_INTERVAL, PROGRESS_LINE_INTERVAL};

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fraction {
    /// Done, of `total`.
    pub(crate) done: u64,
    /// All of it.
    pub(crate) total: u64,
}

impl Fraction {
    /// From 0 to 1; nothing to do is done.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn share(self) -> f64 {
        if self.total == 0 { 1.0 } else { (self.done as f64 / self.total as f64).min(1.0) }
    }

    /// `[#####.....] 51.3 %`.
    fn bar(self) -> String {
        let cells = (0..PROGRESS_BAR_CELLS).map(|cell| {
            let is_filled = f64::from(cell) + 0.5 < self.share() * f64::from(PROGRESS_BAR_CELLS);
            if is_filled { '#' } else { '.' }
        });
        format!("[{}] {:.1} %", cells.collect::<String>(), self.share() * 100.0)
    }
}

/// Seconds as a person says them: `42 s`, `3 min`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds > 1e7 {
        return "unknown".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded above")]
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..=99 => format!("{whole} s"),
        100..=5_999 => format!("{} min", (whole + 30) / 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// Draws a bar on standard error when that is a terminal, and says when a line is due where it is not.
#[derive(Debug)]
pub(crate) struct Progress {
    is_terminal: bool,
    is_drawn: bool,
    drawn: Stopwatch,
    line: Stopwatch,
}

impl Progress {
    /// Starts with nothing drawn.
    pub(crate) fn start() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            is_drawn: false,
            drawn: Stopwatch::start(),
            line: Stopwatch::start(),
        }
    }

    /// Shows how far it is. `true` when a line of the log is due instead.
    pub(crate) fn show(&mut self, what: &str, fraction: Fraction, rest: &str) -> bool {
        if self.is_terminal {
            if !self.is_drawn || self.drawn.elapsed() >= PROGRESS_DRAW_INTERVAL {
                self.drawn = Stopwatch::start();
                self.is_drawn = true;
                // A terminal that is gone is no reason to stop.
                let _gone = write!(io::stderr(), "\r\x1b[K{what} {} {rest}", fraction.bar());
            }
            return false;
        }
        let is_due = self.line.elapsed() >= PROGRESS_LINE_INTERVAL;
        if is_due {
            self.line = Stopwatch::start();
        }
        is_due
    }

    /// Removes the bar.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _gone = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// The loading of snapshot files.
#[derive(Debug)]
pub(crate) struct Loading {
    progress: Progress,
    total: u64,
    since: Stopwatch,
}

impl Loading {
    /// Files of `total` bytes are about to be read.
    pub(crate) fn start(total: u64) -> Self {
        tracing::info!(bytes = total, "loading the snapshot");
        Self { progress: Progress::start(), total, since: Stopwatch::start() }
    }

    /// So many bytes were read.
    pub(crate) fn show(&mut self, done: u64) {
        let fraction = Fraction { done, total: self.total };
        let left = duration(self.since.seconds() * (1.0 / fraction.share().max(1e-9) - 1.0));
        if self.progress.show("loading the snapshot", fraction, &format!("{left} left")) {
            tracing::info!(percent = (fraction.share() * 100.0).round(), time_left = %left, "loading the snapshot");
        }
        if done >= self.total {
            self.progress.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_the_share() {
        let bar = |done, total| Fraction { done, total }.bar();
        assert_eq!(bar(0, 10), "[....................] 0.0 %");
        assert_eq!(bar(5, 10), "[##########..........] 50.0 %");
        assert_eq!(bar(10, 10), "[####################] 100.0 %");
        assert_eq!(bar(11, 10), "[####################] 100.0 %", "a claim may be too small");
        assert_eq!(bar(0, 0), "[####################] 100.0 %");
    }

    #[test]
    fn durations_are_rounded_as_people_say_them() {
        assert_eq!(duration(0.4), "0 s");
        assert_eq!(duration(99.0), "99 s");
        assert_eq!(duration(150.0), "3 min");
        assert_eq!(duration(7_500.0), "2 h 5 min");
        assert_eq!(duration(f64::INFINITY), "unknown");
        assert_eq!(duration(f64::NAN), "unknown");
        assert_eq!(duration(-3.0), "0 s");
    }
}
