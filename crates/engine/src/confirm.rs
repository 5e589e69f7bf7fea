//! Confirming a milestone: the cone in white-flag order, the ledger's changes, one atomic commit (TIP-2, TIP-4).

use osmia_chrysalis::Transaction;
use osmia_chrysalis::ledger::{Changes, MilestoneChanges};
use osmia_primitives::{MessageId, MilestoneIndex, hex};
use osmia_store::{Arrival, Batch, Durability};

use crate::ancestors::StoredAncestors;
use crate::core::Core;
use crate::error::{FatalError, HaltReason};
use crate::ledger::{StoreLedger, table};
use crate::limits::CONFIRM_TRANSACTIONS_READ_MAX;
use crate::milestones::StoredMilestone;
use crate::outcome::Outcome;
use crate::protocol::{FLAG_TRANSACTION, MilestoneTask, Protocol};
use crate::state::put_confirmed;
use crate::view::MilestoneMark;

/// What applying a cone gives, before any of it is written.
pub(crate) struct WhiteFlag {
    /// The messages in white-flag order.
    pub(crate) cone: Vec<u64>,
    /// What became of each, in the same order.
    pub(crate) outcomes: Vec<Outcome>,
    /// The Merkle root over the messages whose transactions were applied.
    pub(crate) merkle_root: [u8; 32],
    pub(crate) changes: Changes,
    /// The rule the receipt breaks, if it does.
    pub(crate) receipt_error: Option<String>,
}

/// A transaction of a cone, read for applying.
struct ReadTransaction {
    place: usize,
    message_id: MessageId,
    flags: u8,
    transaction: Box<Transaction>,
}

impl Core {
    /// The cone of a milestone over `parents` applied to our ledger; nothing is written.
    pub(crate) fn white_flag(&self, index: MilestoneIndex, parents: &[u64]) -> Result<WhiteFlag, FatalError> {
        self.apply_cone(index, parents, None)
    }

    fn apply_cone(
        &self,
        index: MilestoneIndex,
        parents: &[u64],
        milestone: Option<(&StoredMilestone, &MilestoneTask)>,
    ) -> Result<WhiteFlag, FatalError> {
        let ancestors = self.ancestors();
        let cone = self.tangle.cone(parents, &ancestors)?;
        let mut with_transaction = Vec::new();
        for (place, arrival) in cone.iter().enumerate() {
            if self.tangle.flags(*arrival, &ancestors)? & FLAG_TRANSACTION != 0 {
                with_transaction.push((place, *arrival));
            }
        }
        let mut outcomes = vec![Outcome::NoTransaction; cone.len()];
        let reader = self.store.latest();
        let ledger = StoreLedger(&reader);
        let mut changes = MilestoneChanges::new(&ledger, index, self.id_hasher_key);
        for group in with_transaction.chunks(CONFIRM_TRANSACTIONS_READ_MAX) {
            let group = self.read_transactions(group)?;
            let transactions: Vec<&Transaction> = group.iter().map(|read| &*read.transaction).collect();
            changes.prefetch(&transactions)?;
            for read in &group {
                let conflict =
                    self.protocol.apply(&mut changes, read.message_id, &read.transaction, read.flags)?;
                if let Some(outcome) = outcomes.get_mut(read.place) {
                    *outcome = conflict.map_or(Outcome::Included, Outcome::Conflicting);
                }
            }
        }
        let receipt = milestone.and_then(|(stored, task)| Some((stored, task.receipt.as_ref()?)));
        let receipt_error = match receipt {
            Some((stored, receipt)) => changes
                .apply_receipt(stored.milestone_id, stored.message_id, receipt)?
                .err()
                .map(|error| error.to_string()),
            None => None,
        };
        let merkle_root = changes.merkle_root();
        Ok(WhiteFlag { cone, outcomes, merkle_root, changes: changes.finish(), receipt_error })
    }

    fn read_transactions(&self, group: &[(usize, u64)]) -> Result<Vec<ReadTransaction>, FatalError> {
        let arrivals: Vec<Arrival> = group.iter().map(|(_, arrival)| Arrival(*arrival)).collect();
        let vertices = self.store.latest().vertices(&arrivals)?;
        let mut read = Vec::with_capacity(group.len());
        for ((place, arrival), vertex) in group.iter().zip(vertices) {
            let inconsistent =
                |what: &str| FatalError::Inconsistent(format!("the message at {arrival} {what}"));
            let vertex = vertex.ok_or_else(|| inconsistent("is missing"))?;
            let transaction = transaction(&self.protocol, &vertex.bytes)
                .ok_or_else(|| inconsistent("is marked as a transaction but carries none"))?;
            let message_id = MessageId::of(&vertex.bytes);
            read.push(ReadTransaction { place: *place, message_id, flags: vertex.flags, transaction });
        }
        Ok(read)
    }

    /// Confirms `milestone`, the one that follows the confirmed one; its message and its cone are committed.
    ///
    /// Everything it changes is one commit. A milestone that contradicts our ledger halts confirming instead.
    pub(crate) fn confirm(&mut self, milestone: &StoredMilestone) -> Result<(), FatalError> {
        let task = self.milestone_task(milestone)?;
        let parents = self.tangle.parents(milestone.arrival.0, &self.ancestors())?;
        let flag = self.apply_cone(milestone.index, &parents, Some((milestone, &task)))?;
        if let Some(reason) = contradiction(&task, &flag) {
            self.halt(reason);
            return Ok(());
        }
        let mut positions: Vec<(Arrival, u8)> = flag
            .cone
            .iter()
            .zip(&flag.outcomes)
            .map(|(arrival, outcome)| (Arrival(*arrival), outcome.to_byte()))
            .collect();
        let mut cone = flag.cone;
        let referenced = cone.len();
        // A milestone's own message is referenced by it, at the end of its cone, unless one before it did that already.
        if self.tangle.milestone(milestone.arrival.0, &self.ancestors())?.is_none() {
            cone.push(milestone.arrival.0);
            positions.push((milestone.arrival, Outcome::NoTransaction.to_byte()));
        }
        let confirmed = MilestoneMark { index: milestone.index, timestamp: milestone.timestamp };
        let mut batch = Batch::new();
        for (to, key, value) in flag.changes.rows() {
            match value {
                Some(value) => batch.put(table(to), key, value),
                None => batch.delete(table(to), key),
            }
        }
        self.store.put_positions(&mut batch, milestone.index, &positions)?;
        put_confirmed(&mut batch, confirmed);
        // It is synced before anybody is told: by the commit that ends the round.
        self.store.commit(batch, Durability::Logged)?;
        self.needs_sync = true;

        {
            let ancestors = StoredAncestors { reader: self.store.latest(), protocol: &self.protocol };
            self.tangle.confirm(milestone.index, &cone, &ancestors)?;
        }
        self.state.confirmed = confirmed;
        self.rates.confirmed(milestone.index, milestone.timestamp, referenced);
        tracing::debug!(index = milestone.index.0, referenced, "milestone confirmed");
        Ok(())
    }

    fn milestone_task(&self, milestone: &StoredMilestone) -> Result<MilestoneTask, FatalError> {
        let vertex = self.store.latest().vertex(milestone.arrival)?;
        let task = vertex.and_then(|vertex| self.protocol.milestone_task(&vertex.bytes).ok().flatten());
        task.ok_or_else(|| {
            FatalError::Inconsistent(format!(
                "the message of milestone {} is missing or damaged",
                milestone.index
            ))
        })
    }
}

fn transaction(protocol: &Protocol, bytes: &[u8]) -> Option<Box<Transaction>> {
    protocol.transaction(bytes).ok().flatten()
}

/// How a milestone contradicts our ledger, if it does.
fn contradiction(task: &MilestoneTask, flag: &WhiteFlag) -> Option<HaltReason> {
    if let Some(reason) = &flag.receipt_error {
        return Some(HaltReason::Receipt { index: task.index, reason: reason.clone() });
    }
    if task.inclusion_merkle_root == flag.merkle_root {
        return None;
    }
    Some(HaltReason::MerkleRoot {
        index: task.index,
        theirs: hex::encode(&task.inclusion_merkle_root),
        ours: hex::encode(&flag.merkle_root),
    })
}
