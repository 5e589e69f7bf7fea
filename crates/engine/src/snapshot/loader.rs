//! Turning the items of snapshot files into rows, a chunk at a time.

use osmia_chrysalis::ledger::{
    Direction, MilestoneMoves, Row, check_no_outputs, import_milestone, import_outputs, import_treasury,
    remove_outputs, treasury,
};
use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{
    MilestoneDiff, SnapshotHeader, SnapshotItem, SnapshotKind, SnapshotOutput, SnapshotReader,
};
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Arrival, Batch, Durability, ScanRange, Store, StoreError, Table};

use super::error::{LoadError, SnapshotFile};
use super::progress::{Counted, PROGRESS_BYTES, Progress};
use crate::ledger::{StoreLedger, table};

/// Outputs that are looked up and written together. Each gives two rows and most a balance: 8 192 times about 600 bytes
/// in rows and 300 in their batch are 7 MiB, with the lookups 10 MiB.
pub const CHUNK_OUTPUTS: usize = 8_192;

/// Rows of an interrupted load that are removed together, of at most 73 bytes of key each: 1.5 MiB.
const REMOVED_ROWS: usize = 16_384;

/// The tables that only a node writes that had a ledger before.
const TABLES_OF_NODES: [Table; 6] =
    [Table::Log, Table::Children, Table::Index, Table::Cones, Table::Positions, Table::Milestones];

/// The tables that loading writes before the state.
const TABLES_OF_LOADS: [Table; 8] = [
    Table::Ids,
    Table::EntryPoints,
    Table::Outputs,
    Table::AddressOutputs,
    Table::Balances,
    Table::Diffs,
    Table::Treasury,
    Table::Receipts,
];

/// Removes what an interrupted load left in `store`, which holds no state.
///
/// # Errors
/// [`LoadError::LedgerLost`] when there is more than a load leaves.
pub(super) fn remove_rest(store: &Store) -> Result<(), LoadError> {
    let reader = store.latest();
    for table in TABLES_OF_NODES {
        if reader.first(table)?.is_some() {
            return Err(LoadError::LedgerLost);
        }
    }
    for table in TABLES_OF_LOADS {
        let mut batch = Batch::new();
        for row in reader.scan(table, ScanRange::all()) {
            let (key, _) = row?;
            batch.delete(table, &key);
            if batch.len() >= REMOVED_ROWS {
                store.commit(std::mem::take(&mut batch), Durability::Logged)?;
            }
        }
        store.commit(batch, Durability::Logged)?;
    }
    Ok(())
}

/// Loads the items of one file after the other.
pub(super) struct Loader<'a> {
    store: &'a Store,
    report: &'a mut dyn FnMut(Progress),
    /// Bytes of the files that were read to their end.
    bytes_before: u64,
    reported: u64,
    chunk: Vec<SnapshotOutput>,
    ids: Vec<MessageId>,
    outputs: u64,
    entry_points: u64,
    milestones: u64,
    /// Tokens in the outputs of the ledger.
    funds: u128,
}

/// What is being loaded.
#[derive(Clone, Copy)]
struct Source {
    file: SnapshotFile,
    header: SnapshotHeader,
    direction: Direction,
}

impl<'a> Loader<'a> {
    pub(super) fn new(store: &'a Store, report: &'a mut dyn FnMut(Progress)) -> Self {
        Self {
            store,
            report,
            bytes_before: 0,
            reported: 0,
            chunk: Vec::with_capacity(CHUNK_OUTPUTS),
            ids: Vec::new(),
            outputs: 0,
            entry_points: 0,
            milestones: 0,
            funds: 0,
        }
    }

    pub(super) const fn outputs(&self) -> u64 {
        self.outputs
    }

    pub(super) const fn entry_points(&self) -> u64 {
        self.entry_points
    }

    pub(super) const fn milestones(&self) -> u64 {
        self.milestones
    }

    /// Tokens in the outputs of the ledger.
    pub(super) const fn funds(&self) -> u128 {
        self.funds
    }

    /// Tokens in the treasury.
    pub(super) fn treasury(&self) -> Result<u64, StoreError> {
        let treasury = treasury(&StoreLedger(&self.store.latest()))?;
        let treasury = treasury.ok_or_else(|| StoreError::damaged("treasury", "it has no row"))?;
        Ok(treasury.amount)
    }

    /// Loads a whole file; its entry points only when they are those of the node.
    pub(super) fn load(
        &mut self,
        file: SnapshotFile,
        reader: &mut SnapshotReader<Counted<'_>>,
        keeps_entry_points: bool,
    ) -> Result<(), LoadError> {
        let header = *reader.header();
        let direction = match header.kind {
            SnapshotKind::Full { .. } => Direction::TakeBack,
            SnapshotKind::Delta => Direction::Apply,
        };
        let source = Source { file, header, direction };
        if let SnapshotKind::Full { treasury, .. } = &header.kind {
            self.put_rows([import_treasury(treasury)])?;
        }
        let mut next = match direction {
            Direction::TakeBack => header.ledger_index,
            Direction::Apply => header.ledger_index.later_by(1),
        };
        let mut has_whole_ledger = false;
        while let Some(item) =
            reader.next_item().map_err(|error| LoadError::Snapshot { file, source: error })?
        {
            match item {
                SnapshotItem::EntryPoint(id) if keeps_entry_points => self.entry_point(id, &source)?,
                SnapshotItem::EntryPoint(_) => {}
                SnapshotItem::Output(output) => self.output(output, &source)?,
                SnapshotItem::MilestoneDiff(diff) => {
                    if !std::mem::replace(&mut has_whole_ledger, true) {
                        self.end_of_outputs(&source)?;
                    }
                    check_order(file, next, diff.milestone.index)?;
                    self.milestone(*diff, &source)?;
                    next = match direction {
                        Direction::TakeBack => next.earlier_by(1),
                        Direction::Apply => next.later_by(1),
                    };
                }
            }
            self.report(reader.file().bytes(), PROGRESS_BYTES);
        }
        if !has_whole_ledger {
            self.end_of_outputs(&source)?;
        }
        self.flush_entry_points(&source)?;
        self.report(reader.file().bytes(), 0);
        self.bytes_before = self.bytes_before.saturating_add(reader.file().bytes());
        Ok(())
    }

    /// Reports when at least `step` bytes were read since the last time.
    fn report(&mut self, bytes_of_file: u64, step: u64) {
        let bytes = self.bytes_before.saturating_add(bytes_of_file);
        if bytes.saturating_sub(self.reported) < step {
            return;
        }
        self.reported = bytes;
        (self.report)(Progress { bytes, outputs: self.outputs, milestones: self.milestones });
    }

    fn entry_point(&mut self, id: MessageId, source: &Source) -> Result<(), LoadError> {
        self.ids.push(id);
        if self.ids.len() < CHUNK_OUTPUTS { Ok(()) } else { self.flush_entry_points(source) }
    }

    fn flush_entry_points(&mut self, source: &Source) -> Result<(), LoadError> {
        let file = source.file;
        let mut ids = std::mem::take(&mut self.ids);
        ids.sort_unstable();
        let mut batch = Batch::new();
        let reader = self.store.latest();
        let mut previous = None;
        for id in ids {
            let number = Arrival(self.entry_points);
            if !number.is_entry_point() {
                return Err(LoadError::TooManyEntryPoints(file));
            }
            if previous.replace(id) == Some(id) || reader.arrival(&id)?.is_some() {
                return Err(LoadError::EntryPointTwice { file, id });
            }
            batch.put_entry_point(number, id, source.header.entry_points_index);
            self.entry_points += 1;
        }
        Ok(self.store.commit(batch, Durability::Logged)?)
    }

    fn output(&mut self, output: SnapshotOutput, source: &Source) -> Result<(), LoadError> {
        self.chunk.push(output);
        if self.chunk.len() < CHUNK_OUTPUTS { Ok(()) } else { self.flush_outputs(source) }
    }

    fn flush_outputs(&mut self, source: &Source) -> Result<(), LoadError> {
        let mut chunk = std::mem::take(&mut self.chunk);
        self.come(&chunk, source.header.entry_points_index)
            .map_err(|error| LoadError::of(error, source.file, None))?;
        chunk.clear();
        self.chunk = chunk;
        Ok(())
    }

    /// The ledger of a full file is whole: its sum must be the supply before milestones are taken back.
    fn end_of_outputs(&mut self, source: &Source) -> Result<(), LoadError> {
        self.flush_outputs(source)?;
        let SnapshotKind::Full { treasury, .. } = source.header.kind else { return Ok(()) };
        let got = self.funds + u128::from(treasury.amount);
        if got != u128::from(TOKEN_SUPPLY) {
            return Err(LoadError::Supply { file: source.file, expected: TOKEN_SUPPLY, got });
        }
        Ok(())
    }

    fn milestone(&mut self, diff: MilestoneDiff, source: &Source) -> Result<(), LoadError> {
        let index = diff.milestone.index;
        let created = match source.direction {
            // Nobody knows which milestone created what this one consumed; it was there at the entry points.
            Direction::TakeBack => source.header.entry_points_index,
            Direction::Apply => index,
        };
        self.import(diff, created, source.direction)
            .map_err(|error| LoadError::of(error, source.file, Some(index)))?;
        self.milestones += 1;
        Ok(())
    }

    fn import(
        &mut self,
        diff: MilestoneDiff,
        created: MilestoneIndex,
        direction: Direction,
    ) -> Result<(), ImportError> {
        let moves = import_milestone(&StoreLedger(&self.store.latest()), diff, direction)?;
        let MilestoneMoves { rows, leave, come, pass } = moves;
        self.put_rows(rows).map_err(ImportError::Ledger)?;
        for ids in pass.chunks(CHUNK_OUTPUTS) {
            check_no_outputs(&StoreLedger(&self.store.latest()), ids)?;
        }
        for outputs in leave.chunks(CHUNK_OUTPUTS) {
            self.leave(outputs)?;
        }
        for outputs in come.chunks(CHUNK_OUTPUTS) {
            self.come(outputs, created)?;
        }
        Ok(())
    }

    fn come(&mut self, outputs: &[SnapshotOutput], created: MilestoneIndex) -> Result<(), ImportError> {
        let rows = import_outputs(&StoreLedger(&self.store.latest()), outputs, created)?;
        self.put_rows(rows).map_err(ImportError::Ledger)?;
        self.outputs += outputs.len() as u64;
        self.funds += sum(outputs);
        Ok(())
    }

    fn leave(&mut self, outputs: &[SnapshotOutput]) -> Result<(), ImportError> {
        let rows = remove_outputs(&StoreLedger(&self.store.latest()), outputs)?;
        self.put_rows(rows).map_err(ImportError::Ledger)?;
        // What left was there, so it was counted.
        self.outputs -= outputs.len() as u64;
        self.funds -= sum(outputs);
        Ok(())
    }

    fn put_rows(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for (to, key, value) in rows {
            match value {
                Some(value) => batch.put(table(to), &key, &value),
                None => batch.delete(table(to), &key),
            }
        }
        self.store.commit(batch, Durability::Logged)
    }
}

type ImportError = osmia_chrysalis::ledger::ImportError<StoreError>;

fn check_order(file: SnapshotFile, expected: MilestoneIndex, got: MilestoneIndex) -> Result<(), LoadError> {
    if expected == got { Ok(()) } else { Err(LoadError::MilestoneOrder { file, expected, got }) }
}

fn sum(outputs: &[SnapshotOutput]) -> u128 {
    outputs.iter().map(|output| u128::from(output.output.amount)).sum()
}
