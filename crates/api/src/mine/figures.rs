//! What there is to count about proof of work for clients.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A nonce was found, and somebody waited for it.
    Done,
    /// Its client went away, or the node stopped.
    Cancelled,
    /// It never got in: the queue was full.
    Refused,
    /// It had to leave the full queue for a client with less.
    Displaced,
    /// There were no tips, or no nonce, or the message broke a rule with its new parents.
    Failed,
}

impl End {
    const ALL: [Self; 5] = [Self::Done, Self::Cancelled, Self::Refused, Self::Displaced, Self::Failed];

    /// As the metrics name it.
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Displaced => "displaced",
            Self::Failed => "failed",
        }
    }
}

/// Upper ends of the classes of durations, in microseconds, each with its text in seconds: from a private network's
/// hundredth of a second to a minute, which is more than clients wait.
pub(crate) const CLASSES: [(u64, &str); 6] = [
    (10_000, "0.01"),
    (100_000, "0.1"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (15_000_000, "15"),
    (60_000_000, "60"),
];

/// How long something took, each time.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    /// How many fell into each class, and the longer ones.
    counts: [AtomicU64; CLASSES.len() + 1],
    sum_us: AtomicU64,
}

/// A copy of [`Durations`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DurationTotals {
    /// How many took at most as long as each of the [`CLASSES`].
    pub(crate) within: [u64; CLASSES.len()],
    pub(crate) count: u64,
    pub(crate) sum_s: f64,
}

impl Durations {
    pub(crate) fn note(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let class = CLASSES.iter().take_while(|(end_us, _)| us > *end_us).count();
        // There is one count more than classes.
        if let Some(count) = self.counts.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> DurationTotals {
        let mut count = 0;
        let mut counts = self.counts.iter().map(|class| class.load(Ordering::Relaxed));
        let within = std::array::from_fn(|_| {
            count += counts.next().unwrap_or(0);
            count
        });
        count += counts.next().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "seconds for a graph")]
        let sum_s = self.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
        DurationTotals { within, count, sum_s }
    }
}

/// Totals since the node started.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    ends: [AtomicU64; End::ALL.len()],
    nonces: AtomicU64,
    /// From coming in until a thread takes it up.
    pub(crate) waiting: Durations,
    /// From then until it is done.
    pub(crate) mining: Durations,
}

impl Figures {
    pub(crate) fn count(&self, end: End) {
        let place = End::ALL.iter().position(|other| *other == end);
        if let Some(total) = place.and_then(|place| self.ends.get(place)) {
            total.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts nonces that were tried.
    pub(crate) fn tried(&self, nonces: u64) {
        self.nonces.fetch_add(nonces, Ordering::Relaxed);
    }

    /// Nonces tried so far.
    pub(crate) fn nonces(&self) -> u64 {
        self.nonces.load(Ordering::Relaxed)
    }

    /// The names of the ends with their totals.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let totals = self.ends.iter().map(|total| total.load(Ordering::Relaxed));
        End::ALL.into_iter().map(End::name).zip(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_total() {
        let figures = Figures::default();
        figures.count(End::Done);
        figures.count(End::Failed);
        figures.count(End::Done);
        let expected = [("done", 2), ("cancelled", 0), ("refused", 0), ("displaced", 0), ("failed", 1)];
        assert_eq!(figures.ends().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn durations_are_counted_in_every_class_they_fit() {
        let durations = Durations::default();
        for ms in [5, 10, 11, 2_000, 90_000] {
            durations.note(Duration::from_millis(ms));
        }
        let expected = DurationTotals { within: [2, 3, 3, 4, 4, 4], count: 5, sum_s: 92.026 };
        assert_eq!(durations.totals(), expected);
    }

    #[test]
    fn the_texts_of_the_classes_are_their_ends() {
        for (us, text) in CLASSES {
            let seconds: f64 = text.parse().unwrap();
            assert_eq!(Duration::from_secs_f64(seconds), Duration::from_micros(us));
        }
    }
}
