//! How much work a message asks for, and how long work takes here.

use std::time::Duration;

use crate::limits::{POW_UNIT_NS_UNKNOWN, POW_UNIT_TRIES, POW_ZEROS_MAX};

/// The work of so many zero trits, at most [`POW_ZEROS_MAX`], in units of [`POW_UNIT_TRIES`] tries: 3 to their number
/// are needed on average, however many were made already.
pub(super) fn work_of(zeros: u32) -> u64 {
    3_u64.pow(zeros.min(POW_ZEROS_MAX)).div_ceil(POW_UNIT_TRIES)
}

/// The time that units of work take. The last eight or so messages count, by their work: what else the machine does
/// differs.
#[derive(Debug)]
pub(super) struct Pace {
    /// Eight times the mean of their times, in nanoseconds.
    ns: u64,
    /// Eight times the mean of their units of work.
    work: u64,
}

impl Pace {
    /// Before the first message.
    pub(super) const fn unknown() -> Self {
        Self { ns: POW_UNIT_NS_UNKNOWN, work: 1 }
    }

    /// Notes a message whose nonce was found.
    pub(super) fn note(&mut self, elapsed: Duration, work: u64) {
        self.ns = (self.ns - self.ns / 8).saturating_add(nanoseconds(elapsed));
        self.work = (self.work - self.work / 8).saturating_add(work);
    }

    /// Notes a message that was given up. It tells something when it took longer than it should have: where clients
    /// give up on all hard work, only what was easy by luck is ever done.
    pub(super) fn note_given_up(&mut self, elapsed: Duration, work: u64) {
        if u128::from(nanoseconds(elapsed)) > self.ns_for(work.into()) {
            self.note(elapsed, work);
        }
    }

    /// How long so many units of work take one thread, in nanoseconds.
    pub(super) fn ns_for(&self, work: u128) -> u128 {
        work.saturating_mul(self.ns.into()) / u128::from(self.work.max(1))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u128 = 1_000_000_000;

    #[test]
    fn work_is_the_expected_tries_in_units() {
        assert_eq!((work_of(0), work_of(6)), (1, 1), "a message is work, however easy");
        assert_eq!(work_of(14), 4_782_969_u64.div_ceil(1_024));
        assert_eq!(work_of(18) / work_of(14), 80, "3^4, but for what is rounded up");
        assert_eq!(work_of(POW_ZEROS_MAX), 11_872_720_174_860_283);
        assert_eq!(work_of(u32::MAX), work_of(POW_ZEROS_MAX));
    }

    #[test]
    fn the_first_message_tells_the_pace_and_the_last_ones_count() {
        let mut pace = Pace::unknown();
        assert_eq!(pace.ns_for(1_000), 1_000 * u128::from(POW_UNIT_NS_UNKNOWN));
        pace.note(Duration::from_secs(1), 1_000_000);
        assert_eq!(
            pace.ns_for(1_000_000) / (SECOND / 1_000),
            1_000,
            "a second, but for what was thought before"
        );
        for _ in 0..100 {
            pace.note(Duration::from_secs(3), 1_000_000);
        }
        assert_eq!((pace.ns_for(1_000_000) + SECOND / 2) / SECOND, 3);
    }

    #[test]
    fn a_message_counts_by_its_work() {
        let mut pace = Pace::unknown();
        for _ in 0..100 {
            pace.note(Duration::from_secs(81), 81_000_000);
            pace.note(Duration::from_secs(3), 1_000_000);
        }
        let ms = pace.ns_for(1_000_000) / (SECOND / 1_000);
        assert!(
            (1_000..1_100).contains(&ms),
            "{ms}: the small ones, three times as slow, are little of the work"
        );
    }

    #[test]
    fn what_is_given_up_late_raises_the_pace_and_what_is_given_up_early_tells_nothing() {
        let mut pace = Pace::unknown();
        pace.note(Duration::from_secs(1), 1_000_000);
        let before = pace.ns_for(1_000_000);
        pace.note_given_up(Duration::from_millis(900), 1_000_000);
        assert_eq!(pace.ns_for(1_000_000), before);
        for _ in 0..100 {
            pace.note_given_up(Duration::from_secs(30), 1_000_000);
        }
        assert!(pace.ns_for(1_000_000) > 20 * SECOND);
    }

    #[test]
    fn numbers_of_any_size_are_taken() {
        let mut pace = Pace::unknown();
        pace.note(Duration::MAX, u64::MAX);
        pace.note(Duration::MAX, 1);
        assert!(pace.ns_for(u128::MAX) > 0);
        for _ in 0..1_000 {
            pace.note(Duration::ZERO, 0);
        }
        assert!(pace.ns_for(1) < SECOND, "nothing is divided by 0");
    }
}
