//! A ledger in memory.

use std::collections::BTreeMap;

use super::{DamagedRow, LedgerRead, LedgerTable, Row, Visit};

type RowKey = (LedgerTable, Vec<u8>);

/// A ledger in memory, for tests, the simulator and tools. Two are equal when all of their rows are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryLedger {
    rows: BTreeMap<RowKey, Vec<u8>>,
}

impl MemoryLedger {
    /// A ledger without any row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes rows, as [`Changes::rows`](super::Changes::rows) or [`undo`](super::undo()) give them.
    pub fn write(&mut self, rows: impl IntoIterator<Item = Row>) {
        for (table, key, value) in rows {
            match value {
                Some(value) => self.rows.insert((table, key), value),
                None => self.rows.remove(&(table, key)),
            };
        }
    }

    /// How many rows a table has.
    #[must_use]
    pub fn count(&self, table: LedgerTable) -> usize {
        self.rows.keys().filter(|(of, _)| *of == table).count()
    }
}

impl LedgerRead for MemoryLedger {
    type Error = DamagedRow;

    fn row(&self, table: LedgerTable, key: &[u8]) -> Result<Option<Vec<u8>>, DamagedRow> {
        Ok(self.rows.get(&(table, key.to_vec())).cloned())
    }

    fn scan(&self, table: LedgerTable, prefix: &[u8], visit: Visit<'_>) -> Result<(), DamagedRow> {
        let from = (table, prefix.to_vec());
        let rows = self.rows.range(from..);
        for ((_, key), value) in rows.take_while(|((of, key), _)| *of == table && key.starts_with(prefix)) {
            if visit(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damaged(&self, row: DamagedRow) -> DamagedRow {
        row
    }
}
