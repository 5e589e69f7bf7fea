//! Receipts: which are applied, what they create, and which are refused.

use osmia_chrysalis::TOKEN_SUPPLY;
use osmia_chrysalis::ledger::{
    MemoryLedger, MilestoneChanges, ReceiptError, TreasuryMutation, TreasuryOutput, balance, diff,
    load_output, receipts, treasury,
};
use osmia_chrysalis::{OutputId, Receipt};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId};

use crate::world::{
    HASHER, SINGLE, World, address_of, apply, created, genesis_id, milestone_id, milestone_message, output,
    receipt, spend,
};

const MI: u64 = 1_000_000;

/// The treasury has 100 Mi.
fn world() -> World {
    World::new(&[output(1, SINGLE, TOKEN_SUPPLY - 100 * MI)])
}

fn refused(receipt: &Receipt) -> ReceiptError {
    let mut world = world();
    let before = world.ledger.clone();
    let error = world.confirm_receipt(receipt).unwrap_err();
    assert_eq!(world.ledger, before);
    error
}

#[test]
fn a_receipt_moves_funds_from_the_treasury_to_migrated_outputs() {
    let mut world = world();
    let index = world.next;
    let good = receipt(55, &[(2, MI), (2, 7 * MI), (3, 12 * MI)], 80 * MI);
    let changes = world.confirm_receipt(&good).unwrap();
    let transaction_id = TransactionId(milestone_id(index).0);
    let ids = [0, 1, 2].map(|index| OutputId { transaction_id, index });
    assert_eq!(changes.created(), ids);
    let second = load_output(&world.ledger, &ids[1]).unwrap().unwrap();
    assert_eq!(second.output(), output(2, SINGLE, 7 * MI));
    assert_eq!((second.message_id, second.created, second.spent), (milestone_message(index), index, None));
    assert_eq!(balance(&world.ledger, &address_of(2)).unwrap().amount, 8 * MI);
    let left = TreasuryOutput { milestone_id: milestone_id(index), amount: 80 * MI };
    assert_eq!(treasury(&world.ledger).unwrap(), Some(left));
    let mutation =
        TreasuryMutation { created: milestone_id(index), consumed: MilestoneId::NULL, migrated_at: 55 };
    assert_eq!(diff(&world.ledger, index).unwrap().unwrap().treasury, Some(mutation));
    assert_eq!(changes.treasury(), Some(&mutation));
}

#[test]
fn migrated_funds_can_be_spent_from_the_next_milestone_on() {
    let mut world = world();
    let transaction_id = TransactionId(milestone_id(world.next).0);
    world.confirm_receipt(&receipt(1, &[(2, 5 * MI)], 95 * MI)).unwrap();
    let migrated = OutputId { transaction_id, index: 0 };
    let transaction = spend(&[(migrated, 2)], &[output(3, SINGLE, 5 * MI)]);
    assert_eq!(world.outcomes(&[transaction]), [None]);
}

#[test]
fn a_receipt_comes_on_top_of_the_transactions_of_its_milestone() {
    let mut world = world();
    let amount = TOKEN_SUPPLY - 100 * MI;
    let transaction = spend(&[(genesis_id(0), 1)], &[output(2, SINGLE, amount)]);
    let mut draft = world.draft();
    assert_eq!(apply(&mut draft, &transaction), None);
    let (id, message_id) = (milestone_id(world.next), milestone_message(world.next));
    draft.apply_receipt(id, message_id, &receipt(1, &[(2, 5 * MI)], 95 * MI)).unwrap().unwrap();
    let changes = draft.finish();
    assert_eq!(changes.created().len(), 2);
    assert!(changes.created().contains(&created(&transaction, 2, SINGLE)));
    world.write(&changes);
    assert_eq!(balance(&world.ledger, &address_of(2)).unwrap().amount, amount + 5 * MI);
}

#[test]
fn the_treasury_can_be_emptied_and_is_still_there() {
    let mut world = world();
    world.confirm_receipt(&receipt(1, &[(2, 100 * MI)], 0)).unwrap();
    assert_eq!(treasury(&world.ledger).unwrap().map(|treasury| treasury.amount), Some(0));
    let error = world.confirm_receipt(&receipt(2, &[(2, MI)], 0)).unwrap_err();
    assert_eq!(error, ReceiptError::Treasury { before: 0, migrated: MI, after: 0 });
}

#[test]
fn receipts_are_found_by_their_legacy_milestone() {
    let mut world = world();
    let of_5 = [receipt(5, &[(2, MI)], 99 * MI), receipt(5, &[(3, MI)], 98 * MI)];
    let of_300 = receipt(300, &[(4, MI)], 97 * MI);
    let start = world.next;
    for receipt in [&of_5[0], &of_5[1], &of_300] {
        world.confirm_receipt(receipt).unwrap();
    }
    let all = receipts(&world.ledger, None, 10).unwrap();
    assert_eq!(all.iter().map(|stored| &stored.receipt).collect::<Vec<_>>(), [&of_5[0], &of_5[1], &of_300]);
    assert_eq!(all[1].milestone, MilestoneIndex(start.0 + 1));
    assert_eq!(receipts(&world.ledger, Some(5), 10).unwrap(), all[..2]);
    assert_eq!(receipts(&world.ledger, Some(5), 1).unwrap(), all[..1]);
    assert_eq!(receipts(&world.ledger, Some(6), 10).unwrap(), []);
}

#[test]
fn deposits_must_be_within_their_bounds() {
    let small = receipt(1, &[(2, MI), (3, MI - 1)], 98 * MI + 1);
    assert_eq!(refused(&small), ReceiptError::Deposit { index: 1, deposit: MI - 1 });
    let large = receipt(1, &[(2, TOKEN_SUPPLY + 1)], 0);
    assert_eq!(refused(&large), ReceiptError::Deposit { index: 0, deposit: TOKEN_SUPPLY + 1 });
    let sum = receipt(1, &[(2, TOKEN_SUPPLY), (3, MI)], 0);
    assert_eq!(refused(&sum), ReceiptError::Sum { index: 1 });
}

#[test]
fn a_legacy_bundle_is_migrated_once() {
    let mut twice = receipt(1, &[(2, MI), (3, MI)], 98 * MI);
    twice.funds[1].tail_transaction_hash = twice.funds[0].tail_transaction_hash;
    assert_eq!(refused(&twice), ReceiptError::DuplicateTail { index: 1 });
}

#[test]
fn what_is_migrated_leaves_the_treasury() {
    for left in [98 * MI, 100 * MI, 99 * MI - 1] {
        let error = refused(&receipt(1, &[(2, MI)], left));
        assert_eq!(error, ReceiptError::Treasury { before: 100 * MI, migrated: MI, after: left });
    }
    let over = refused(&receipt(1, &[(2, 101 * MI)], 0));
    assert_eq!(over, ReceiptError::Treasury { before: 100 * MI, migrated: 101 * MI, after: 0 });
}

#[test]
fn a_receipt_needs_entries_and_a_treasury() {
    assert_eq!(refused(&receipt(1, &[], 100 * MI)), ReceiptError::Empty);
    let empty = MemoryLedger::new();
    let mut draft = MilestoneChanges::new(&empty, MilestoneIndex(1), HASHER);
    let outcome = draft.apply_receipt(MilestoneId::NULL, MessageId::NULL, &receipt(1, &[(2, MI)], 0));
    assert_eq!(outcome, Ok(Err(ReceiptError::NoTreasury)));
}

#[test]
#[should_panic(expected = "applied after its transactions")]
fn no_transaction_is_applied_after_the_receipt() {
    let world = world();
    let mut draft = world.draft();
    let (id, message_id) = (milestone_id(world.next), milestone_message(world.next));
    draft.apply_receipt(id, message_id, &receipt(1, &[(2, MI)], 99 * MI)).unwrap().unwrap();
    apply(&mut draft, &spend(&[(genesis_id(0), 1)], &[output(2, SINGLE, TOKEN_SUPPLY - 100 * MI)]));
}
