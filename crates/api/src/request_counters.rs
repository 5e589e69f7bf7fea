//! How many requests were answered, by the class of their status.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;

/// The classes of statuses that answers have.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Totals since the API started.
#[derive(Debug, Default)]
pub(crate) struct RequestCounters([AtomicU64; CLASSES.len()]);

impl RequestCounters {
    /// Counts an answer.
    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).checked_sub(1);
        // Handlers give statuses below 600 only.
        if let Some(counter) = class.and_then(|class| self.0.get(class)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The classes with their totals.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CLASSES.into_iter().zip(self.0.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_in_their_class() {
        let counters = RequestCounters::default();
        for status in [200, 201, 204, 404, 503, 999] {
            counters.count(StatusCode::from_u16(status).unwrap());
        }
        let expected = [("1xx", 0), ("2xx", 3), ("3xx", 0), ("4xx", 1), ("5xx", 1)];
        assert_eq!(counters.totals().collect::<Vec<_>>(), expected);
    }
}
