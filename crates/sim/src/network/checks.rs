//! What must hold after every step, and at the end.

use std::collections::BTreeMap;

use osmia_chrysalis::ledger::{LedgerTable, audit, visit_outputs};
use osmia_chrysalis::{Message, Payload};
use osmia_engine::ledger::{StoreLedger, index, table};
use osmia_engine::{Outcome, View, milestones};
use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Batch, Durability, Reader, ScanRange, Store, Table};
use osmia_wire::handover::NodeEvent;
use osmia_wire::packet::claimed_milestone;
use osmia_wire::{Gossip, Slot, limits as wire_limits};

use super::mint::Mint;
use super::report::{Checked, Violation, violation};
use crate::oracle::Confirmation;

/// Whole ledgers are compared at every milestone with such an index, and at the end.
const LEDGER_EVERY: u32 = 4;

const LEDGER_TABLES: [LedgerTable; 6] = [
    LedgerTable::Outputs,
    LedgerTable::AddressOutputs,
    LedgerTable::Balances,
    LedgerTable::Diffs,
    LedgerTable::Treasury,
    LedgerTable::Receipts,
];

/// Bytes of the Tangle that one batch may add before the next eviction, and the slack of its tables.
const TANGLE_BYTES_SLACK: u64 = 4 << 20;

/// What the first node that got to a milestone found there; everybody else must find the same.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    milestones: BTreeMap<MilestoneIndex, Digest>,
    ledgers: BTreeMap<MilestoneIndex, Digest>,
    /// When the first node, the coordinator's, confirmed each milestone.
    first_ms: BTreeMap<MilestoneIndex, u64>,
}

impl Checker {
    /// Compares the milestones after `checked` that the store of a node has confirmed; gives the last of them.
    pub(crate) fn compare(
        &mut self,
        who: usize,
        store: &Store,
        checked: MilestoneIndex,
    ) -> Checked<MilestoneIndex> {
        let reader = store.latest();
        let confirmed = index(&reader)?;
        if confirmed < checked {
            return violation(format_args!("node {who} went back from milestone {checked} to {confirmed}"));
        }
        for number in checked.0 + 1..=confirmed.0 {
            let at = MilestoneIndex(number);
            let digest = milestone_digest(&reader, at)?;
            if *self.milestones.entry(at).or_insert(digest) != digest {
                return violation(format_args!(
                    "node {who} found something else in milestone {at} than others"
                ));
            }
        }
        if confirmed > checked && confirmed.0.is_multiple_of(LEDGER_EVERY) {
            self.compare_ledger(who, &reader, confirmed)?;
        }
        Ok(confirmed)
    }

    /// When the first node confirmed milestone `at`: now, when nobody did before.
    pub(crate) fn first_at(&mut self, at: MilestoneIndex, now_ms: u64) -> u64 {
        *self.first_ms.entry(at).or_insert(now_ms)
    }

    /// Compares the whole ledger of a node, which stands at milestone `confirmed`.
    pub(crate) fn compare_ledger(
        &mut self,
        who: usize,
        reader: &Reader<'_>,
        confirmed: MilestoneIndex,
    ) -> Checked {
        let digest = ledger_digest(reader)?;
        if *self.ledgers.entry(confirmed).or_insert(digest) != digest {
            return violation(format_args!(
                "node {who} has another ledger at milestone {confirmed} than others"
            ));
        }
        Ok(())
    }
}

/// What a milestone did: its payload, the order of its cone, each outcome, and what it changed. Messages that carry
/// milestones are left out: anybody can wrap a milestone into another message, so nodes may differ in them.
fn milestone_digest(reader: &Reader<'_>, at: MilestoneIndex) -> Checked<Digest> {
    let Some(stored) = milestones::find(reader, at)? else {
        return violation(format_args!("the row of confirmed milestone {at} is missing"));
    };
    let mut bytes = stored.milestone_id.0.to_vec();
    let arrivals = reader.cone(at)?;
    let positions = reader.positions(&arrivals)?;
    for (vertex, position) in reader.vertices(&arrivals)?.into_iter().zip(positions) {
        let (Some(vertex), Some(position)) = (vertex, position) else {
            return violation(format_args!("a message of milestone {at} is missing"));
        };
        if claimed_milestone(&vertex.bytes).is_none() {
            bytes.extend(MessageId::of(&vertex.bytes).0);
            bytes.push(position.outcome);
        }
    }
    bytes.extend(reader.get(table(LedgerTable::Diffs), &at.0.to_be_bytes())?.unwrap_or_default());
    Ok(blake2b::hash(&bytes))
}

fn ledger_digest(reader: &Reader<'_>) -> Checked<Digest> {
    let mut bytes = Vec::new();
    for of in LEDGER_TABLES {
        for row in reader.scan(table(of), ScanRange::all()) {
            let (key, value) = row?;
            bytes.extend((key.len() as u64).to_le_bytes());
            bytes.extend(key);
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value);
        }
    }
    Ok(blake2b::hash(&bytes))
}

/// Whatever a node tells gossip or answers to users is stored.
pub(crate) fn told_is_stored(
    who: usize,
    store: &Store,
    told: &[NodeEvent],
    accepted: &[MessageId],
) -> Checked {
    let reader = store.latest();
    let mut ids = accepted.to_vec();
    for event in told {
        match event {
            NodeEvent::Broadcast { bytes, .. } => ids.push(MessageId::of(bytes)),
            NodeEvent::State(state) => {
                let stored = index(&reader)?;
                if state.confirmed != stored {
                    let told = state.confirmed;
                    return violation(format_args!(
                        "node {who} says it confirmed {told}, stored is {stored}"
                    ));
                }
            }
            NodeEvent::Verdict(..) | NodeEvent::Wanted(_) => {}
        }
    }
    for id in ids {
        if reader.arrival(&id)?.is_none() {
            return violation(format_args!("node {who} told of message {id}, which is not stored"));
        }
    }
    Ok(())
}

/// A node never stops confirming here, because the coordinator makes no mistake, and keeps its Tangle within bounds.
pub(crate) fn view_is_sound(who: usize, view: &View) -> Checked {
    use osmia_tangle::limits::{POOL_TIPS_MAX, WAITING_BYTES_MAX, WAITING_MESSAGES_MAX, WINDOW_BYTES_MAX};
    if let Some(reason) = &view.halted {
        return violation(format_args!("node {who} stopped confirming: {reason}"));
    }
    let bytes_max = (WINDOW_BYTES_MAX + WAITING_BYTES_MAX) as u64 + TANGLE_BYTES_SLACK;
    let bounds = [
        ("waiting messages", view.counters.waiting, WAITING_MESSAGES_MAX as u64),
        ("bytes of the Tangle", view.counters.tangle_bytes, bytes_max),
        ("tips", (view.tips.len() + view.semi_lazy_tips.len()) as u64, 2 * POOL_TIPS_MAX as u64),
    ];
    within(who, &bounds)
}

/// Gossip keeps its bounds for each peer, and for all of them together.
pub(crate) fn gossip_is_bounded(who: usize, gossip: &Gossip, slots: impl Iterator<Item = Slot>) -> Checked {
    let mut handed = 0;
    for slot in slots {
        let Some(status) = gossip.status(slot) else {
            return violation(format_args!("node {who} has an open stream without a status"));
        };
        handed += status.handed_messages;
        // A packet that begins within a bound may end beyond it.
        let packet = osmia_wire::packet::PACKET_BYTES_MAX + wire_limits::MESSAGE_OVERHEAD_BYTES;
        let bounds = [
            ("inbox bytes", status.inbox_bytes as u64, (wire_limits::INBOX_BYTES_HARD_MAX + packet) as u64),
            (
                "outbound bytes",
                status.outbound_bytes as u64,
                (wire_limits::OUTBOUND_BYTES_MAX + packet) as u64,
            ),
            (
                "requests in flight",
                status.requests_in_flight as u64,
                wire_limits::REQUESTS_IN_FLIGHT_MAX as u64,
            ),
            ("questions", status.questions as u64, wire_limits::QUESTIONS_MAX as u64),
        ];
        within(who, &bounds)?;
    }
    within(who, &[("messages without verdict", handed as u64, wire_limits::HANDED_MESSAGES_MAX as u64)])
}

fn within(who: usize, bounds: &[(&str, u64, u64)]) -> Checked {
    for (name, value, max) in bounds {
        if value > max {
            return violation(format_args!("node {who} has {value} {name}, {max} are allowed"));
        }
    }
    Ok(())
}

/// A node has all of these messages.
pub(crate) fn has_all(who: usize, store: &Store, ids: &[MessageId]) -> Checked {
    let reader = store.latest();
    for id in ids {
        if reader.arrival(id)?.is_none() {
            return violation(format_args!(
                "message {id} did not get to node {who} although nothing was wrong"
            ));
        }
    }
    Ok(())
}

/// Every row of a node's store and ledger agrees with the others, and the supply is what it was.
pub(crate) fn audits_are_clean(who: usize, store: &Store) -> Checked {
    let ledger = audit(&StoreLedger(&store.latest()))?;
    if !ledger.is_clean() {
        return violation(format_args!("the ledger of node {who} contradicts itself: {ledger:?}"));
    }
    let rows = store.audit()?;
    if !rows.is_clean() {
        return violation(format_args!("the store of node {who} contradicts itself: {rows:?}"));
    }
    Ok(())
}

/// The naive model, given the same messages, comes to the same cones, outcomes, Merkle roots and ledger.
pub(crate) fn oracle_agrees(store: &Store) -> Checked {
    let reader = store.latest();
    let confirmed = index(&reader)?;
    let mut oracle = Mint::oracle();
    for number in 1..=confirmed.0 {
        let at = MilestoneIndex(number);
        let arrivals = reader.cone(at)?;
        let mut order = Vec::new();
        let mut last = None;
        for vertex in reader.vertices(&arrivals)?.into_iter().flatten() {
            let message = Message::parse(&vertex.bytes)
                .map_err(|error| Violation(format!("a stored message is damaged: {error}")))?;
            last = Some(message.clone());
            order.push(oracle.insert(message));
        }
        let Some(Message { payload: Some(Payload::Milestone(milestone)), .. }) = last else {
            return violation(format_args!("the cone of milestone {at} does not end with its message"));
        };
        let expected = oracle.confirm(at, milestone.parents.as_slice());
        if milestone.inclusion_merkle_root != expected.merkle_root {
            return violation(format_args!("the model finds another Merkle root at milestone {at}"));
        }
        if let Some(own) = order.pop() {
            oracle.refer(own, at);
        }
        if order != expected.order {
            return violation(format_args!("the model finds another order in milestone {at}"));
        }
        let positions = reader.positions(&arrivals)?;
        for (id, position) in order.iter().zip(positions) {
            let got = position.and_then(|position| Outcome::from_byte(position.outcome));
            if got != Some(expected_outcome(&expected, id)) {
                return violation(format_args!(
                    "the model disagrees about message {id} of milestone {at}: {got:?}"
                ));
            }
        }
    }
    same_outputs(&reader, &oracle)
}

fn expected_outcome(expected: &Confirmation, id: &MessageId) -> Outcome {
    if expected.included.contains(id) {
        return Outcome::Included;
    }
    expected.conflicts.get(id).map_or(Outcome::NoTransaction, |reason| Outcome::Conflicting(*reason))
}

fn same_outputs(reader: &Reader<'_>, oracle: &crate::Oracle) -> Checked {
    let mut stored = BTreeMap::new();
    visit_outputs(&StoreLedger(reader), |id, output| {
        if output.spent.is_none() {
            stored.insert(id, output.output());
        }
        std::ops::ControlFlow::Continue(())
    })?;
    let model: BTreeMap<_, _> =
        oracle.ledger().unspent.iter().map(|(id, unspent)| (*id, unspent.output)).collect();
    if stored != model {
        return violation("the model has other unspent outputs");
    }
    Ok(())
}

/// Sabotage: changes the first row of outputs.
pub(crate) fn change_a_row(store: &Store) -> Checked {
    let Some((key, mut value)) = store.latest().first(Table::Outputs)? else { return Ok(()) };
    if let Some(last) = value.last_mut() {
        *last ^= 1;
    }
    let mut batch = Batch::new();
    batch.put(Table::Outputs, &key, &value);
    store.commit(batch, Durability::Logged)?;
    Ok(())
}
