//! The audit finds each inconsistency that is planted, and nothing in a ledger without one.

use osmia_chrysalis::ledger::limits::AUDIT_PROBLEMS_MAX;
use osmia_chrysalis::ledger::{
    Balance, LedgerRead, LedgerTable, MemoryLedger, Problem, audit, balance, load_output,
};
use osmia_chrysalis::{OutputId, TOKEN_SUPPLY};
use osmia_primitives::MilestoneIndex;

use crate::world::{
    ALLOWANCE, SINGLE, World, address_of, created, genesis_id, milestone_id, output, receipt, spend,
};

const MI: u64 = 1_000_000;

/// A ledger with a spent output, dust, a receipt, and the id of an unspent output of owner 2.
fn planted() -> (MemoryLedger, OutputId) {
    let mut world = World::new(&[output(1, SINGLE, 5 * MI), output(2, ALLOWANCE, 2 * MI)]);
    let outputs = [output(2, SINGLE, 40), output(3, SINGLE, 5 * MI - 40)];
    let transaction = spend(&[(genesis_id(0), 1)], &outputs);
    assert_eq!(world.outcomes(std::slice::from_ref(&transaction)), [None]);
    world.confirm_receipt(&receipt(4, &[(5, MI)], TOKEN_SUPPLY - 8 * MI)).unwrap();
    (world.ledger, created(&transaction, 2, SINGLE))
}

fn problems(ledger: &MemoryLedger) -> Vec<Problem> {
    let report = audit(ledger).unwrap();
    assert_eq!(report.problem_count, report.problems.len() as u64);
    assert_eq!(report.is_clean(), report.problems.is_empty());
    report.problems
}

fn put(ledger: &mut MemoryLedger, table: LedgerTable, key: &[u8], value: &[u8]) {
    ledger.write([(table, key.to_vec(), Some(value.to_vec()))]);
}

fn delete(ledger: &mut MemoryLedger, table: LedgerTable, key: &[u8]) {
    ledger.write([(table, key.to_vec(), None)]);
}

fn value(ledger: &MemoryLedger, table: LedgerTable, key: &[u8]) -> Vec<u8> {
    ledger.row(table, key).unwrap().unwrap()
}

/// The key of an unspent output in the list of its address.
fn address_key(ledger: &MemoryLedger, id: OutputId, spent: u8) -> Vec<u8> {
    let output = load_output(ledger, &id).unwrap().unwrap();
    let created = (!output.created.0).to_be_bytes();
    [&output.address.to_bytes()[..], &[spent, output.kind as u8], &created, &id.to_bytes()].concat()
}

fn balance_value(balance: Balance) -> Vec<u8> {
    [balance.amount, balance.dust_allowance, balance.dust_outputs].map(u64::to_le_bytes).concat()
}

#[test]
fn a_sound_ledger_has_no_problem_and_is_counted() {
    let (ledger, _) = planted();
    let report = audit(&ledger).unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!((report.outputs, report.unspent_outputs, report.addresses, report.diffs), (5, 4, 3, 2));
    assert_eq!(report.output_funds, u128::from(8 * MI));
    assert_eq!(report.treasury_funds, u128::from(TOKEN_SUPPLY - 8 * MI));
}

#[test]
fn an_output_of_another_amount_breaks_supply_and_balance() {
    let (mut ledger, id) = planted();
    let mut bytes = value(&ledger, LedgerTable::Outputs, &id.to_bytes());
    bytes[66] += 1;
    put(&mut ledger, LedgerTable::Outputs, &id.to_bytes(), &bytes);
    let stored = balance(&ledger, &address_of(2)).unwrap();
    let computed = Balance { amount: stored.amount + 1, ..stored };
    assert_eq!(
        problems(&ledger),
        [
            Problem::Balance { address: address_of(2), stored, computed },
            Problem::Supply { expected: TOKEN_SUPPLY, found: u128::from(TOKEN_SUPPLY) + 1 },
        ]
    );
}

#[test]
fn an_output_must_stand_in_the_list_of_its_address() {
    let (mut ledger, id) = planted();
    let key = address_key(&ledger, id, 0);
    delete(&mut ledger, LedgerTable::AddressOutputs, &key);
    let stored = balance(&ledger, &address_of(2)).unwrap();
    let computed = Balance { amount: stored.amount - 40, dust_outputs: 0, ..stored };
    assert_eq!(
        problems(&ledger),
        [
            Problem::AddressRows { id, count: 0 },
            Problem::Balance { address: address_of(2), stored, computed },
        ]
    );
}

#[test]
fn an_output_must_not_be_spent_and_unspent() {
    let (mut ledger, id) = planted();
    let key = address_key(&ledger, id, 1);
    put(&mut ledger, LedgerTable::AddressOutputs, &key, &[]);
    let address = address_of(2);
    assert_eq!(
        problems(&ledger),
        [Problem::AddressRows { id, count: 2 }, Problem::AddressRowDiffers { address, id },]
    );
}

#[test]
fn the_list_must_know_whether_an_output_is_spent() {
    let (mut ledger, _) = planted();
    let id = genesis_id(0);
    let key = address_key(&ledger, id, 1);
    delete(&mut ledger, LedgerTable::AddressOutputs, &key);
    let key = address_key(&ledger, id, 0);
    put(&mut ledger, LedgerTable::AddressOutputs, &key, &[]);
    let address = address_of(1);
    assert_eq!(problems(&ledger), [Problem::SpentState { id }, Problem::AddressRowDiffers { address, id },]);
}

#[test]
fn the_list_must_not_name_outputs_that_do_not_exist() {
    let (mut ledger, id) = planted();
    let mut key = address_key(&ledger, id, 0);
    *key.last_mut().unwrap() = 77;
    put(&mut ledger, LedgerTable::AddressOutputs, &key, &[]);
    let missing = OutputId { transaction_id: id.transaction_id, index: id.index + 77 * 256 };
    assert_eq!(problems(&ledger), [Problem::OutputMissing { address: address_of(2), id: missing }]);
}

#[test]
fn each_number_of_a_balance_is_compared() {
    let (ledger, _) = planted();
    let address = address_of(2);
    let computed = balance(&ledger, &address).unwrap();
    assert_eq!(computed, Balance { amount: 2 * MI + 40, dust_allowance: 2 * MI, dust_outputs: 1 });
    for stored in [
        Balance { amount: 1, ..computed },
        Balance { dust_allowance: 1, ..computed },
        Balance { dust_outputs: 0, ..computed },
    ] {
        let mut ledger = ledger.clone();
        put(&mut ledger, LedgerTable::Balances, &address.to_bytes(), &balance_value(stored));
        assert_eq!(problems(&ledger), [Problem::Balance { address, stored, computed }]);
    }
}

#[test]
fn a_balance_must_exist_exactly_where_outputs_are() {
    let (sound, _) = planted();
    let zero = Balance::default();
    let mut ledger = sound.clone();
    let computed = balance(&ledger, &address_of(3)).unwrap();
    delete(&mut ledger, LedgerTable::Balances, &address_of(3).to_bytes());
    assert_eq!(problems(&ledger), [Problem::Balance { address: address_of(3), stored: zero, computed }]);
    let mut ledger = sound.clone();
    put(&mut ledger, LedgerTable::Balances, &address_of(1).to_bytes(), &balance_value(computed));
    assert_eq!(
        problems(&ledger),
        [Problem::Balance { address: address_of(1), stored: computed, computed: zero },]
    );
    let mut ledger = sound;
    put(&mut ledger, LedgerTable::Balances, &address_of(88).to_bytes(), &balance_value(zero));
    assert_eq!(problems(&ledger), [Problem::ZeroBalance { address: address_of(88) }]);
}

#[test]
fn there_is_one_unspent_treasury_output() {
    let (sound, _) = planted();
    let key = [&[0][..], &milestone_id(MilestoneIndex(9)).0].concat();
    let mut ledger = sound.clone();
    delete(&mut ledger, LedgerTable::Treasury, &key);
    assert_eq!(
        problems(&ledger),
        [
            Problem::UnspentTreasuries { found: 0 },
            Problem::Supply { expected: TOKEN_SUPPLY, found: u128::from(8 * MI) },
            Problem::DiffTreasuryMissing { milestone: MilestoneIndex(9) },
        ]
    );
    let mut ledger = sound;
    put(&mut ledger, LedgerTable::Treasury, &[0; 33], &0_u64.to_le_bytes());
    assert_eq!(problems(&ledger), [Problem::UnspentTreasuries { found: 2 }]);
    assert!(osmia_chrysalis::ledger::treasury(&ledger).is_err());
}

#[test]
fn diffs_must_name_outputs_that_exist_and_are_theirs() {
    let (sound, id) = planted();
    let row = value(&sound, LedgerTable::Diffs, &8_u32.to_be_bytes());
    let mut ledger = sound.clone();
    put(&mut ledger, LedgerTable::Diffs, &700_u32.to_be_bytes(), &row);
    let found = problems(&ledger);
    assert_eq!(found.len(), 3, "two created and one consumed");
    assert!(found.contains(&Problem::DiffOutputDiffers { milestone: MilestoneIndex(700), id }));
    let mut ledger = sound;
    let mut missing = row;
    let at = missing.windows(34).position(|bytes| bytes == id.to_bytes()).unwrap();
    missing[at + 33] = 9;
    put(&mut ledger, LedgerTable::Diffs, &8_u32.to_be_bytes(), &missing);
    let id = OutputId { transaction_id: id.transaction_id, index: id.index + 9 * 256 };
    assert_eq!(problems(&ledger), [Problem::DiffOutputMissing { milestone: MilestoneIndex(8), id }]);
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    for table in LedgerTable::ALL {
        let (mut ledger, _) = planted();
        put(&mut ledger, table, &[0xff; 3], &[1, 2, 3]);
        let found = problems(&ledger);
        let [Problem::Unreadable { table: of, key, .. }] = found.as_slice() else {
            panic!("{table:?}: {found:?}")
        };
        assert_eq!((*of, key.as_slice()), (table, &[0xff; 3][..]));
    }
}

#[test]
fn a_receipt_stands_under_its_own_key() {
    let (mut ledger, _) = planted();
    let row = value(&ledger, LedgerTable::Receipts, &[0, 0, 0, 4, 0, 0, 0, 9]);
    put(&mut ledger, LedgerTable::Receipts, &[0, 0, 0, 5, 0, 0, 0, 9], &row);
    let found = problems(&ledger);
    assert!(
        matches!(found.as_slice(), [Problem::Unreadable { table: LedgerTable::Receipts, .. }]),
        "{found:?}"
    );
}

#[test]
fn the_list_of_problems_is_bounded_and_their_number_is_not() {
    let (mut ledger, _) = planted();
    // More than one batch of the audit, so that problems in every batch are seen.
    for number in 0..3000_u32 {
        put(&mut ledger, LedgerTable::Balances, &number.to_be_bytes(), &[]);
    }
    let report = audit(&ledger).unwrap();
    assert_eq!((report.problem_count, report.problems.len()), (3000, AUDIT_PROBLEMS_MAX));
}

#[test]
fn problems_say_what_is_wrong() {
    let (mut ledger, _) = planted();
    put(&mut ledger, LedgerTable::Treasury, &[0; 33], &0_u64.to_le_bytes());
    let texts: Vec<String> = problems(&ledger).iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["there are 2 unspent treasury outputs"]);
}
