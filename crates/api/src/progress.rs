//! How the node gets on: notes once a second, and the rates between them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use osmia_engine::View;
use osmia_primitives::MilestoneIndex;

use crate::clock::Stopwatch;
use crate::limits::{RATE_WINDOW_MS, SAMPLES_MAX};

/// What the API saw of the node since it started. The lock is held for a few instructions and never while waiting.
#[derive(Debug)]
pub(crate) struct Progress {
    since_start: Stopwatch,
    notes: Mutex<Notes>,
}

/// Where the node stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Note {
    at_ms: u64,
    confirmed: MilestoneIndex,
    latest: MilestoneIndex,
    /// Messages attached since the node started.
    attached: u64,
    /// Nonces tried for clients since then.
    nonces: u64,
}

/// Notes of the last seconds, the oldest first.
#[derive(Debug, Default)]
struct Notes {
    notes: VecDeque<Note>,
    last: Note,
    milestone_at_ms: u64,
    message_at_ms: u64,
}

/// How fast the node gets on, and since when it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    /// Seconds since the API started.
    pub(crate) uptime_s: u64,
    /// Milestones confirmed per second lately; `None` before there is anything to compare.
    pub(crate) milestones_per_second: Option<f64>,
    /// Messages attached per second lately.
    pub(crate) messages_per_second: Option<f64>,
    /// Nonces tried for clients per second lately.
    pub(crate) nonces_per_second: Option<f64>,
    /// Seconds since a milestone was confirmed or a newer one came.
    pub(crate) without_milestone_s: u64,
    /// Seconds since a message was attached.
    pub(crate) without_message_s: u64,
}

impl Progress {
    /// Nothing seen yet.
    pub(crate) fn start() -> Self {
        Self { since_start: Stopwatch::start(), notes: Mutex::default() }
    }

    /// Notes where the node stands, and how many nonces it has tried for clients.
    pub(crate) fn note(&self, view: &View, nonces: u64) -> Pace {
        let note = Note {
            at_ms: self.since_start.elapsed_ms(),
            confirmed: view.confirmed.index,
            latest: view.latest.index,
            attached: view.counters.attached,
            nonces,
        };
        // Nothing panics while it holds the lock; if something did, the notes would still be whole.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).note(note)
    }
}

impl Notes {
    fn note(&mut self, note: Note) -> Pace {
        // Of two that ask at once the later one may come first.
        let note = Note { at_ms: note.at_ms.max(self.last.at_ms), ..note };
        if note.confirmed != self.last.confirmed || note.latest != self.last.latest {
            self.milestone_at_ms = note.at_ms;
        }
        if note.attached != self.last.attached {
            self.message_at_ms = note.at_ms;
        }
        self.last = note;
        while self.notes.front().is_some_and(|first| first.at_ms + RATE_WINDOW_MS < note.at_ms) {
            self.notes.pop_front();
        }
        let pace = self.pace(note);
        // Those who ask more often than once a second change nothing of what others are told.
        let is_due = self.notes.back().is_none_or(|last| note.at_ms >= last.at_ms + 1_000);
        if is_due && self.notes.len() < SAMPLES_MAX {
            self.notes.push_back(note);
        }
        pace
    }

    fn pace(&self, now: Note) -> Pace {
        let seconds_since = |at_ms: u64| (now.at_ms - at_ms) / 1_000;
        // A window of less than a second would make a rate of one message.
        let first = self.notes.front().filter(|first| now.at_ms >= first.at_ms + 1_000);
        let rate = |rise: fn(Note, Note) -> u64| {
            first.map(|first| per_second(rise(*first, now), now.at_ms - first.at_ms))
        };
        Pace {
            uptime_s: now.at_ms / 1_000,
            milestones_per_second: rate(|first, now| {
                u64::from(now.confirmed.0.saturating_sub(first.confirmed.0))
            }),
            messages_per_second: rate(|first, now| now.attached.saturating_sub(first.attached)),
            nonces_per_second: rate(|first, now| now.nonces.saturating_sub(first.nonces)),
            without_milestone_s: seconds_since(self.milestone_at_ms),
            without_message_s: seconds_since(self.message_at_ms),
        }
    }
}

/// A rate with two digits after the point.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, ms: u64) -> f64 {
    (count as f64 * 100_000.0 / ms as f64).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at_ms: u64, confirmed: u32, attached: u64) -> Note {
        Note {
            at_ms,
            confirmed: MilestoneIndex(confirmed),
            latest: MilestoneIndex(1_000),
            attached,
            nonces: 3 * attached,
        }
    }

    #[test]
    fn rates_look_ten_seconds_back() {
        let mut notes = Notes::default();
        assert_eq!(notes.note(note(0, 10, 0)).milestones_per_second, None, "there is nothing to compare");
        assert_eq!(notes.note(note(500, 15, 50)).milestones_per_second, None, "half a second says nothing");
        let pace = notes.note(note(2_000, 20, 100));
        assert_eq!((pace.milestones_per_second, pace.messages_per_second), (Some(5.0), Some(50.0)));
        assert_eq!(pace.nonces_per_second, Some(150.0));
        for second in 3..=30 {
            notes.note(note(second * 1_000, 20, 100 * second));
        }
        let pace = notes.note(note(31_000, 20, 3_100));
        assert_eq!((pace.milestones_per_second, pace.messages_per_second), (Some(0.0), Some(100.0)));
        assert_eq!((pace.uptime_s, pace.without_milestone_s, pace.without_message_s), (31, 29, 0));
    }

    #[test]
    fn notes_are_bounded_however_often_somebody_asks() {
        let mut notes = Notes::default();
        for at_ms in (0..60_000).step_by(7) {
            notes.note(note(at_ms, 0, at_ms));
            assert!(notes.notes.len() <= SAMPLES_MAX);
        }
        assert!(notes.notes.len() >= SAMPLES_MAX - 1, "the window is full");
    }

    #[test]
    fn a_clock_that_two_read_at_once_never_goes_back() {
        let mut notes = Notes::default();
        notes.note(note(5_000, 1, 1));
        let pace = notes.note(note(4_000, 2, 2));
        assert_eq!((pace.uptime_s, pace.without_milestone_s), (5, 0));
    }
}
