//! Random streams of milestones, with conflicts of every kind and receipts, against the naive model.

use std::cell::RefCell;
use std::collections::BTreeSet;

use osmia_chrysalis::ledger::{
    Changes, ConflictReason, LedgerRead, MemoryLedger, OutputFilter, audit, balance, diff, load_output,
    outputs_of_address, treasury, undo,
};
use osmia_chrysalis::{Output, OutputId, TOKEN_SUPPLY, Transaction, UnlockBlock};
use osmia_primitives::TransactionId;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::model::Model;
use crate::world::{
    ALLOWANCE, Owner, SINGLE, World, address_of, message_of, milestone_id, milestone_message, output,
    receipt, sign, spend,
};

const MI: u64 = 1_000_000;
const OWNERS: Owner = 5;

/// What is wrong with a transaction on purpose.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    UnknownInput,
    Sum,
    Thief,
    BadSignature,
    TwoSignatures,
    ForeignReference,
}

/// A transaction in outline; the numbers pick among what exists when its turn comes.
#[derive(Clone, Debug)]
struct Outline {
    inputs: Vec<usize>,
    prefers_unspent: bool,
    outputs: Vec<(Owner, bool, u64)>,
    fault: Fault,
    repeats: bool,
}

#[derive(Clone, Debug)]
struct MilestoneOutline {
    transactions: Vec<Outline>,
    deposits: Vec<(Owner, u64)>,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        14 => Just(Fault::None),
        1 => Just(Fault::UnknownInput),
        1 => Just(Fault::Sum),
        1 => Just(Fault::Thief),
        1 => Just(Fault::BadSignature),
        2 => Just(Fault::TwoSignatures),
        1 => Just(Fault::ForeignReference),
    ]
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![1..2_000_u64, MI - 2..MI + 2, MI..4 * MI]
}

fn outline() -> impl Strategy<Value = Outline> {
    let outputs = vec((1..=OWNERS, prop::bool::weighted(0.25), amount()), 1..5);
    (vec(any::<usize>(), 1..4), prop::bool::weighted(0.85), outputs, fault(), prop::bool::weighted(0.1))
        .prop_map(|(inputs, prefers_unspent, outputs, fault, repeats)| Outline {
            inputs,
            prefers_unspent,
            outputs,
            fault,
            repeats,
        })
}

fn milestones() -> impl Strategy<Value = Vec<MilestoneOutline>> {
    let deposits = prop_oneof![3 => Just(Vec::new()), 1 => vec((1..=OWNERS, MI..3 * MI), 1..4)];
    let milestone = (vec(outline(), 0..10), deposits)
        .prop_map(|(transactions, deposits)| MilestoneOutline { transactions, deposits });
    vec(milestone, 1..6)
}

fn genesis() -> Vec<Output> {
    (1..=OWNERS)
        .flat_map(|owner| {
            let allowance = output(owner, ALLOWANCE, u64::from(owner) * MI);
            [
                output(owner, SINGLE, 20 * MI),
                output(owner, SINGLE, 7 * MI),
                allowance,
                output(owner, SINGLE, 12),
            ]
        })
        .collect()
}

fn owner_of(model: &Model, id: &OutputId) -> Owner {
    let address = model.find(id).unwrap().output.address;
    (1..=OWNERS).find(|owner| address_of(*owner) == address).unwrap()
}

/// The transaction that an outline means on top of what exists, and whether its signatures are valid.
fn realize(outline: &Outline, model: &Model) -> (Transaction, bool) {
    let unspent: Vec<OutputId> =
        model.outputs.iter().filter(|known| known.spent.is_none()).map(|known| known.id).collect();
    let all: Vec<OutputId> = model.outputs.iter().map(|known| known.id).collect();
    let from = if outline.prefers_unspent { &unspent } else { &all };
    let inputs: BTreeSet<OutputId> = outline.inputs.iter().map(|pick| from[pick % from.len()]).collect();
    let mut inputs: Vec<(OutputId, Owner)> =
        inputs.into_iter().map(|id| (id, owner_of(model, &id))).collect();
    let mut left: u64 = inputs.iter().map(|(id, _)| model.find(id).unwrap().output.amount).sum();
    let mut outputs: Vec<Output> = Vec::new();
    for (owner, is_allowance, amount) in &outline.outputs {
        let kind = if *is_allowance { ALLOWANCE } else { SINGLE };
        let amount = if *is_allowance { (*amount).max(MI) } else { *amount };
        let is_taken = outputs.iter().any(|other| other.kind == kind && other.address == address_of(*owner));
        if amount < left && !is_taken {
            left -= amount;
            outputs.push(output(*owner, kind, amount));
        }
    }
    let owner =
        (1..=OWNERS + 1).find(|owner| outputs.iter().all(|other| other.address != address_of(*owner)));
    outputs.push(output(owner.unwrap(), SINGLE, left));
    match outline.fault {
        Fault::UnknownInput => {
            inputs.push((OutputId { transaction_id: TransactionId::of(b"?"), index: 0 }, 1))
        }
        Fault::Sum => outputs[0].amount += 1,
        Fault::Thief => inputs[0].1 = OWNERS + 9,
        Fault::None | Fault::BadSignature | Fault::TwoSignatures | Fault::ForeignReference => {}
    }
    let mut transaction = spend(&inputs, &outputs);
    let last = transaction.unlock_blocks.len() - 1;
    if matches!(outline.fault, Fault::TwoSignatures) {
        transaction.unlock_blocks[last] = sign(200);
    } else if matches!(outline.fault, Fault::ForeignReference) && last > 0 {
        transaction.unlock_blocks[last] = UnlockBlock::Reference(0);
    }
    transaction.essence.check().unwrap();
    (transaction, !matches!(outline.fault, Fault::BadSignature))
}

/// Applies one milestone to both and compares the outcomes.
fn confirm(
    world: &World,
    model: &mut Model,
    outline: &MilestoneOutline,
    seen: &mut Vec<Option<ConflictReason>>,
) -> Changes {
    let mut plain = world.draft();
    let mut done: Vec<(Transaction, bool)> = Vec::new();
    for outline in &outline.transactions {
        let next = match done.last() {
            Some(last) if outline.repeats => last.clone(),
            _ => realize(outline, model),
        };
        let (transaction, signed) = &next;
        let expected = model.apply(transaction, world.next, *signed);
        let outcome = plain.apply(message_of(transaction), transaction, transaction.id(), *signed).unwrap();
        assert_eq!(outcome, expected);
        seen.push(outcome);
        done.push(next);
    }
    let mut prefetched = world.draft();
    let all: Vec<&Transaction> = done.iter().map(|(transaction, _)| transaction).collect();
    prefetched.prefetch(&all).unwrap();
    for (transaction, signed) in &done {
        prefetched.apply(message_of(transaction), transaction, transaction.id(), *signed).unwrap();
    }
    // What was changed meanwhile stays.
    prefetched.prefetch(&all).unwrap();
    if !outline.deposits.is_empty() {
        let deposited: u64 = outline.deposits.iter().map(|(_, deposit)| deposit).sum();
        let receipt = receipt(world.next.0 * 2, &outline.deposits, model.treasury - deposited);
        let (id, message_id) = (milestone_id(world.next), milestone_message(world.next));
        for draft in [&mut plain, &mut prefetched] {
            draft.apply_receipt(id, message_id, &receipt).unwrap().unwrap();
        }
        model.apply_receipt(&receipt, id, world.next);
    }
    let changes = plain.finish();
    assert_eq!(changes, prefetched.finish(), "reading ahead changes nothing");
    changes
}

/// Compares every answer of the ledger with the model's.
fn compare(world: &World, model: &Model) {
    let ledger = &world.ledger;
    let all = OutputFilter { kind: None, include_spent: true, count_max: usize::MAX };
    for owner in 1..=OWNERS + 1 {
        let address = address_of(owner);
        assert_eq!(balance(ledger, &address).unwrap(), model.balance(&address));
        let listed = outputs_of_address(ledger, &address, &all).unwrap();
        assert_eq!(listed.iter().map(|output| output.id).collect::<Vec<_>>(), model.outputs_of(&address));
    }
    for known in &model.outputs {
        let stored = load_output(ledger, &known.id).unwrap().unwrap();
        assert_eq!((stored.output(), stored.created), (known.output, known.created));
        assert_eq!(stored.spent.map(|spent| spent.milestone), known.spent);
    }
    assert_eq!(treasury(ledger).unwrap().unwrap().amount, model.treasury);
    assert_eq!(model.unspent().map(|output| output.amount).sum::<u64>() + model.treasury, TOKEN_SUPPLY);
    let report = audit(ledger).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.outputs, model.outputs.len() as u64);
}

/// Every row that the changes delete was there.
fn assert_deletions_are_real(before: &MemoryLedger, changes: &Changes) {
    for (table, key, _) in changes.rows().filter(|(_, _, value)| value.is_none()) {
        assert!(before.row(table, key).unwrap().is_some(), "{table:?} {key:?}");
    }
}

fn ids_of(model: &Model, wanted: impl Fn(&crate::model::ModelOutput) -> bool) -> Vec<OutputId> {
    let ids: BTreeSet<OutputId> =
        model.outputs.iter().filter(|known| wanted(known)).map(|known| known.id).collect();
    ids.into_iter().collect()
}

#[test]
fn the_ledger_answers_as_the_naive_model() {
    let seen = RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::deterministic();
    runner
        .run(&milestones(), |milestones| {
            let genesis = genesis();
            let funds: u64 = genesis.iter().map(|output| output.amount).sum();
            let mut world = World::new(&genesis);
            let mut model = Model::new(&genesis, TOKEN_SUPPLY - funds);
            for outline in &milestones {
                let before = world.ledger.clone();
                let mut outcomes = Vec::new();
                let changes = confirm(&world, &mut model, outline, &mut outcomes);
                seen.borrow_mut()
                    .extend(outcomes.into_iter().map(|outcome| outcome.map(ConflictReason::code)));
                assert!(changes.rows().is_sorted_by(|left, right| (left.0, left.1) < (right.0, right.1)));
                assert_deletions_are_real(&before, &changes);
                let milestone = world.next;
                world.write(&changes);
                compare(&world, &model);
                let stored = diff(&world.ledger, milestone).unwrap().unwrap();
                assert_eq!(stored.created, ids_of(&model, |known| known.created == milestone));
                assert_eq!(stored.consumed, ids_of(&model, |known| known.spent == Some(milestone)));
                let mut undone = world.ledger.clone();
                undone.write(undo(&world.ledger, milestone).unwrap().unwrap());
                assert_eq!(undone, before);
            }
            Ok(())
        })
        .unwrap();
    let all: BTreeSet<Option<u8>> =
        ConflictReason::ALL.into_iter().map(|reason| Some(reason.code())).chain([None]).collect();
    assert_eq!(seen.into_inner(), all, "the streams reach every outcome");
}
