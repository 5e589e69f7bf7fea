//! Readers over a ledger with some history, undoing and pruning.

use std::ops::ControlFlow;

use osmia_chrysalis::OutputId;
use osmia_chrysalis::ledger::{
    Balance, DamagedRow, LedgerTable, OutputFilter, StoredOutput, audit, balance, diff, load_output,
    outputs_of_address, prune, treasury, undo, visit_outputs,
};
use osmia_primitives::MilestoneIndex;

use crate::world::{
    ALLOWANCE, GENESIS_INDEX, SINGLE, World, address_of, created, genesis_id, output, receipt, spend,
};

const MI: u64 = 1_000_000;
const ALL: OutputFilter = OutputFilter { kind: None, include_spent: true, count_max: 100 };

/// Owner 1 pays owner 2 in milestones 8 to 11, once as an allowance; owner 2 spends what milestone 8 gave.
struct History {
    world: World,
    /// What owner 2 got, in order of the milestones.
    paid: Vec<OutputId>,
}

fn history() -> History {
    let mut world = World::new(&[output(1, SINGLE, 2 * MI); 4]);
    let mut paid = Vec::new();
    for (place, kind) in [SINGLE, ALLOWANCE, SINGLE].into_iter().enumerate() {
        let transaction = spend(&[(genesis_id(place), 1)], &[output(2, kind, 2 * MI)]);
        assert_eq!(world.outcomes(std::slice::from_ref(&transaction)), [None]);
        paid.push(created(&transaction, 2, kind));
    }
    let spending = spend(&[(paid[0], 2)], &[output(3, SINGLE, 2 * MI)]);
    let last = spend(&[(genesis_id(3), 1)], &[output(2, SINGLE, 2 * MI)]);
    assert_eq!(world.outcomes(&[spending, last.clone()]), [None, None]);
    paid.push(created(&last, 2, SINGLE));
    History { world, paid }
}

fn ids(history: &History, filter: &OutputFilter) -> Vec<OutputId> {
    let outputs = outputs_of_address(&history.world.ledger, &address_of(2), filter).unwrap();
    outputs.iter().map(|output| output.id).collect()
}

#[test]
fn outputs_of_an_address_come_unspent_and_newest_first() {
    let history = history();
    let paid = &history.paid;
    assert_eq!(ids(&history, &ALL), [paid[3], paid[2], paid[1], paid[0]]);
    assert_eq!(ids(&history, &OutputFilter { include_spent: false, ..ALL }), [paid[3], paid[2], paid[1]]);
    assert_eq!(ids(&history, &OutputFilter { kind: Some(SINGLE), ..ALL }), [paid[3], paid[2], paid[0]]);
    assert_eq!(ids(&history, &OutputFilter { kind: Some(ALLOWANCE), ..ALL }), [paid[1]]);
    for count_max in 0..=4 {
        assert_eq!(ids(&history, &OutputFilter { count_max, ..ALL }), ids(&history, &ALL)[..count_max]);
    }
}

#[test]
fn outputs_of_an_address_say_what_they_are() {
    let history = history();
    let outputs = outputs_of_address(&history.world.ledger, &address_of(2), &ALL).unwrap();
    let facts: Vec<_> =
        outputs.iter().map(|output| (output.kind, output.created.0, output.is_spent)).collect();
    assert_eq!(facts, [(SINGLE, 11, false), (SINGLE, 10, false), (ALLOWANCE, 9, false), (SINGLE, 8, true)]);
}

#[test]
fn every_output_is_visited_until_the_visitor_stops() {
    let ledger = history().world.ledger;
    let mut seen = Vec::new();
    let visit = |id, output: StoredOutput| {
        seen.push((id, output.spent.is_some()));
        if seen.len() < 7 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    visit_outputs(&ledger, visit).unwrap();
    assert_eq!(seen.len(), 7, "of nine");
    assert!(seen.is_sorted());
    for (id, is_spent) in seen {
        assert_eq!(load_output(&ledger, &id).unwrap().unwrap().spent.is_some(), is_spent);
    }
}

#[test]
fn an_unused_address_has_nothing() {
    let ledger = history().world.ledger;
    assert_eq!(balance(&ledger, &address_of(77)), Ok(Balance::default()));
    assert_eq!(outputs_of_address(&ledger, &address_of(77), &ALL), Ok(Vec::new()));
    assert_eq!(balance(&ledger, &address_of(1)), Ok(Balance::default()), "everything was spent");
    assert_eq!(ledger.count(LedgerTable::Balances), 2);
}

#[test]
fn the_genesis_counts_as_created_by_the_milestone_of_the_snapshot() {
    let world = World::new(&[output(1, SINGLE, 2 * MI)]);
    let genesis = load_output(&world.ledger, &genesis_id(0)).unwrap().unwrap();
    assert_eq!((genesis.created, genesis.output()), (GENESIS_INDEX, output(1, SINGLE, 2 * MI)));
    assert!(audit(&world.ledger).unwrap().is_clean());
    assert_eq!(load_output(&world.ledger, &genesis_id(1)), Ok(None));
}

#[test]
fn a_diff_lists_what_its_milestone_created_and_consumed() {
    let History { world, paid } = history();
    let diff_8 = diff(&world.ledger, MilestoneIndex(8)).unwrap().unwrap();
    assert_eq!(
        (diff_8.created, diff_8.consumed, diff_8.treasury),
        (vec![paid[0]], vec![genesis_id(0)], None)
    );
    let diff_11 = diff(&world.ledger, MilestoneIndex(11)).unwrap().unwrap();
    let mut consumed = [paid[0], genesis_id(3)];
    consumed.sort_unstable();
    assert_eq!(diff_11.consumed, consumed);
    assert_eq!(diff_11.created.len(), 2);
    assert!(diff_11.created.is_sorted() && diff_11.created.contains(&paid[3]));
    assert_eq!(diff(&world.ledger, MilestoneIndex(12)), Ok(None));
}

#[test]
fn undoing_every_milestone_leads_back_to_the_genesis() {
    let mut world = history().world;
    world
        .confirm_receipt(&receipt(9, &[(2, MI)], treasury(&world.ledger).unwrap().unwrap().amount - MI))
        .unwrap();
    let genesis = World::new(&[output(1, SINGLE, 2 * MI); 4]).ledger;
    for index in (8..=12).rev() {
        let rows = undo(&world.ledger, MilestoneIndex(index)).unwrap().unwrap();
        assert!(rows.is_sorted());
        world.ledger.write(rows);
        assert!(audit(&world.ledger).unwrap().is_clean());
    }
    assert_eq!(world.ledger, genesis);
    assert_eq!(undo(&world.ledger, MilestoneIndex(8)), Ok(None));
}

#[test]
fn a_milestone_whose_outputs_were_spent_later_is_not_undone() {
    let history = history();
    let error: DamagedRow = undo(&history.world.ledger, MilestoneIndex(8)).unwrap_err();
    assert_eq!((error.table, error.key), (LedgerTable::Outputs, history.paid[0].to_bytes().to_vec()));
}

#[test]
fn pruning_forgets_spent_outputs_and_keeps_the_rest() {
    let History { mut world, paid } = history();
    let left = treasury(&world.ledger).unwrap().unwrap().amount - MI;
    world.confirm_receipt(&receipt(9, &[(2, MI)], left)).unwrap();
    let balances = |world: &World| [1, 2, 3].map(|owner| balance(&world.ledger, &address_of(owner)).unwrap());
    let before = balances(&world);
    for index in 8..=12 {
        world.ledger.write(prune(&world.ledger, MilestoneIndex(index)).unwrap().unwrap());
        assert!(audit(&world.ledger).unwrap().is_clean());
    }
    assert_eq!(balances(&world), before);
    assert_eq!(load_output(&world.ledger, &paid[0]), Ok(None));
    assert_eq!(load_output(&world.ledger, &genesis_id(0)), Ok(None));
    assert!(load_output(&world.ledger, &paid[1]).unwrap().is_some());
    assert_eq!(treasury(&world.ledger).unwrap().unwrap().amount, left);
    let counts =
        [LedgerTable::Outputs, LedgerTable::AddressOutputs, LedgerTable::Diffs, LedgerTable::Treasury]
            .map(|table| world.ledger.count(table));
    assert_eq!(counts, [5, 5, 0, 1]);
    assert_eq!(prune(&world.ledger, MilestoneIndex(8)), Ok(None));
}
