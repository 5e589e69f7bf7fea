//! The ledger's tables in the store.

use std::ops::ControlFlow;

use osmia_chrysalis::ledger::{DamagedRow, LedgerRead, LedgerTable};
use osmia_primitives::MilestoneIndex;
use osmia_store::{Reader, ScanRange, StoreError, Table};

use crate::state::StoredState;

/// Reads the ledger through a [`Reader`], so at one point in time when that is a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct StoreLedger<'a>(pub &'a Reader<'a>);

/// The store's table for a ledger table.
#[must_use]
pub const fn table(table: LedgerTable) -> Table {
    match table {
        LedgerTable::Outputs => Table::Outputs,
        LedgerTable::AddressOutputs => Table::AddressOutputs,
        LedgerTable::Balances => Table::Balances,
        LedgerTable::Diffs => Table::Diffs,
        LedgerTable::Treasury => Table::Treasury,
        LedgerTable::Receipts => Table::Receipts,
    }
}

/// The milestone the ledger stands at, in the same state that `reader` reads.
///
/// # Errors
/// When the store cannot be read or holds no ledger.
pub fn index(reader: &Reader<'_>) -> Result<MilestoneIndex, StoreError> {
    let state = StoredState::load(reader)?;
    state.map(|state| state.confirmed.index).ok_or_else(|| StoreError::damaged("state", "it holds no ledger"))
}

impl LedgerRead for StoreLedger<'_> {
    type Error = StoreError;

    fn row(&self, from: LedgerTable, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table(from), key)
    }

    fn rows(&self, from: LedgerTable, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.0.get_many(table(from), keys)
    }

    fn scan(
        &self,
        from: LedgerTable,
        prefix: &[u8],
        visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for row in self.0.scan(table(from), ScanRange::prefix(prefix)) {
            let (key, value) = row?;
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damaged(&self, row: DamagedRow) -> StoreError {
        StoreError::damaged(&format!("{:?}", row.table).to_lowercase(), &row.to_string())
    }
}
