//! The history of a random network, told by the naive ledger, and the snapshot files of it.

use std::io::Cursor;

use osmia_chrysalis::ledger::{self, AuditReport, OutputFilter, StoredOutput};
use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{
    MilestoneDiff, SnapshotHeader, SnapshotKind, SnapshotOutput, SnapshotSpent, SnapshotTreasury,
    SnapshotWriter,
};
use osmia_chrysalis::{
    Address, MigratedFunds, Milestone, MilestoneKeys, Output, OutputId, OutputKind, Parents,
    ProtocolParameters, Receipt, TreasuryTransaction,
};
use osmia_engine::ledger::StoreLedger;
use osmia_engine::snapshot::{LoadError, Loaded, load_snapshot};
use osmia_primitives::ed25519::{SecretKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId};
use osmia_sim::transfer::{Spend, transaction};
use osmia_sim::{Ledger, Unspent};
use osmia_store::{Row, ScanRange, Store, Table};

const OWNERS: u64 = 5;
/// Every history ends here.
pub(crate) const LAST: u32 = 7;

pub(crate) fn parameters() -> ProtocolParameters {
    let keys = MilestoneKeys::new(Vec::new(), 1);
    ProtocolParameters::new("snapshot-test", "atoi", 0.0, keys).unwrap()
}

fn key(owner: u64) -> SecretKey {
    SecretKey::from_seed([u8::try_from(owner % OWNERS).unwrap(); 32])
}

pub(crate) fn address(owner: u64) -> Address {
    Address::of(&key(owner).public_key())
}

fn message_id(text: &str) -> MessageId {
    MessageId::of(text.as_bytes())
}

/// When milestone `index` was issued.
pub(crate) fn timestamp(index: u32) -> u64 {
    1_600_000_000 + u64::from(index) * 10
}

/// Which entry points a snapshot at `index` has.
pub(crate) fn entry_points(index: u32) -> Vec<MessageId> {
    (0..=index % 3).map(|number| message_id(&format!("entry point {number} of {index}"))).collect()
}

/// Small random numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// The ledgers after the milestones 0 to [`LAST`], and the milestones between.
pub(crate) struct History {
    pub(crate) ledgers: Vec<Ledger>,
    milestones: Vec<Milestone>,
    treasuries: Vec<SnapshotTreasury>,
}

impl History {
    pub(crate) fn random(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let genesis: Vec<_> = (0..8)
            .map(|number| {
                let id = OutputId { transaction_id: TransactionId([number; 32]), index: u16::from(number) };
                let kind =
                    if number < 2 { OutputKind::SigLockedDustAllowance } else { OutputKind::SigLockedSingle };
                let output = Output { kind, address: address(number.into()), amount: 5_000_000 };
                (id, message_id("genesis"), output)
            })
            .collect();
        let treasury = TOKEN_SUPPLY - 8 * 5_000_000;
        let mut history = Self {
            ledgers: vec![Ledger::genesis(genesis, treasury)],
            milestones: Vec::new(),
            treasuries: vec![SnapshotTreasury { milestone_id: MilestoneId::NULL, amount: treasury }],
        };
        for index in 1..=LAST {
            history.milestone(index, &mut dice);
        }
        history
    }

    fn milestone(&mut self, index: u32, dice: &mut Dice) {
        let mut draft = self.ledgers.last().unwrap().begin(MilestoneIndex(index));
        for number in 0..dice.roll(5) {
            let made = transfer(&draft.clone().end(), dice);
            // What the dust rule refuses is not in the history.
            draft.apply(message_id(&format!("message {number} of {index}")), &made).ok();
        }
        let mut ledger = draft.end();
        let treasury = *self.treasuries.last().unwrap();
        let receipt = (dice.roll(3) == 0).then(|| receipt(index, &treasury, dice));
        let milestone = Milestone {
            index: MilestoneIndex(index),
            timestamp: timestamp(index),
            parents: Parents::sorted([message_id(&format!("parent of {index}"))]).unwrap(),
            inclusion_merkle_root: [9; 32],
            next_pow_score: 0,
            next_pow_score_milestone_index: 0,
            public_keys: vec![key(1).public_key()],
            receipt,
            signatures: vec![Signature([7; 64])],
        };
        let mut next = treasury;
        if let Some(receipt) = &milestone.receipt {
            let message_id = message_id(&format!("milestone {index}"));
            assert!(ledger.migrate(milestone.index, milestone.id(), message_id, receipt));
            next =
                SnapshotTreasury { milestone_id: milestone.id(), amount: receipt.transaction.output_amount };
        }
        assert_eq!(ledger.supply(), TOKEN_SUPPLY);
        self.ledgers.push(ledger);
        self.treasuries.push(next);
        self.milestones.push(milestone);
    }

    pub(crate) fn ledger(&self, index: u32) -> &Ledger {
        &self.ledgers[index as usize]
    }

    pub(crate) fn treasury(&self, index: u32) -> SnapshotTreasury {
        self.treasuries[index as usize]
    }

    /// The receipts of the milestones after `from`, up to `to`.
    pub(crate) fn receipts(&self, from: u32, to: u32) -> usize {
        let milestones = &self.milestones[from as usize..to as usize];
        milestones.iter().filter(|milestone| milestone.receipt.is_some()).count()
    }

    /// What milestone `index` changed.
    pub(crate) fn diff(&self, index: u32) -> MilestoneDiff {
        let milestone = self.milestones[index as usize - 1].clone();
        let ledger = self.ledger(index);
        let is_new = |unspent: &Unspent| unspent.created == milestone.index;
        let unspent = ledger.unspent.iter().filter(|(_, unspent)| is_new(unspent));
        let passed = ledger.spent.iter().filter(|(_, (unspent, _, _))| is_new(unspent));
        let mut created: Vec<_> = unspent.map(|(id, unspent)| snapshot_output(id, unspent)).collect();
        created.extend(passed.map(|(id, (unspent, _, _))| snapshot_output(id, unspent)));
        let consumed = ledger.spent.iter().filter(|(_, (_, _, by))| *by == milestone.index);
        let consumed = consumed
            .map(|(id, (unspent, transaction_id, _))| SnapshotSpent {
                output: snapshot_output(id, unspent),
                transaction_id: *transaction_id,
            })
            .collect();
        let spent_treasury = milestone.receipt.is_some().then(|| self.treasury(index - 1));
        MilestoneDiff { milestone, spent_treasury, created, consumed }
    }

    /// A full file at `target`, made when the ledger was at `ledger`.
    pub(crate) fn full(&self, ledger: u32, target: u32) -> Vec<u8> {
        let outputs = self.ledger(ledger).unspent.iter();
        let outputs: Vec<_> = outputs.map(|(id, unspent)| snapshot_output(id, unspent)).collect();
        let diffs: Vec<_> = (target + 1..=ledger).rev().map(|index| self.diff(index)).collect();
        write(header(ledger, target, Some(self.treasury(ledger))), &outputs, &diffs)
    }

    /// A delta file from `base` to `target`.
    pub(crate) fn delta(&self, base: u32, target: u32) -> Vec<u8> {
        let diffs: Vec<_> = (base + 1..=target).map(|index| self.diff(index)).collect();
        write(header(base, target, None), &[], &diffs)
    }
}

/// The header of a file; of a full one when there is a treasury.
pub(crate) fn header(ledger: u32, target: u32, treasury: Option<SnapshotTreasury>) -> SnapshotHeader {
    SnapshotHeader {
        timestamp: timestamp(target),
        network_id: parameters().network_id,
        entry_points_index: MilestoneIndex(target),
        ledger_index: MilestoneIndex(ledger),
        entry_points: 0,
        milestone_diffs: 0,
        kind: treasury.map_or(SnapshotKind::Delta, |treasury| SnapshotKind::Full { outputs: 0, treasury }),
    }
}

/// A file with the entry points of its target.
pub(crate) fn write(header: SnapshotHeader, outputs: &[SnapshotOutput], diffs: &[MilestoneDiff]) -> Vec<u8> {
    let mut writer = SnapshotWriter::create(Cursor::new(Vec::new()), header).unwrap();
    for id in entry_points(header.entry_points_index.0) {
        writer.entry_point(&id).unwrap();
    }
    for output in outputs {
        writer.output(output).unwrap();
    }
    for diff in diffs {
        writer.milestone_diff(diff).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn snapshot_output(id: &OutputId, unspent: &Unspent) -> SnapshotOutput {
    SnapshotOutput { message_id: unspent.message_id, output_id: *id, output: unspent.output }
}

/// One or two outputs of one owner, to two others.
fn transfer(ledger: &Ledger, dice: &mut Dice) -> osmia_chrysalis::Transaction {
    let owners: Vec<u64> =
        (0..OWNERS).filter(|owner| ledger.outputs_of(&address(*owner)).next().is_some()).collect();
    let owner = owners[usize::try_from(dice.roll(owners.len() as u64)).unwrap()];
    let owned: Vec<_> =
        ledger.unspent.iter().filter(|(_, unspent)| unspent.output.address == address(owner)).collect();
    let count = 1 + usize::try_from(dice.roll(2)).unwrap();
    let first = usize::try_from(dice.roll(owned.len() as u64)).unwrap();
    let picked: Vec<_> = owned.into_iter().cycle().skip(first).take(count).collect();
    let picked = if picked.first() == picked.get(1) { &picked[..1] } else { &picked[..] };
    let total: u64 = picked.iter().map(|(_, unspent)| unspent.output.amount).sum();
    let secret = key(owner);
    let spends = picked.iter().map(|(id, _)| Spend { output_id: **id, key: &secret }).collect();
    let to = (owner + 1 + dice.roll(OWNERS - 1)) % OWNERS;
    let part = [1, 1_000_000, total / 2, total / 3][usize::try_from(dice.roll(4)).unwrap()];
    let part = part.clamp(1, total);
    let mut outputs = vec![single(to, part)];
    if part < total {
        outputs.push(single(owner, total - part));
    }
    transaction(spends, outputs, None)
}

fn single(owner: u64, amount: u64) -> Output {
    Output { kind: OutputKind::SigLockedSingle, address: address(owner), amount }
}

fn receipt(index: u32, treasury: &SnapshotTreasury, dice: &mut Dice) -> Receipt {
    let deposit = 1_000_000 + dice.roll(1_000);
    let funds = MigratedFunds {
        tail_transaction_hash: [u8::try_from(index).unwrap(); 49],
        address: address(dice.roll(OWNERS)),
        deposit,
    };
    let transaction =
        TreasuryTransaction { input: treasury.milestone_id, output_amount: treasury.amount - deposit };
    Receipt { migrated_at: index / 2, is_final: true, funds: vec![funds], transaction }
}

/// Loads files that are in memory.
pub(crate) fn load(store: &Store, full: &[u8], delta: Option<&[u8]>) -> Result<Loaded, LoadError> {
    let mut delta = delta;
    let delta = delta.as_mut().map(|delta| delta as &mut dyn std::io::Read);
    load_snapshot(store, &parameters(), &mut &full[..], delta, &mut |_| ())
}

/// Every row of a store.
pub(crate) fn rows(store: &Store) -> Vec<(Table, Vec<Row>)> {
    let reader = store.latest();
    let rows = |table| reader.scan(table, ScanRange::all()).collect::<Result<Vec<_>, _>>().unwrap();
    Table::ALL.into_iter().map(|table| (table, rows(table))).collect()
}

/// The audits of the ledger and of the store find nothing.
pub(crate) fn audit(store: &Store) -> AuditReport {
    let stored = store.audit().unwrap();
    assert!(stored.is_clean(), "{stored:?}");
    let report = ledger::audit(&StoreLedger(&store.latest())).unwrap();
    assert!(report.is_clean(), "{report:?}");
    report
}

/// The store holds the ledger and the entry points of `index`, and nothing else.
pub(crate) fn assert_at(store: &Store, history: &History, index: u32) {
    let reader = store.latest();
    let stored = StoreLedger(&reader);
    let expected = history.ledger(index);
    let report = audit(store);
    assert_eq!((report.outputs, report.diffs), (expected.unspent.len() as u64, 0));
    for (id, unspent) in &expected.unspent {
        let found = ledger::load_output(&stored, id).unwrap();
        let Unspent { message_id, output: Output { kind, address, amount }, .. } = *unspent;
        let created = found.map_or(MilestoneIndex(u32::MAX), |found| found.created);
        assert!(created.0 <= index);
        assert_eq!(found, Some(StoredOutput { message_id, kind, address, amount, created, spent: None }));
    }
    for owner in 0..OWNERS {
        let address = address(owner);
        let balance = ledger::balance(&stored, &address).unwrap();
        assert_eq!(balance.amount, expected.balance(&address));
        assert_eq!(balance.dust_allowance, expected.dust_allowance(&address));
        assert_eq!(balance.dust_outputs, expected.dust_outputs(&address));
        let every = OutputFilter { kind: None, include_spent: true, count_max: usize::MAX };
        let listed = ledger::outputs_of_address(&stored, &address, &every).unwrap();
        assert_eq!(listed.len(), expected.outputs_of(&address).count());
    }
    let treasury = ledger::treasury(&stored).unwrap().unwrap();
    let SnapshotTreasury { milestone_id, amount } = history.treasury(index);
    assert_eq!((treasury.milestone_id, treasury.amount), (milestone_id, amount));
    assert_eq!(reader.scan(Table::Treasury, ScanRange::all()).count(), 1);
    let points = reader.entry_points().unwrap();
    let mut ids = entry_points(index);
    ids.sort_unstable();
    assert_eq!(points.iter().map(|point| point.id).collect::<Vec<_>>(), ids);
    assert!(points.iter().all(|point| point.milestone == MilestoneIndex(index)));
    assert_eq!(osmia_engine::ledger::index(&reader).unwrap(), MilestoneIndex(index));
    assert_eq!(osmia_engine::snapshot::snapshot_index(&reader).unwrap(), Some(MilestoneIndex(index)));
}
