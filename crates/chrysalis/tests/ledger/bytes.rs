//! The bytes of every kind of row, pinned. A change here needs a new version of docs/formats/ledger.md and a migration.

use osmia_chrysalis::TOKEN_SUPPLY;
use osmia_chrysalis::ledger::{
    GenesisOutput, LedgerRead, LedgerTable, MemoryLedger, MilestoneChanges, TreasuryOutput, insert_genesis,
};
use osmia_chrysalis::{Output, OutputId, Transaction};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId, hex};

use crate::world::{ALLOWANCE, HASHER, SINGLE, address_of, created, output, receipt, spend};

/// Every row of a table as `key=value` in hexadecimal.
fn dump(ledger: &MemoryLedger, table: LedgerTable) -> Vec<String> {
    let mut rows = Vec::new();
    ledger
        .scan(table, &[], &mut |key, value| {
            rows.push(format!("{}={}", hex::encode(key), hex::encode(value)));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

fn genesis_output(number: u8, output: Output) -> GenesisOutput {
    let id = OutputId { transaction_id: TransactionId([number; 32]), index: u16::from(number) };
    GenesisOutput { id, message_id: MessageId([number + 1; 32]), output }
}

/// One output of owner 1 spent by milestone 0x0102, which pays owner 2 and has a receipt for owner 3.
fn ledger() -> (MemoryLedger, Transaction) {
    let genesis = [
        genesis_output(0x10, output(1, SINGLE, 3_000_005)),
        genesis_output(0x20, output(2, ALLOWANCE, 1_000_000)),
    ];
    let treasury = TreasuryOutput { milestone_id: MilestoneId([0x30; 32]), amount: TOKEN_SUPPLY - 4_000_005 };
    let mut ledger = MemoryLedger::new();
    ledger.write(insert_genesis(&genesis, Some(treasury), MilestoneIndex(5)));
    let paid = [output(2, SINGLE, 5), output(4, SINGLE, 3_000_000)];
    let transaction = spend(&[(genesis[0].id, 1)], &paid);
    let mut changes = MilestoneChanges::new(&ledger, MilestoneIndex(0x0102), HASHER);
    let message_id = MessageId([0x40; 32]);
    assert_eq!(changes.apply(message_id, &transaction, transaction.id(), true), Ok(None));
    let receipt = receipt(0x0304, &[(3, 2_000_000)], TOKEN_SUPPLY - 6_000_005);
    changes.apply_receipt(MilestoneId([0x50; 32]), MessageId([0x60; 32]), &receipt).unwrap().unwrap();
    let rows = changes.finish().into_rows();
    ledger.write(rows);
    (ledger, transaction)
}

fn address(owner: u8) -> String {
    hex::encode(&address_of(owner).to_bytes())
}

/// `bytes` repeated to 32 bytes.
fn id(byte: &str) -> String {
    byte.repeat(32)
}

#[test]
fn rows_of_outputs() {
    let (ledger, transaction) = ledger();
    let mut expected = [
        // Spent: message, kind, address, amount, created; transaction and milestone that spent it.
        format!(
            "{}1000={}00{}c5c62d000000000005000000{}02010000",
            id("10"),
            id("11"),
            address(1),
            transaction.id()
        ),
        format!("{}2000={}01{}40420f000000000005000000", id("20"), id("21"), address(2)),
        format!("{}0000={}00{}80841e000000000002010000", id("50"), id("60"), address(3)),
        format!("{}={}00{}050000000000000002010000", created(&transaction, 2, SINGLE), id("40"), address(2)),
        format!("{}={}00{}c0c62d000000000002010000", created(&transaction, 4, SINGLE), id("40"), address(4)),
    ];
    expected.sort_unstable();
    assert_eq!(dump(&ledger, LedgerTable::Outputs), expected);
}

#[test]
fn rows_of_the_lists_of_addresses() {
    let (ledger, transaction) = ledger();
    let mut expected = [
        // Address, spent, kind, inverted milestone, output id.
        format!("{}0100fffffffa{}1000=", address(1), id("10")),
        format!("{}0001fffffffa{}2000=", address(2), id("20")),
        format!("{}0000fffffefd{}=", address(2), created(&transaction, 2, SINGLE)),
        format!("{}0000fffffefd{}0000=", address(3), id("50")),
        format!("{}0000fffffefd{}=", address(4), created(&transaction, 4, SINGLE)),
    ];
    expected.sort_unstable();
    assert_eq!(dump(&ledger, LedgerTable::AddressOutputs), expected);
}

#[test]
fn rows_of_balances() {
    let mut expected = [
        format!("{}=45420f000000000040420f00000000000100000000000000", address(2)),
        format!("{}=80841e000000000000000000000000000000000000000000", address(3)),
        format!("{}=c0c62d000000000000000000000000000000000000000000", address(4)),
    ];
    expected.sort_unstable();
    assert_eq!(dump(&ledger().0, LedgerTable::Balances), expected);
}

#[test]
fn rows_of_diffs() {
    let (ledger, transaction) = ledger();
    let transaction_id = transaction.id();
    let mut created =
        [format!("{}0000", id("50")), format!("{transaction_id}0000"), format!("{transaction_id}0100")];
    created.sort_unstable();
    let consumed = format!("{}1000", id("10"));
    let treasury = format!("01{}{}04030000", id("50"), id("30"));
    let expected = format!("00000102=03000000{}01000000{consumed}{treasury}", created.concat());
    assert_eq!(dump(&ledger, LedgerTable::Diffs), [expected]);
}

#[test]
fn a_diff_without_changes() {
    let (mut ledger, _) = ledger();
    let rows = MilestoneChanges::new(&ledger, MilestoneIndex(0x0103), HASHER).finish().into_rows();
    ledger.write(rows);
    assert_eq!(dump(&ledger, LedgerTable::Diffs)[1], "00000103=000000000000000000");
}

#[test]
fn rows_of_the_treasury() {
    let amount = |amount: u64| hex::encode(&amount.to_le_bytes());
    let expected = [
        format!("00{}={}", id("50"), amount(TOKEN_SUPPLY - 6_000_005)),
        format!("01{}={}", id("30"), amount(TOKEN_SUPPLY - 4_000_005)),
    ];
    assert_eq!(dump(&ledger().0, LedgerTable::Treasury), expected);
}

#[test]
fn rows_of_receipts() {
    let receipt = receipt(0x0304, &[(3, 2_000_000)], TOKEN_SUPPLY - 6_000_005);
    let expected = format!("0000030400000102={}", hex::encode(&receipt.pack()));
    assert_eq!(dump(&ledger().0, LedgerTable::Receipts), [expected]);
}
