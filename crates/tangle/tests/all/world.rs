//! A Tangle together with the storage below it.

use std::collections::BTreeMap;

use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_tangle::{Ancestors, Attached, Inserted, MemoryAncestors, Tangle, TangleOptions, Vertex};

use crate::graph::entry_points;

/// A Tangle, its storage, and what was attached.
pub(crate) struct World {
    pub(crate) tangle: Tangle,
    pub(crate) ancestors: MemoryAncestors,
    pub(crate) attached: Vec<Attached>,
    pub(crate) numbers: BTreeMap<MessageId, u64>,
    /// Evict after every step.
    pub(crate) evicts: bool,
}

impl World {
    /// With the entry points of the random graphs.
    pub(crate) fn new(options: TangleOptions) -> Self {
        Self::over(options, &entry_points())
    }

    pub(crate) fn over(options: TangleOptions, entry_points: &[(MessageId, MilestoneIndex)]) -> Self {
        let mut ancestors = MemoryAncestors::new();
        for (number, (id, index)) in entry_points.iter().enumerate() {
            ancestors.put_entry_point(u64::try_from(number).unwrap(), *id, *index);
        }
        let tangle = Tangle::new(options, IdHasherKey(11));
        Self { tangle, ancestors, attached: Vec::new(), numbers: BTreeMap::new(), evicts: false }
    }

    pub(crate) fn insert(&mut self, vertex: Vertex) -> Inserted {
        self.insert_at(vertex, 0)
    }

    pub(crate) fn insert_at(&mut self, vertex: Vertex, now_ms: u64) -> Inserted {
        let mut attached = Vec::new();
        let inserted = self.tangle.insert(vertex, now_ms, &self.ancestors, &mut attached).unwrap();
        for item in attached {
            self.ancestors.put(&item);
            self.numbers.insert(item.vertex.id, item.arrival);
            self.attached.push(item);
        }
        if self.evicts {
            self.tangle.evict();
        }
        inserted
    }

    pub(crate) fn number(&self, id: &MessageId) -> u64 {
        self.tangle.arrival_of(id, &self.ancestors).unwrap().unwrap()
    }

    pub(crate) fn id(&self, arrival: u64) -> MessageId {
        let place = usize::try_from(arrival - self.attached[0].arrival).unwrap();
        self.attached[place].vertex.id
    }

    /// Confirms a milestone over `parents`; gives its cone.
    pub(crate) fn confirm(&mut self, index: MilestoneIndex, parents: &[MessageId]) -> Vec<MessageId> {
        let parents: Vec<u64> = parents.iter().map(|id| self.number(id)).collect();
        let cone = self.tangle.cone(&parents, &self.ancestors).unwrap();
        self.ancestors.refer(index, &cone);
        self.tangle.confirm(index, &cone, &self.ancestors).unwrap();
        if self.evicts {
            self.tangle.evict();
        }
        cone.iter().map(|arrival| self.id(*arrival)).collect()
    }

    pub(crate) fn milestone(&self, id: &MessageId) -> Option<MilestoneIndex> {
        let known = self.ancestors.find(id).unwrap()?;
        let answer = self.tangle.milestone(known.arrival, &self.ancestors).unwrap();
        assert_eq!(answer, known.milestone);
        answer
    }
}
