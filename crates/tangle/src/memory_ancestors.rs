//! Ancestors kept in ordered maps, for tests and models.

use std::collections::BTreeMap;

use osmia_primitives::{MessageId, MilestoneIndex};
use thiserror::Error;

use crate::ancestors::{Ancestors, Known};
use crate::vertex::{Attached, FIRST_ARRIVAL};

/// There is no message with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no message {0}")]
pub struct NoSuchArrival(pub u64);

#[derive(Clone, Debug)]
struct Row {
    parents: Vec<u64>,
    milestone: Option<MilestoneIndex>,
    flags: u8,
}

/// An [`Ancestors`] without storage. It grows without bound.
#[derive(Clone, Debug, Default)]
pub struct MemoryAncestors {
    arrivals: BTreeMap<MessageId, u64>,
    rows: BTreeMap<u64, Row>,
}

impl MemoryAncestors {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the entry point `number`, which counts as referenced by milestone `index`.
    ///
    /// # Panics
    /// When `number` is not below [`FIRST_ARRIVAL`].
    pub fn put_entry_point(&mut self, number: u64, id: MessageId, index: MilestoneIndex) {
        assert!(number < FIRST_ARRIVAL, "{number} is not the number of an entry point");
        self.arrivals.insert(id, number);
        self.rows.insert(number, Row { parents: Vec::new(), milestone: Some(index), flags: 0 });
    }

    /// Adds an attached message.
    pub fn put(&mut self, attached: &Attached) {
        let Attached { arrival, parents, vertex } = attached;
        self.arrivals.insert(vertex.id, *arrival);
        self.rows.insert(*arrival, Row { parents: parents.clone(), milestone: None, flags: vertex.flags });
    }

    /// Notes that milestone `index` references the messages of `cone`.
    pub fn refer(&mut self, index: MilestoneIndex, cone: &[u64]) {
        for arrival in cone {
            if let Some(row) = self.rows.get_mut(arrival) {
                row.milestone.get_or_insert(index);
            }
        }
    }

    /// How many messages and entry points there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, arrival: u64) -> Result<&Row, NoSuchArrival> {
        self.rows.get(&arrival).ok_or(NoSuchArrival(arrival))
    }
}

impl Ancestors for MemoryAncestors {
    type Error = NoSuchArrival;

    fn find(&self, id: &MessageId) -> Result<Option<Known>, NoSuchArrival> {
        let Some(arrival) = self.arrivals.get(id).copied() else { return Ok(None) };
        Ok(Some(Known { arrival, milestone: self.row(arrival)?.milestone }))
    }

    fn parents(&self, arrival: u64) -> Result<Vec<u64>, NoSuchArrival> {
        Ok(self.row(arrival)?.parents.clone())
    }

    fn milestone(&self, arrival: u64) -> Result<Option<MilestoneIndex>, NoSuchArrival> {
        Ok(self.row(arrival)?.milestone)
    }

    fn flags(&self, arrival: u64) -> Result<u8, NoSuchArrival> {
        Ok(self.row(arrival)?.flags)
    }
}
