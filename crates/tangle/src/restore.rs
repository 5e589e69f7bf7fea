//! Filling the window with stored messages after a start.

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::ancestors::Ancestors;
use crate::pool::Tip;
use crate::tangle::Tangle;
use crate::tips::Score;
use crate::vertex::{ConeRoots, FIRST_ARRIVAL};
use crate::window::Record;

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Its id.
    pub id: MessageId,
    /// Its number.
    pub arrival: u64,
    /// The numbers of its parents, in stored order.
    pub parents: Vec<u64>,
    /// The milestone that references it, if one does.
    pub milestone: Option<MilestoneIndex>,
    /// The flags it was inserted with.
    pub flags: u8,
}

impl Tangle {
    /// Puts a stored message into the window without asking anybody. Call it in ascending order of the numbers, then
    /// [`Tangle::finish_restore`], before anything else. Where a number is missing in between, what came before is left
    /// to the [`Ancestors`]; so are the oldest messages when the window is full.
    ///
    /// # Panics
    /// When the numbers do not ascend, or are those of entry points.
    pub fn restore(&mut self, message: Restored) {
        let Restored { id, arrival, parents, milestone, flags } = message;
        assert!(arrival >= FIRST_ARRIVAL, "{arrival} is the number of an entry point");
        if self.window.len() == 0 || self.window.next() < arrival {
            self.window.restart(arrival);
        }
        assert!(self.window.next() == arrival, "message {arrival} comes too late to be restored");
        let mut record = Record::new(id, &parents, ConeRoots::UNKNOWN, flags);
        if let Some(milestone) = milestone {
            record.refer(milestone);
        }
        self.window.push(record);
        // Their roots are not known yet, so nothing is remembered of those that leave.
        while self.window.bytes() > self.options.window_bytes_max && self.window.len() > 1 {
            self.window.pop();
        }
    }

    /// Computes what [`Tangle::restore`] left open: cone roots in one sweep, and the tips. Messages without children
    /// become tips again, those that only had children for a short while do not.
    ///
    /// # Errors
    /// When `ancestors` fails.
    ///
    /// # Panics
    /// When the last number restored is not followed by that of the next message.
    pub fn finish_restore<A: Ancestors>(&mut self, now_ms: u64, ancestors: &A) -> Result<(), A::Error> {
        self.assert_complete();
        self.open_from = self.window.base();
        self.sweep(self.open_from, ancestors)?;
        self.restore_tips(now_ms);
        Ok(())
    }

    fn assert_complete(&self) {
        let (end, next) = (self.window.next(), self.options.next_arrival);
        assert!(end == next, "the messages restored end before {end}, but the next one is {next}");
    }

    fn restore_tips(&mut self, now_ms: u64) {
        let mut has_child = vec![false; self.window.len()];
        for record in self.window.iter() {
            for parent in record.parents.as_slice() {
                if let Some(place) = self.window.offset(*parent).and_then(|offset| has_child.get_mut(offset))
                {
                    *place = true;
                }
            }
        }
        for ((arrival, record), has_child) in (self.window.base()..).zip(self.window.iter()).zip(has_child) {
            if !has_child {
                let score = Score::of(record.roots, self.confirmed(), &self.options);
                self.tips.attach(Tip::new(arrival, record.id), score, &[], now_ms);
            }
        }
    }
}
