//! Virtual time: what happens next.

use std::collections::BTreeMap;

/// Events in the order of their times; those of one moment in the order in which they were planned.
#[derive(Debug)]
pub(crate) struct Schedule<E> {
    events: BTreeMap<(u64, u64), E>,
    planned: u64,
    now_ms: u64,
}

impl<E> Schedule<E> {
    pub(crate) fn new() -> Self {
        Self { events: BTreeMap::new(), planned: 0, now_ms: 0 }
    }

    /// The time of the event that was taken last.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Plans an event `after_ms` from now.
    pub(crate) fn after(&mut self, after_ms: u64, event: E) {
        self.at(self.now_ms + after_ms, event);
    }

    /// Plans an event; one of the past happens now.
    pub(crate) fn at(&mut self, at_ms: u64, event: E) {
        self.planned += 1;
        self.events.insert((at_ms.max(self.now_ms), self.planned), event);
    }

    /// Takes the next event and turns the clock to it.
    pub(crate) fn next(&mut self) -> Option<E> {
        let ((at_ms, _), event) = self.events.pop_first()?;
        self.now_ms = at_ms;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_the_order_of_their_times_and_then_of_their_planning() {
        let mut schedule = Schedule::new();
        schedule.at(5, "later");
        schedule.at(3, "first");
        schedule.at(3, "second");
        assert_eq!((schedule.next(), schedule.now_ms()), (Some("first"), 3));
        schedule.at(1, "of the past");
        schedule.after(1, "soon");
        let rest: Vec<_> = std::iter::from_fn(|| schedule.next()).collect();
        assert_eq!(rest, ["second", "of the past", "soon", "later"]);
        assert_eq!(schedule.now_ms(), 5);
    }
}
