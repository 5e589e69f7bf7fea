//! The rule on dust at its boundaries, over the stored ledger and within a milestone.

use osmia_chrysalis::ledger::{ConflictReason, balance};
use osmia_chrysalis::{OutputId, Transaction};

use crate::world::{ALLOWANCE, Owner, SINGLE, World, address_of, apply, created, genesis_id, output, spend};

const MI: u64 = 1_000_000;
const SENDER: Owner = 1;
const RECEIVER: Owner = 2;
const REFUSED: Option<ConflictReason> = Some(ConflictReason::DustAllowance);

/// The sender has 200 outputs of 2 Mi; the receiver has a dust allowance output of `allowance` tokens, if that is not 0.
fn world(allowance: u64) -> World {
    let mut outputs = vec![output(SENDER, SINGLE, 2 * MI); 200];
    if allowance > 0 {
        outputs.push(output(RECEIVER, ALLOWANCE, allowance));
    }
    World::new(&outputs)
}

const ALLOWANCE_PLACE: usize = 200;

/// Sends `amount` tokens to the receiver out of the sender's output at `place`; the rest goes to another address.
fn send(place: usize, amount: u64) -> Transaction {
    let outputs = [output(RECEIVER, SINGLE, amount), output(9, SINGLE, 2 * MI - amount)];
    spend(&[(genesis_id(place), SENDER)], &outputs)
}

fn dust_of(transaction: &Transaction) -> (OutputId, Owner) {
    (created(transaction, RECEIVER, SINGLE), RECEIVER)
}

fn accepted(outcomes: &[Option<ConflictReason>]) -> usize {
    assert!(outcomes.iter().all(|outcome| outcome.is_none() || *outcome == REFUSED), "{outcomes:?}");
    outcomes.iter().filter(|outcome| outcome.is_none()).count()
}

fn many(count: usize) -> Vec<Transaction> {
    (0..count).map(|place| send(place, 1)).collect()
}

#[test]
fn every_hundred_thousand_tokens_of_allowance_permit_one_dust_output() {
    for (allowance, expected) in
        [(0, 0), (MI, 10), (MI + 99_999, 10), (MI + 100_000, 11), (2 * MI, 20), (9_999_999, 99)]
    {
        let mut world = world(allowance);
        assert_eq!(accepted(&world.outcomes(&many(expected + 3))), expected, "{allowance}");
        let balance = balance(&world.ledger, &address_of(RECEIVER)).unwrap();
        assert_eq!(balance.dust_outputs, expected as u64);
        assert_eq!((balance.dust_allowance, balance.amount), (allowance, allowance + expected as u64));
        assert!(!balance.is_dust_allowed());
    }
}

#[test]
fn the_same_bound_holds_over_several_milestones() {
    let mut world = world(MI);
    for place in 0..10 {
        assert!(balance(&world.ledger, &address_of(RECEIVER)).unwrap().is_dust_allowed());
        assert_eq!(world.outcomes(&[send(place, 1)]), [None]);
    }
    assert!(!balance(&world.ledger, &address_of(RECEIVER)).unwrap().is_dust_allowed());
    assert_eq!(world.outcomes(&[send(10, 1)]), [REFUSED]);
}

#[test]
fn no_allowance_permits_more_than_a_hundred_dust_outputs() {
    let mut world = world(1_000 * MI);
    assert_eq!(accepted(&world.outcomes(&many(103))), 100);
    assert!(!balance(&world.ledger, &address_of(RECEIVER)).unwrap().is_dust_allowed());
}

#[test]
fn dust_begins_below_one_million_tokens() {
    let mut world = world(0);
    assert_eq!(world.outcomes(&[send(0, MI - 1)]), [REFUSED]);
    // 2 Mi are sent to each, so the rest is no dust either.
    assert_eq!(world.outcomes(&[send(0, MI)]), [None]);
    assert_eq!(balance(&world.ledger, &address_of(RECEIVER)).unwrap().dust_outputs, 0);
}

#[test]
fn the_allowance_cannot_leave_while_dust_remains() {
    let mut world = world(MI);
    let dust = send(0, 5);
    let withdraw = spend(&[(genesis_id(ALLOWANCE_PLACE), RECEIVER)], &[output(3, SINGLE, MI)]);
    assert_eq!(world.outcomes(&[dust.clone(), withdraw.clone()]), [None, REFUSED]);
    assert_eq!(world.outcomes(&[withdraw]), [REFUSED]);
    let inputs = [(genesis_id(ALLOWANCE_PLACE), RECEIVER), dust_of(&dust)];
    let both = spend(&inputs, &[output(3, SINGLE, MI + 5)]);
    assert_eq!(world.outcomes(&[both]), [None]);
}

#[test]
fn the_allowance_can_shrink_as_far_as_the_dust_permits() {
    for (dust, left, expected) in [(10, MI, None), (11, MI, REFUSED), (15, MI + 500_000, None)] {
        let mut world = world(2 * MI);
        assert_eq!(accepted(&world.outcomes(&many(dust))), dust);
        let inputs = [(genesis_id(ALLOWANCE_PLACE), RECEIVER), (genesis_id(150), SENDER)];
        let outputs = [output(RECEIVER, ALLOWANCE, left), output(3, SINGLE, 4 * MI - left)];
        assert_eq!(world.outcomes(&[spend(&inputs, &outputs)]), [expected], "{dust} {left}");
    }
}

#[test]
fn an_allowance_counts_in_the_transaction_and_the_milestone_that_create_it() {
    let mut world = world(0);
    let funded = spend(
        &[(genesis_id(0), SENDER), (genesis_id(1), SENDER)],
        &[output(RECEIVER, ALLOWANCE, MI), output(RECEIVER, SINGLE, 1), output(9, SINGLE, 3 * MI - 1)],
    );
    let mut transactions = vec![send(2, 1), funded];
    transactions.extend((3..14).map(|place| send(place, 1)));
    let outcomes = world.outcomes(&transactions);
    assert_eq!(outcomes[..2], [REFUSED, None]);
    assert_eq!(accepted(&outcomes), 10, "one in the funding transaction, nine after it");
}

#[test]
fn dust_that_is_spent_makes_room_within_the_milestone() {
    let mut world = world(MI);
    let dust = many(10);
    assert_eq!(accepted(&world.outcomes(&dust)), 10);
    let collect = spend(
        &[dust_of(&dust[0]), dust_of(&dust[1]), (genesis_id(100), SENDER)],
        &[output(RECEIVER, SINGLE, 2 * MI + 2)],
    );
    let outcomes = world.outcomes(&[send(10, 1), collect, send(11, 1), send(12, 1), send(13, 1)]);
    assert_eq!(outcomes, [REFUSED, None, None, None, REFUSED]);
}

#[test]
fn dust_replaced_by_dust_in_one_transaction_is_counted_together() {
    let mut world = world(MI);
    let dust = many(10);
    assert_eq!(accepted(&world.outcomes(&dust)), 10);
    let swap = spend(&[dust_of(&dust[0])], &[output(RECEIVER, SINGLE, 1)]);
    assert_eq!(world.outcomes(&[swap]), [None]);
}

/// The rule asks for the state after the transaction, not for an improvement: as in the reference node, dust that a
/// genesis put where no allowance covers it can only leave all at once.
#[test]
fn dust_without_allowance_from_the_genesis_leaves_all_at_once() {
    let mut world = World::new(&[
        output(SENDER, SINGLE, 2 * MI),
        output(RECEIVER, SINGLE, 5),
        output(RECEIVER, SINGLE, 6),
    ]);
    let one = [(genesis_id(0), SENDER), (genesis_id(1), RECEIVER)];
    let all = [one[0], one[1], (genesis_id(2), RECEIVER)];
    assert_eq!(world.outcomes(&[spend(&one, &[output(3, SINGLE, 2 * MI + 5)])]), [REFUSED]);
    assert_eq!(world.outcomes(&[spend(&all, &[output(3, SINGLE, 2 * MI + 11)])]), [None]);
}

#[test]
fn an_ordinary_output_of_a_full_address_moves_freely() {
    let mut world = world(MI);
    assert_eq!(accepted(&world.outcomes(&many(10))), 10);
    let large = spend(&[(genesis_id(50), SENDER)], &[output(RECEIVER, SINGLE, 2 * MI)]);
    let onward = spend(&[dust_of(&large)], &[output(3, SINGLE, 2 * MI)]);
    let mut draft = world.draft();
    assert_eq!(apply(&mut draft, &large), None);
    assert_eq!(apply(&mut draft, &onward), None);
}
