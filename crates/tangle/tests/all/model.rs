//! A Tangle by its definitions: maps and sets, no numbers, no window.

use std::collections::{BTreeMap, BTreeSet};

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_tangle::ConeRoots;

/// Everything that was received, and which milestone references what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) parents: BTreeMap<MessageId, Vec<MessageId>>,
    /// Entry points with their index, and referenced messages with their milestone.
    pub(crate) roots: BTreeMap<MessageId, MilestoneIndex>,
}

impl Model {
    pub(crate) fn is_solid(&self, id: &MessageId) -> bool {
        self.solid_with(id, &mut BTreeMap::new())
    }

    fn solid_with(&self, id: &MessageId, known: &mut BTreeMap<MessageId, bool>) -> bool {
        if let Some(answer) = known.get(id) {
            return *answer;
        }
        let answer = self.roots.contains_key(id)
            || self
                .parents
                .get(id)
                .is_some_and(|parents| parents.iter().all(|parent| self.solid_with(parent, known)));
        known.insert(*id, answer);
        answer
    }

    pub(crate) fn solid(&self) -> BTreeSet<MessageId> {
        let mut known = BTreeMap::new();
        self.parents.keys().copied().filter(|id| self.solid_with(id, &mut known)).collect()
    }

    /// Messages that somebody waits for and nobody has.
    pub(crate) fn missing(&self) -> BTreeSet<MessageId> {
        let is_missing = |id: &&MessageId| !self.parents.contains_key(*id) && !self.roots.contains_key(*id);
        self.parents.values().flatten().filter(is_missing).copied().collect()
    }

    pub(crate) fn childless(&self) -> BTreeSet<MessageId> {
        let solid = self.solid();
        let with_child: BTreeSet<_> = solid.iter().flat_map(|id| &self.parents[id]).copied().collect();
        solid.difference(&with_child).copied().collect()
    }

    pub(crate) fn white_flag(&self, starts: &[MessageId]) -> Vec<MessageId> {
        let mut order = Vec::new();
        for start in starts {
            self.visit(start, &mut order);
        }
        order
    }

    fn visit(&self, id: &MessageId, order: &mut Vec<MessageId>) {
        if self.roots.contains_key(id) || order.contains(id) {
            return;
        }
        for parent in &self.parents[id] {
            self.visit(parent, order);
        }
        order.push(*id);
    }

    /// The indexes at which walks down from `id` first meet something referenced.
    pub(crate) fn cone_roots(&self, id: &MessageId) -> ConeRoots {
        let (mut open, mut seen, mut indexes) = (vec![*id], BTreeSet::new(), BTreeSet::new());
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            match self.roots.get(&id) {
                Some(index) => drop(indexes.insert(*index)),
                None => open.extend(&self.parents[&id]),
            }
        }
        ConeRoots { youngest: *indexes.last().unwrap(), oldest: *indexes.first().unwrap() }
    }

    pub(crate) fn confirm(&mut self, index: MilestoneIndex, order: &[MessageId]) {
        self.roots.extend(order.iter().map(|id| (*id, index)));
    }
}
