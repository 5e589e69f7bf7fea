//! The Tangle and its ledger by their definitions.

use std::collections::{BTreeMap, BTreeSet};

use osmia_chrysalis::ledger::ConflictReason;
use osmia_chrysalis::{Message, Payload};
use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::{MessageId, MilestoneIndex};

pub mod ledger;

use ledger::Ledger;

/// What confirming a milestone did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The messages it references, in white-flag order (TIP-2).
    pub order: Vec<MessageId>,
    /// Those of them whose transactions were applied, in the same order.
    pub included: Vec<MessageId>,
    /// Those of them whose transactions were ignored, and why.
    pub conflicts: BTreeMap<MessageId, ConflictReason>,
    /// The Merkle root over `included` (TIP-4).
    pub merkle_root: Digest,
}

/// Everything a node received, and what milestones made of it.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    messages: BTreeMap<MessageId, Message>,
    /// Entry points with their index, and referenced messages with their milestone.
    referenced: BTreeMap<MessageId, MilestoneIndex>,
    ledger: Ledger,
}

impl Oracle {
    /// A Tangle that stands on `entry_points`, with the ledger of `ledger`.
    #[must_use]
    pub fn new(entry_points: impl IntoIterator<Item = (MessageId, MilestoneIndex)>, ledger: Ledger) -> Self {
        Self { messages: BTreeMap::new(), referenced: entry_points.into_iter().collect(), ledger }
    }

    /// Takes a message, in any order and as often as one likes; gives its id.
    pub fn insert(&mut self, message: Message) -> MessageId {
        let id = message.id();
        self.messages.insert(id, message);
        id
    }

    /// A message that was inserted.
    #[must_use]
    pub fn message(&self, id: &MessageId) -> Option<&Message> {
        self.messages.get(id)
    }

    /// The ledger as of the last confirmed milestone.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger, to apply receipts.
    pub const fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Whether a message and its whole past cone were inserted. Entry points are solid.
    #[must_use]
    pub fn is_solid(&self, id: &MessageId) -> bool {
        self.is_solid_given(id, &mut BTreeMap::new())
    }

    /// All inserted messages that are solid.
    #[must_use]
    pub fn solid(&self) -> BTreeSet<MessageId> {
        let mut known = BTreeMap::new();
        self.messages.keys().copied().filter(|id| self.is_solid_given(id, &mut known)).collect()
    }

    /// The solid messages that no solid message has as a parent.
    #[must_use]
    pub fn childless(&self) -> BTreeSet<MessageId> {
        let mut childless = self.solid();
        for id in childless.clone() {
            for parent in self.parents(&id) {
                childless.remove(parent);
            }
        }
        childless
    }

    /// The milestone that references a message; the index of an entry point.
    #[must_use]
    pub fn milestone(&self, id: &MessageId) -> Option<MilestoneIndex> {
        self.referenced.get(id).copied()
    }

    /// The youngest and the oldest index at which walks down from a solid message first meet something referenced
    /// (TIP-3).
    #[must_use]
    pub fn cone_roots(&self, id: &MessageId) -> (MilestoneIndex, MilestoneIndex) {
        let mut indexes = BTreeSet::new();
        self.collect_roots(id, &mut BTreeSet::new(), &mut indexes);
        let first = indexes.first().expect("because every walk ends at an entry point");
        let last = indexes.last().expect("because every walk ends at an entry point");
        (*last, *first)
    }

    /// What a milestone over `parents` would reference, in white-flag order.
    #[must_use]
    pub fn white_flag(&self, parents: &[MessageId]) -> Vec<MessageId> {
        let mut order = Vec::new();
        for parent in parents {
            self.visit(parent, &mut order);
        }
        order
    }

    /// Confirms milestone `index` over `parents`, the parents of its message, in their order. Its message is not part of
    /// its cone: note it with [`Oracle::refer`].
    pub fn confirm(&mut self, index: MilestoneIndex, parents: &[MessageId]) -> Confirmation {
        let order = self.white_flag(parents);
        let mut milestone = self.ledger.begin(index);
        let (mut included, mut conflicts) = (Vec::new(), BTreeMap::new());
        for id in &order {
            let Some(Payload::Transaction(transaction)) =
                self.messages.get(id).and_then(|it| it.payload.as_ref())
            else {
                continue;
            };
            match milestone.apply(*id, transaction) {
                Ok(()) => included.push(*id),
                Err(reason) => drop(conflicts.insert(*id, reason)),
            }
        }
        self.ledger = milestone.end();
        for id in &order {
            self.referenced.insert(*id, index);
        }
        let merkle_root = merkle_root(&included);
        Confirmation { order, included, conflicts, merkle_root }
    }

    /// Notes that milestone `index` references `id`, unless an earlier one did: a milestone does so with its own message.
    pub fn refer(&mut self, id: MessageId, index: MilestoneIndex) {
        self.referenced.entry(id).or_insert(index);
    }

    fn parents(&self, id: &MessageId) -> &[MessageId] {
        self.messages.get(id).map_or(&[], |message| message.parents.as_slice())
    }

    fn is_solid_given(&self, id: &MessageId, known: &mut BTreeMap<MessageId, bool>) -> bool {
        if let Some(answer) = known.get(id) {
            return *answer;
        }
        let is_here = self.messages.contains_key(id);
        let answer = self.referenced.contains_key(id)
            || is_here && self.parents(id).iter().all(|parent| self.is_solid_given(parent, known));
        known.insert(*id, answer);
        answer
    }

    fn visit(&self, id: &MessageId, order: &mut Vec<MessageId>) {
        if self.referenced.contains_key(id) || order.contains(id) {
            return;
        }
        assert!(self.messages.contains_key(id), "the cone of a milestone is solid, but {id} is missing");
        for parent in self.parents(id) {
            self.visit(parent, order);
        }
        order.push(*id);
    }

    fn collect_roots(
        &self,
        id: &MessageId,
        seen: &mut BTreeSet<MessageId>,
        indexes: &mut BTreeSet<MilestoneIndex>,
    ) {
        if !seen.insert(*id) {
            return;
        }
        if let Some(index) = self.referenced.get(id) {
            indexes.insert(*index);
            return;
        }
        for parent in self.parents(id) {
            self.collect_roots(parent, seen, indexes);
        }
    }
}

/// The root of TIP-4 by its definition.
fn merkle_root(ids: &[MessageId]) -> Digest {
    match ids {
        [] => blake2b::hash(b""),
        [id] => blake2b::hash(&[&[0], id.0.as_slice()].concat()),
        [_, _, ..] => {
            let mut half = 1;
            while half * 2 < ids.len() {
                half *= 2;
            }
            let (left, right) = ids.split_at(half);
            blake2b::hash(&[&[1], merkle_root(left).as_slice(), &merkle_root(right)].concat())
        }
    }
}
