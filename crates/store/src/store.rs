//! Opening, committing and closing.

use std::path::{Path, PathBuf};

use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, Env, FlushOptions, Options, WriteBatch, WriteOptions,
};

use osmia_primitives::MilestoneIndex;

use crate::batch::Batch;
use crate::error::StoreError;
use crate::keys;
use crate::limits::CHUNK_ARRIVALS_MAX;
use crate::options::{self, Shared, StoreOptions};
use crate::page::{self, Page};
use crate::reader::Reader;
use crate::table::Table;
use crate::vertex::{Arrival, Position};
use crate::{cone, ids};

/// The schema this program reads and writes: what docs/formats/store.md describes.
pub const SCHEMA: u64 = 1;
const SCHEMA_NAME: &[u8] = b"schema";

/// When a commit is safe from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// In the write-ahead log when the call returns: safe from a crash of the process, not from a loss of power.
    Logged,
    /// Synced to the disk when the call returns, with every commit before it: safe from a loss of power.
    Synced,
}

/// Bytes the store holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Blocks in the cache, indexes and filters among them.
    pub cache_bytes: usize,
    /// Rows not yet flushed.
    pub write_buffer_bytes: usize,
    /// What open table files hold beside the cache.
    pub table_reader_bytes: usize,
}

/// An open store. Any thread may read; **one** thread writes, because [`Store::put_positions`] reads rows that it
/// writes and [`Store::commit`] looks ids up before it enters them.
pub struct Store {
    pub(crate) db: DB,
    shared: Shared,
    logged: WriteOptions,
    synced: WriteOptions,
    /// `None`: the store is in memory.
    folder: Option<PathBuf>,
    is_flushed: bool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in the folder `path`, which is created when missing. After an unclean stop everything that
    /// was committed is there.
    ///
    /// # Errors
    /// Every kind of [`StoreError`]; the message names the fix.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let shared = Shared::new(options);
        let database = options::of_database(options)?;
        if !path.join("CURRENT").exists() {
            Self::create(path, options)?;
        }
        check_tables(path, &database)?;
        let store = Self::open_with(path, &database, shared, Some(path.to_owned()))?;
        store.check_schema(path)?;
        Ok(store)
    }

    /// Makes an empty store beside the folder and moves it there when it is complete: a database whose making was
    /// interrupted lacks its log, and cannot be told from one that lost it.
    fn create(path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
        let failed = |source| StoreError::Open { path: path.to_owned(), source };
        let draft = draft_of(path);
        match std::fs::remove_dir_all(&draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        std::fs::create_dir_all(&draft).map_err(failed)?;
        let database = options::of_database(options)?;
        let store = Self::open_with(&draft, &database, Shared::new(options), Some(draft.clone()))?;
        store.check_schema(path)?;
        store.close()?;
        std::fs::rename(&draft, path).map_err(failed)?;
        // The move itself must survive a loss of power before anything is told to be stored.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)
    }

    /// A store that lives in memory and works the same, for tests and simulation.
    ///
    /// # Errors
    /// When memory cannot be had.
    pub fn in_memory() -> Result<Self, StoreError> {
        let options = StoreOptions::small_machine();
        let shared = Shared::new(&options);
        let mut database = options::of_database(&options)?;
        database.set_env(&Env::mem_env()?);
        let path = Path::new("/store");
        let store = Self::open_with(path, &database, shared, None)?;
        store.check_schema(path)?;
        Ok(store)
    }

    fn open_with(
        path: &Path,
        database: &Options,
        shared: Shared,
        folder: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let families = Table::ALL
            .map(|table| ColumnFamilyDescriptor::new(table.name(), options::of_table(table, &shared)));
        let db = DB::open_cf_descriptors(database, path, families)
            .map_err(|error| StoreError::of_open(path, error))?;
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        Ok(Self { db, shared, logged: WriteOptions::default(), synced, folder, is_flushed: false })
    }

    /// Checks the schema, or names it in a store that holds nothing yet.
    fn check_schema(&self, path: &Path) -> Result<(), StoreError> {
        let reader = self.latest();
        let found = match reader.state_number(SCHEMA_NAME)? {
            Some(SCHEMA) => return Ok(()),
            Some(found) => found,
            None if self.is_empty(&reader)? => {
                let mut batch = Batch::new();
                batch.put_state_number(SCHEMA_NAME, SCHEMA);
                return self.commit(batch, Durability::Synced);
            }
            None => 0,
        };
        Err(StoreError::Schema { path: path.to_owned(), found, expected: SCHEMA })
    }

    fn is_empty(&self, reader: &Reader<'_>) -> Result<bool, StoreError> {
        for table in Table::ALL {
            if reader.first(table)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The column family of a table.
    pub(crate) fn family(&self, table: Table) -> &ColumnFamily {
        self.db.cf_handle(table.name()).expect("because opening creates every table")
    }

    /// Reads the latest commit, each call anew.
    #[must_use]
    pub fn latest(&self) -> Reader<'_> {
        Reader::new(self, None)
    }

    /// Reads the commit that is the latest now, whatever is committed later.
    #[must_use]
    pub fn snapshot(&self) -> Reader<'_> {
        Reader::new(self, Some(self.db.snapshot()))
    }

    /// Makes the changes of `batch` visible and durable, all or none. One thread commits.
    ///
    /// # Errors
    /// When the store cannot be read or written, and [`StoreError::Damaged`] when a message of the batch is stored
    /// already. Nothing of the batch is visible then; the caller must stop. After the next start a batch that could
    /// not be synced is there as a whole or not at all.
    pub fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let id_rows = ids::rows(&self.latest(), batch.ids())?;
        let families = Table::ALL.map(|table| self.family(table));
        let family =
            |table: Table| families.get(table as usize).expect("because there is one for each table");
        let mut writes = WriteBatch::with_capacity_bytes(batch.bytes() + 8 * batch.len());
        for change in batch.changes() {
            match change.value {
                Some(value) => writes.put_cf(family(change.table), change.key, value),
                None => writes.delete_cf(family(change.table), change.key),
            }
        }
        for row in &id_rows {
            writes.put_cf(family(Table::Ids), row.key(), keys::of_arrival(row.arrival));
        }
        for (number, page) in batch.pages() {
            writes.put_cf(family(Table::Positions), number.to_be_bytes(), page.as_bytes());
        }
        let options = match durability {
            Durability::Logged => &self.logged,
            Durability::Synced => &self.synced,
        };
        self.db.write_opt(writes, options).map_err(StoreError::from)
    }

    /// Adds to `batch` that `milestone` referenced `cone`, in white-flag order, with an outcome each: the cone's
    /// chunks and the messages' positions. Once per milestone, from the thread that commits: pages are read from the
    /// store and from `batch`, so `batch` must be committed before another one changes positions.
    ///
    /// # Errors
    /// When the store cannot be read.
    ///
    /// # Panics
    /// When `milestone` is 0, which stands for "not referenced", or an arrival is an entry point.
    #[expect(clippy::panic_in_result_fn, reason = "the assertions state what the caller must keep")]
    pub fn put_positions(
        &self,
        batch: &mut Batch,
        milestone: MilestoneIndex,
        cone: &[(Arrival, u8)],
    ) -> Result<(), StoreError> {
        assert!(milestone.0 > 0, "milestone 0 cannot reference messages");
        for (chunk, number) in cone.chunks(CHUNK_ARRIVALS_MAX).zip(0..) {
            let arrivals: Vec<Arrival> = chunk.iter().map(|(arrival, _)| *arrival).collect();
            batch.put(Table::Cones, &keys::cone_chunk(milestone, number), &cone::pack(&arrivals));
        }
        self.load_pages(batch, cone)?;
        for (arrival, outcome) in cone {
            assert!(!arrival.is_entry_point(), "entry point {arrival} has no position");
            let (number, in_page) = page::place(*arrival);
            let page = batch.pages_mut().get_mut(&number).expect("because it was loaded");
            page.set(in_page, Position { milestone, outcome: *outcome });
        }
        Ok(())
    }

    /// Brings the pages of `cone` into `batch`.
    fn load_pages(&self, batch: &mut Batch, cone: &[(Arrival, u8)]) -> Result<(), StoreError> {
        let mut missing: Vec<u64> = cone.iter().map(|(arrival, _)| page::place(*arrival).0).collect();
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|number| !batch.pages().contains_key(number));
        let keys: Vec<[u8; 8]> = missing.iter().map(|number| number.to_be_bytes()).collect();
        let mut pages = Vec::with_capacity(keys.len());
        self.latest().get_many_with(Table::Positions, &keys, true, |row| {
            pages.push(row.map_or_else(|| Some(Page::empty()), Page::parse));
        })?;
        for (number, page) in missing.into_iter().zip(pages) {
            let page = page.ok_or_else(|| {
                StoreError::damaged("positions", &format!("page {number} has a wrong length"))
            })?;
            batch.pages_mut().insert(number, page);
        }
        Ok(())
    }

    /// Writes everything to table files, so that the next start has nothing to replay.
    ///
    /// # Errors
    /// When the disk is full or cannot be written.
    pub fn flush(&self) -> Result<(), StoreError> {
        let families = Table::ALL.map(|table| self.family(table));
        self.db
            .flush_cfs_opt(&families.each_ref().map(|family| *family), &FlushOptions::default())
            .map_err(StoreError::from)
    }

    /// Flushes and closes. (Dropping does the same without telling of errors; what is in the log stays there.)
    ///
    /// # Errors
    /// When flushing fails; everything committed is in the write-ahead log still.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.is_flushed = true;
        self.flush()
    }

    /// Bytes of all files of the store; in memory, of its tables.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        let Some(folder) = &self.folder else { return self.sum("rocksdb.total-sst-files-size") };
        folder_bytes(folder).map_err(|source| StoreError::Files { path: folder.clone(), source })
    }

    /// Bytes held in memory, for metrics.
    ///
    /// # Errors
    /// When RocksDB does not know.
    pub fn memory_use(&self) -> Result<MemoryUse, StoreError> {
        let bytes = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(MemoryUse {
            cache_bytes: self.shared.cache.get_usage(),
            write_buffer_bytes: bytes(self.sum("rocksdb.size-all-mem-tables")?),
            table_reader_bytes: bytes(self.sum("rocksdb.estimate-table-readers-mem")?),
        })
    }

    /// The sum of a number RocksDB keeps for each table.
    fn sum(&self, property: &str) -> Result<u64, StoreError> {
        let mut sum = 0_u64;
        for table in Table::ALL {
            sum += self.db.property_int_value_cf(self.family(table), property)?.unwrap_or(0);
        }
        Ok(sum)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A failed flush loses nothing: every commit is in the write-ahead log, and the next start replays it.
        self.is_flushed = self.is_flushed || self.folder.is_none() || self.flush().is_ok();
    }
}

/// Refuses a folder with tables that this program does not know.
/// Where a store is made before it is moved to `path`: its name with `.new` at the end.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn check_tables(path: &Path, database: &Options) -> Result<(), StoreError> {
    let names = DB::list_cf(database, path).map_err(|error| StoreError::of_open(path, error))?;
    let known = |name: &str| name == "default" || Table::ALL.iter().any(|table| table.name() == name);
    match names.into_iter().find(|name| !known(name)) {
        Some(table) => Err(StoreError::Foreign { path: path.to_owned(), table }),
        None => Ok(()),
    }
}

fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        match entry?.metadata() {
            Ok(metadata) => bytes += metadata.len(),
            // RocksDB removes files while they are listed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
