//! The ledger: outputs, balances, treasury and receipts, and what a milestone changes in them.
//!
//! The ledger is six tables of bytes ([`LedgerTable`], described in docs/formats/ledger.md). This module reads them
//! through [`LedgerRead`] and answers with the [`Row`]s to write; it stores nothing itself. A milestone is confirmed by
//! [`MilestoneChanges`]: the transactions of its cone in white-flag order (TIP-2), then its receipt (TIP-17), then
//! [`MilestoneChanges::finish`], whose rows belong into one atomic write.
//!
//! Invariants, all checked by [`audit()`]:
//! - unspent outputs and the unspent treasury output sum up to the supply;
//! - an output stands exactly once in the list of its address, as unspent or as spent;
//! - the balance of an address is the sum of its unspent outputs, and an address without any has no row;
//! - there is exactly one unspent treasury output;
//! - every output id in the diff of a milestone has its output.

mod audit;
mod balance;
mod changes;
mod conflict;
mod genesis;
mod import;
mod keys;
pub mod limits;
mod memory;
mod read;
mod receipt;
mod rows;
mod undo;

use std::fmt;
use std::ops::ControlFlow;

use osmia_primitives::hex;

pub use audit::{AuditReport, Problem, audit};
pub use balance::Balance;
pub use changes::{BorrowedRow, Changes, MilestoneChanges};
pub use conflict::ConflictReason;
pub use genesis::{GenesisOutput, insert_genesis};
pub use import::{
    Contradiction, Direction, ImportError, Imported, MilestoneMoves, check_no_outputs, import_milestone,
    import_outputs, import_treasury, remove_outputs,
};
pub use memory::MemoryLedger;
pub use read::{
    AddressOutput, OutputFilter, StoredReceipt, balance, diff, load_output, outputs_of_address, receipts,
    treasury, visit_outputs,
};
pub use receipt::ReceiptError;
pub use rows::{MilestoneDiff, Spent, StoredOutput, TreasuryMutation, TreasuryOutput};
pub use undo::{prune, undo};

/// A table of the ledger. Keys and values are bytes; docs/formats/ledger.md pins them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerTable {
    /// Every output that exists, spent ones until they are pruned, by output id.
    Outputs,
    /// The outputs of each address: unspent before spent, by kind, newest first.
    AddressOutputs,
    /// What each address holds; no row for an address that holds nothing.
    Balances,
    /// Which outputs each milestone created and consumed.
    Diffs,
    /// The treasury outputs: one unspent, the earlier ones spent.
    Treasury,
    /// The receipts of applied milestones, by the legacy milestone they migrated funds of.
    Receipts,
}

impl LedgerTable {
    /// Every table.
    pub const ALL: [Self; 6] =
        [Self::Outputs, Self::AddressOutputs, Self::Balances, Self::Diffs, Self::Treasury, Self::Receipts];
}

/// A row to write: the table, the key and the new value; `None` deletes the row.
pub type Row = (LedgerTable, Vec<u8>, Option<Vec<u8>>);

/// What a bulk read found: the value of each key, `None` where there is no row.
pub type Values = Vec<Option<Vec<u8>>>;

/// Is shown the key and the value of each row of a scan, until it breaks.
pub type Visit<'a> = &'a mut (dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a);

/// A stored row that contradicts the format or the other rows: the database was damaged or written by a fault. A node
/// that meets one must stop.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger is damaged: row {} of {table:?}: {problem}", hex::encode(key))]
pub struct DamagedRow {
    /// The table of the row.
    pub table: LedgerTable,
    /// The key of the row.
    pub key: Vec<u8>,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Debug for DamagedRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Read access to the tables of a ledger at one point in time.
///
/// Implemented by [`MemoryLedger`] and, over a snapshot of the store, by the engine.
pub trait LedgerRead {
    /// Why a read failed.
    type Error;

    /// The value of one row; `None` when there is no such row.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn row(&self, table: LedgerTable, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The values of many rows, one for each key and in their order.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn rows(&self, table: LedgerTable, keys: &[Vec<u8>]) -> Result<Values, Self::Error> {
        keys.iter().map(|key| self.row(table, key)).collect()
    }

    /// Visits the rows whose keys start with `prefix` in ascending order of their keys, until `visit` breaks.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn scan(&self, table: LedgerTable, prefix: &[u8], visit: Visit<'_>) -> Result<(), Self::Error>;

    /// The error that says that a row is damaged.
    fn damaged(&self, row: DamagedRow) -> Self::Error;
}

/// Reads one row and decodes it.
fn read<L: LedgerRead, T>(
    ledger: &L,
    table: LedgerTable,
    key: &[u8],
    parse: rows::Parser<T>,
) -> Result<Option<T>, L::Error> {
    let Some(value) = ledger.row(table, key)? else { return Ok(None) };
    decode(ledger, table, key, parse(&value)).map(Some)
}

/// Reads the rows of many keys.
fn read_many<L: LedgerRead, const BYTES: usize>(
    ledger: &L,
    table: LedgerTable,
    keys: &[keys::Key<BYTES>],
) -> Result<Values, L::Error> {
    let wanted: Vec<Vec<u8>> = keys.iter().map(|key| key.0.to_vec()).collect();
    let values = ledger.rows(table, &wanted)?;
    check_answered(keys.len(), values.len());
    Ok(values)
}

fn check_answered(asked: usize, answered: usize) {
    assert_eq!(asked, answered, "a bulk read answers for every key");
}

/// Turns the outcome of decoding a row into the ledger's error.
fn decode<L: LedgerRead, T>(
    ledger: &L,
    table: LedgerTable,
    key: &[u8],
    parsed: rows::Parsed<T>,
) -> Result<T, L::Error> {
    parsed.map_err(|problem| ledger.damaged(DamagedRow { table, key: key.to_vec(), problem }))
}
