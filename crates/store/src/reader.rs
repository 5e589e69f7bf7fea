//! Reading rows, at the latest state or at one point in time.

use std::ops::ControlFlow;

use rocksdb::{ReadOptions, Snapshot};

use crate::error::StoreError;
use crate::limits::READ_ROWS_MAX;
use crate::scan::{Row, Scan, ScanRange, Value};
use crate::store::Store;
use crate::table::Table;

/// Reads from a store: each call from the latest commit ([`Store::latest`]), or all calls from one commit
/// ([`Store::snapshot`]). A reader of a snapshot keeps what it sees on disk while it lives: do not hold one for long.
pub struct Reader<'a> {
    pub(crate) store: &'a Store,
    /// The options name the snapshot, so they go first.
    options: ReadOptions,
    snapshot: Option<Snapshot<'a>>,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("is_snapshot", &self.snapshot.is_some())
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a Store, snapshot: Option<Snapshot<'a>>) -> Self {
        let options = read_options(snapshot.as_ref());
        Self { store, options, snapshot }
    }

    /// The row `key` of `table`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get_with(table, key, <[u8]>::to_vec)
    }

    /// What `read` makes of the row `key` of `table`, without copying the row.
    pub(crate) fn get_with<T>(
        &self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        let row = self.store.db.get_pinned_cf_opt(self.store.family(table), key, &self.options)?;
        Ok(row.map(|row| read(&row)))
    }

    /// The rows `keys` of `table`, in the order of `keys`; several are read at once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get_many<K: AsRef<[u8]>>(
        &self,
        table: Table,
        keys: &[K],
    ) -> Result<Vec<Option<Value>>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        self.get_many_with(table, keys, false, |row| rows.push(row.map(<[u8]>::to_vec)))?;
        Ok(rows)
    }

    /// Gives each of the rows `keys` to `read`, in the order of `keys`, without copying them.
    pub(crate) fn get_many_with<K: AsRef<[u8]>>(
        &self,
        table: Table,
        keys: &[K],
        keys_are_sorted: bool,
        mut read: impl FnMut(Option<&[u8]>),
    ) -> Result<(), StoreError> {
        let family = self.store.family(table);
        for keys in keys.chunks(READ_ROWS_MAX) {
            for row in self.store.db.batched_multi_get_cf_opt(family, keys, keys_are_sorted, &self.options) {
                read(row?.as_deref());
            }
        }
        Ok(())
    }

    /// The rows of `table` in `range`, in the order of their keys.
    #[must_use]
    pub fn scan(&self, table: Table, range: ScanRange) -> Scan<'_> {
        self.scan_with(table, range, read_options(self.snapshot.as_ref()))
    }

    /// As [`Reader::scan`], leaving the cache to others.
    pub(crate) fn scan_uncached(&self, table: Table, range: ScanRange) -> Scan<'_> {
        let mut options = read_options(self.snapshot.as_ref());
        options.fill_cache(false);
        self.scan_with(table, range, options)
    }

    fn scan_with(&self, table: Table, range: ScanRange, options: ReadOptions) -> Scan<'_> {
        let family = self.store.family(table);
        Scan::new(range, options, |options| self.store.db.raw_iterator_cf_opt(family, options))
    }

    /// Gives the rows of `table` in `range` to `visit`, without copying them, until it breaks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn visit(
        &self,
        table: Table,
        range: ScanRange,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut scan = self.scan(table, range);
        while let Some(flow) = scan.read(&mut visit)? {
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The row of `table` with the smallest key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first(&self, table: Table) -> Result<Option<Row>, StoreError> {
        self.scan(table, ScanRange::all()).next().transpose()
    }

    /// The row of `table` with the largest key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last(&self, table: Table) -> Result<Option<Row>, StoreError> {
        self.scan(table, ScanRange::all().reverse()).next().transpose()
    }

    /// A number of the state table.
    ///
    /// # Errors
    /// When the store cannot be read, or the row is not a number.
    pub fn state_number(&self, name: &[u8]) -> Result<Option<u64>, StoreError> {
        let Some(row) = self.get(Table::State, name)? else { return Ok(None) };
        let number = row.try_into().map(u64::from_be_bytes);
        number.map(Some).map_err(|_| StoreError::damaged("state", "a number does not have eight bytes"))
    }
}

fn read_options(snapshot: Option<&Snapshot<'_>>) -> ReadOptions {
    let mut options = ReadOptions::default();
    if let Some(snapshot) = snapshot {
        options.set_snapshot(snapshot);
    }
    options
}
