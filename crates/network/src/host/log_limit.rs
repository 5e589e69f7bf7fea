//! Lines that strangers can cause.

/// Lines in a minute; the counters of the summary tell of the rest.
const LINES: u32 = 20;
const MINUTE_MS: u64 = 60_000;

/// Allows so many lines of the log in every minute.
#[derive(Debug, Default)]
pub(super) struct LogLimit {
    since_ms: u64,
    lines: u32,
}

impl LogLimit {
    /// Whether one more line may be written.
    pub(super) fn allows(&mut self, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.since_ms) >= MINUTE_MS {
            *self = Self { since_ms: now_ms, lines: 0 };
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_lines_is_cut_and_later_ones_come_again() {
        let mut limit = LogLimit::default();
        let allowed = |limit: &mut LogLimit, now_ms| (0..1_000).filter(|_| limit.allows(now_ms)).count();
        assert_eq!(allowed(&mut limit, 1_000_000), 20);
        assert_eq!(allowed(&mut limit, 1_059_999), 0);
        assert_eq!(allowed(&mut limit, 1_060_000), 20);
    }
}
