//! Ledgers from snapshot files: milestones of a file do what the milestones themselves did, forwards and backwards.

use osmia_chrysalis::ledger::{
    Contradiction, Direction, ImportError, LedgerTable, MemoryLedger, MilestoneMoves, TreasuryOutput, audit,
    check_no_outputs, import_milestone, import_outputs, import_treasury, load_output, remove_outputs,
    treasury, visit_outputs,
};
use osmia_chrysalis::snapshot::{MilestoneDiff, SnapshotOutput, SnapshotSpent, SnapshotTreasury};
use osmia_chrysalis::{Milestone, OutputId, Parents, TOKEN_SUPPLY};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId};

use crate::world::{
    ALLOWANCE, GENESIS_INDEX, SINGLE, World, created, genesis_id, message_of, output, receipt, spend,
};

const MI: u64 = 1_000_000;

/// What the output `id` is in a file.
fn of(ledger: &MemoryLedger, id: OutputId) -> SnapshotOutput {
    let stored = load_output(ledger, &id).unwrap().unwrap();
    SnapshotOutput { message_id: stored.message_id, output_id: id, output: stored.output() }
}

fn unspent(ledger: &MemoryLedger) -> Vec<SnapshotOutput> {
    let mut outputs = Vec::new();
    visit_outputs(ledger, |id, stored| {
        let output = SnapshotOutput { message_id: stored.message_id, output_id: id, output: stored.output() };
        outputs.extend(stored.spent.is_none().then_some(output));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    outputs
}

fn in_file(treasury: &TreasuryOutput) -> SnapshotTreasury {
    SnapshotTreasury { milestone_id: treasury.milestone_id, amount: treasury.amount }
}

/// The ledger of a full file with the unspent outputs of `ledger`.
fn full(ledger: &MemoryLedger) -> MemoryLedger {
    let mut loaded = MemoryLedger::new();
    loaded.write([import_treasury(&in_file(&treasury(ledger).unwrap().unwrap()))]);
    for chunk in unspent(ledger).chunks(2) {
        let rows = import_outputs(&loaded, chunk, GENESIS_INDEX).unwrap();
        loaded.write(rows);
    }
    loaded
}

fn import(ledger: &mut MemoryLedger, diff: &MilestoneDiff, direction: Direction) {
    let moves = import_milestone(ledger, diff.clone(), direction).unwrap();
    let MilestoneMoves { rows, leave, come, pass } = moves;
    ledger.write(rows);
    check_no_outputs(ledger, &pass).unwrap();
    let rows = remove_outputs(ledger, &leave).unwrap();
    ledger.write(rows);
    let rows = import_outputs(ledger, &come, GENESIS_INDEX).unwrap();
    ledger.write(rows);
    let report = audit(ledger).unwrap();
    assert!(report.is_clean(), "{report:?}");
}

fn milestone(index: MilestoneIndex) -> Milestone {
    Milestone {
        index,
        timestamp: 1,
        parents: Parents::sorted([MessageId::NULL]).unwrap(),
        inclusion_merkle_root: [0; 32],
        next_pow_score: 0,
        next_pow_score_milestone_index: 0,
        public_keys: vec![PublicKey([1; 32])],
        receipt: None,
        signatures: vec![Signature([2; 64])],
    }
}

#[test]
fn a_milestone_of_a_file_changes_what_the_milestone_changed() {
    let mut world = World::new(&[output(1, SINGLE, 50 * MI), output(2, ALLOWANCE, 10 * MI)]);
    let before = full(&world.ledger);
    let index = world.next;
    let first = spend(&[(genesis_id(0), 1)], &[output(2, SINGLE, 20 * MI), output(3, SINGLE, 30 * MI)]);
    // What the first one gives to owner 3 passes through the milestone.
    let passing = created(&first, 3, SINGLE);
    let second = spend(&[(passing, 3)], &[output(2, SINGLE, 1), output(1, SINGLE, 30 * MI - 1)]);
    let (outcomes, changes) = world.confirm(&[first.clone(), second.clone()]);
    assert_eq!(outcomes, [None, None]);
    let after = full(&world.ledger);
    let spent = |id: &OutputId| SnapshotSpent {
        output: of(&world.ledger, *id),
        transaction_id: if *id == passing { second.id() } else { first.id() },
    };
    let diff = MilestoneDiff {
        milestone: milestone(index),
        spent_treasury: None,
        created: changes.created().iter().map(|id| of(&world.ledger, *id)).collect(),
        consumed: changes.consumed().iter().map(spent).collect(),
    };
    assert_eq!(
        diff.created.iter().find(|it| it.output_id == passing).unwrap().message_id,
        message_of(&first)
    );
    let mut ledger = before.clone();
    import(&mut ledger, &diff, Direction::Apply);
    assert_eq!(ledger, after);
    import(&mut ledger, &diff, Direction::TakeBack);
    assert_eq!(ledger, before);
}

#[test]
fn a_receipt_of_a_file_moves_the_treasury_and_is_kept_when_it_is_applied() {
    let world = World::new(&[output(1, SINGLE, TOKEN_SUPPLY - 100 * MI)]);
    let before = full(&world.ledger);
    let receipt = receipt(55, &[(2, 5 * MI)], 95 * MI);
    let milestone = Milestone { receipt: Some(receipt), ..milestone(world.next) };
    let id = milestone.id();
    let migrated = SnapshotOutput {
        message_id: MessageId([7; 32]),
        output_id: OutputId { transaction_id: TransactionId(id.0), index: 0 },
        output: output(2, SINGLE, 5 * MI),
    };
    let spent = SnapshotTreasury { milestone_id: MilestoneId::NULL, amount: 100 * MI };
    let diff = MilestoneDiff {
        milestone,
        spent_treasury: Some(spent),
        created: vec![migrated],
        consumed: Vec::new(),
    };
    let mut ledger = before.clone();
    import(&mut ledger, &diff, Direction::Apply);
    assert_eq!(treasury(&ledger).unwrap(), Some(TreasuryOutput { milestone_id: id, amount: 95 * MI }));
    assert_eq!((ledger.count(LedgerTable::Receipts), ledger.count(LedgerTable::Treasury)), (1, 1));
    let refused = import_milestone(&ledger, diff.clone(), Direction::Apply);
    assert!(matches!(refused, Err(ImportError::Contradiction(Contradiction::Treasury { .. }))));

    let mut ledger = full(&ledger);
    import(&mut ledger, &diff, Direction::TakeBack);
    assert_eq!(ledger, before);
}
