//! Each conflict reason, and which one wins when several apply.

use osmia_chrysalis::ledger::{ConflictReason, audit, load_output, undo};
use osmia_chrysalis::{OutputId, Transaction, UnlockBlock};
use osmia_primitives::{MessageId, TransactionId, merkle};

use crate::world::{ALLOWANCE, SINGLE, World, apply, created, genesis_id, message_of, output, sign, spend};

const MI: u64 = 1_000_000;

fn unknown() -> OutputId {
    OutputId { transaction_id: TransactionId::of(b"nothing"), index: 0 }
}

/// Owner 1 has two outputs of 5 Mi, owner 2 one of 3 Mi.
fn world() -> World {
    World::new(&[output(1, SINGLE, 5 * MI), output(1, SINGLE, 5 * MI), output(2, SINGLE, 3 * MI)])
}

fn pay_3() -> Transaction {
    spend(&[(genesis_id(0), 1)], &[output(3, SINGLE, 5 * MI)])
}

fn pay_4() -> Transaction {
    spend(&[(genesis_id(0), 1)], &[output(4, SINGLE, 5 * MI)])
}

#[test]
fn an_input_spent_by_an_earlier_milestone_is_reason_1() {
    let mut world = world();
    assert_eq!(world.outcomes(&[pay_3()]), [None]);
    assert_eq!(world.outcomes(&[pay_4(), pay_3()]), [Some(ConflictReason::InputAlreadySpent); 2]);
}

#[test]
fn an_input_spent_earlier_in_the_milestone_is_reason_2() {
    let outcomes = world().outcomes(&[pay_3(), pay_4(), pay_3()]);
    let spent = Some(ConflictReason::InputAlreadySpentInThisMilestone);
    assert_eq!(outcomes, [None, spent, spent]);
}

#[test]
fn an_output_created_and_spent_in_the_milestone_is_reason_2_for_the_next_spender() {
    let first = pay_3();
    let id = created(&first, 3, SINGLE);
    let second = spend(&[(id, 3)], &[output(4, SINGLE, 5 * MI)]);
    let third = spend(&[(id, 3)], &[output(5, SINGLE, 5 * MI)]);
    let mut world = world();
    let (outcomes, changes) = world.confirm(&[first.clone(), second.clone(), third.clone()]);
    assert_eq!(outcomes, [None, None, Some(ConflictReason::InputAlreadySpentInThisMilestone)]);
    assert_eq!(changes.created().len(), 2);
    assert_eq!(changes.consumed().len(), 2);
    assert_eq!(changes.included(), [message_of(&first), message_of(&second)]);
    assert_eq!(world.outcomes(&[third]), [Some(ConflictReason::InputAlreadySpent)]);
}

#[test]
fn an_input_that_does_not_exist_is_reason_3() {
    let mut world = world();
    let transaction = spend(&[(unknown(), 1)], &[output(3, SINGLE, MI)]);
    assert_eq!(world.outcomes(&[transaction]), [Some(ConflictReason::InputNotFound)]);
}

#[test]
fn an_output_is_not_there_before_the_transaction_that_creates_it() {
    let first = pay_3();
    let second = spend(&[(created(&first, 3, SINGLE), 3)], &[output(4, SINGLE, 5 * MI)]);
    let outcomes = world().outcomes(&[second.clone(), first, second]);
    assert_eq!(outcomes, [Some(ConflictReason::InputNotFound), None, None]);
}

#[test]
fn outputs_of_a_conflicting_transaction_do_not_exist() {
    let bad = spend(&[(genesis_id(0), 1)], &[output(3, SINGLE, 4 * MI)]);
    let next = spend(&[(created(&bad, 3, SINGLE), 3)], &[output(4, SINGLE, 4 * MI)]);
    let outcomes = world().outcomes(&[bad, next]);
    assert_eq!(outcomes, [Some(ConflictReason::SumMismatch), Some(ConflictReason::InputNotFound)]);
}

#[test]
fn unequal_sums_are_reason_4() {
    let mut world = world();
    for amount in [5 * MI - 1, 5 * MI + 1] {
        let transaction = spend(&[(genesis_id(0), 1)], &[output(3, SINGLE, amount)]);
        assert_eq!(world.outcomes(&[transaction]), [Some(ConflictReason::SumMismatch)]);
    }
}

#[test]
fn a_signature_of_another_key_is_reason_5() {
    let mut world = world();
    let stolen = spend(&[(genesis_id(0), 2)], &[output(2, SINGLE, 5 * MI)]);
    assert_eq!(world.outcomes(&[stolen]), [Some(ConflictReason::InvalidSignature)]);
}

#[test]
fn a_bad_signature_is_reason_5() {
    let world = world();
    let transaction = pay_3();
    let mut draft = world.draft();
    let outcome = draft.apply(MessageId::NULL, &transaction, transaction.id(), false).unwrap();
    assert_eq!(outcome, Some(ConflictReason::InvalidSignature));
    assert_eq!(apply(&mut draft, &transaction), None, "the inputs are still there");
}

#[test]
fn a_reference_to_the_signature_of_another_address_is_reason_5() {
    let mut world = world();
    let inputs = [(genesis_id(0), 1), (genesis_id(2), 2)];
    let mut transaction = spend(&inputs, &[output(3, SINGLE, 8 * MI)]);
    transaction.unlock_blocks[1] = UnlockBlock::Reference(0);
    assert_eq!(world.outcomes(&[transaction]), [Some(ConflictReason::InvalidSignature)]);
}

#[test]
fn two_signatures_for_one_address_are_reason_255() {
    let mut world = world();
    let inputs = [(genesis_id(0), 1), (genesis_id(1), 1)];
    let good = spend(&inputs, &[output(3, SINGLE, 10 * MI)]);
    let mut bad = good.clone();
    bad.unlock_blocks[1] = sign(1);
    assert_eq!(world.outcomes(&[bad, good]), [Some(ConflictReason::SemanticFailure), None]);
}

#[test]
fn unlock_blocks_that_no_parser_lets_through_are_reason_255() {
    let mut transaction = pay_3();
    for blocks in [vec![], vec![UnlockBlock::Reference(0)], vec![UnlockBlock::Reference(9)]] {
        transaction.unlock_blocks = blocks;
        assert_eq!(
            world().outcomes(std::slice::from_ref(&transaction)),
            [Some(ConflictReason::SemanticFailure)]
        );
    }
}

#[test]
fn the_first_bad_input_decides() {
    let mut world = world();
    let spent = spend(&[(genesis_id(1), 1)], &[output(3, SINGLE, 5 * MI)]);
    assert_eq!(world.outcomes(&[spent]), [None]);
    let owners = |ids: &[OutputId]| -> Vec<(OutputId, u8)> { ids.iter().map(|id| (*id, 1)).collect() };
    let mut reasons = [
        (genesis_id(1), ConflictReason::InputAlreadySpent),
        (unknown(), ConflictReason::InputNotFound),
        (genesis_id(0), ConflictReason::InputAlreadySpentInThisMilestone),
    ];
    reasons.sort_by_key(|(id, _)| *id);
    let ids: Vec<OutputId> = reasons.iter().map(|(id, _)| *id).collect();
    for (place, (_, reason)) in reasons.iter().enumerate() {
        let transaction = spend(&owners(&ids[place..]), &[output(3, SINGLE, 1)]);
        let mut draft = world.draft();
        assert_eq!(apply(&mut draft, &pay_3()), None);
        assert_eq!(apply(&mut draft, &transaction), Some(*reason));
    }
}

#[test]
fn an_input_that_is_missing_comes_before_every_other_reason() {
    let transaction = Transaction {
        unlock_blocks: vec![sign(2), sign(2)],
        ..spend(&[(unknown(), 1), (genesis_id(0), 1)], &[output(3, SINGLE, 1)])
    };
    assert_eq!(world().outcomes(&[transaction]), [Some(ConflictReason::InputNotFound)]);
}

#[test]
fn unlock_blocks_come_before_the_sum() {
    let inputs = [(genesis_id(0), 1), (genesis_id(1), 1)];
    let mut transaction = spend(&inputs, &[output(3, SINGLE, 1)]);
    transaction.unlock_blocks[1] = sign(2);
    assert_eq!(world().outcomes(&[transaction]), [Some(ConflictReason::SemanticFailure)]);
}

#[test]
fn the_sum_comes_before_dust_and_signatures() {
    let transaction = spend(&[(genesis_id(0), 2)], &[output(3, SINGLE, 1)]);
    assert_eq!(world().outcomes(&[transaction]), [Some(ConflictReason::SumMismatch)]);
}

#[test]
fn dust_comes_before_signatures() {
    let outputs = [output(3, SINGLE, 1), output(4, SINGLE, 5 * MI - 1)];
    let transaction = spend(&[(genesis_id(0), 2)], &outputs);
    assert_eq!(world().outcomes(&[transaction]), [Some(ConflictReason::DustAllowance)]);
}

#[test]
fn a_milestone_of_conflicts_changes_nothing_but_its_diff() {
    let mut world = world();
    let before = world.ledger.clone();
    let bad = [
        spend(&[(unknown(), 1)], &[output(3, SINGLE, MI)]),
        spend(&[(genesis_id(0), 1)], &[output(3, SINGLE, MI)]),
        spend(&[(genesis_id(0), 1)], &[output(3, SINGLE, 1), output(4, ALLOWANCE, 5 * MI - 1)]),
        spend(&[(genesis_id(0), 2)], &[output(3, SINGLE, 5 * MI)]),
    ];
    let (outcomes, changes) = world.confirm(&bad);
    assert!(outcomes.iter().all(Option::is_some));
    assert_eq!(changes.rows().len(), 1);
    assert_eq!((changes.created(), changes.consumed(), changes.included()), (&[][..], &[][..], &[][..]));
    world.ledger.write(undo(&world.ledger, changes.index()).unwrap().unwrap());
    assert_eq!(world.ledger, before);
}

#[test]
fn the_merkle_root_is_over_the_applied_messages_in_order() {
    let world = world();
    let mut draft = world.draft();
    assert_eq!(draft.merkle_root(), merkle::root::<MessageId>(&[]));
    let first = pay_3();
    let second = spend(&[(genesis_id(2), 2)], &[output(4, SINGLE, 3 * MI)]);
    assert_eq!(apply(&mut draft, &first), None);
    assert!(apply(&mut draft, &pay_4()).is_some());
    assert_eq!(apply(&mut draft, &second), None);
    let included = [message_of(&first), message_of(&second)];
    assert_eq!(draft.included(), included);
    assert_eq!(draft.merkle_root(), merkle::root(&included));
}

#[test]
fn a_spent_output_says_who_spent_it_and_when() {
    let mut world = world();
    let transaction = pay_3();
    let milestone = world.next;
    assert_eq!(world.outcomes(std::slice::from_ref(&transaction)), [None]);
    let spent = load_output(&world.ledger, &genesis_id(0)).unwrap().unwrap().spent.unwrap();
    assert_eq!((spent.transaction_id, spent.milestone), (transaction.id(), milestone));
    let new = load_output(&world.ledger, &created(&transaction, 3, SINGLE)).unwrap().unwrap();
    assert_eq!((new.output(), new.created, new.spent), (output(3, SINGLE, 5 * MI), milestone, None));
    assert_eq!(new.message_id, message_of(&transaction));
    assert!(audit(&world.ledger).unwrap().is_clean());
}

#[test]
fn reasons_have_the_numbers_of_the_rest_api() {
    let codes = ConflictReason::ALL.map(ConflictReason::code);
    assert_eq!(codes, [1, 2, 3, 4, 5, 6, 255]);
    for reason in ConflictReason::ALL {
        assert_eq!(ConflictReason::from_code(reason.code()), Some(reason));
    }
    assert_eq!(ConflictReason::from_code(0), None);
    assert_eq!(ConflictReason::from_code(7), None);
}
