//! Loading snapshot files (TIP-9, format version 1) into an empty store: the ledger, the entry points and the indexes a
//! node starts from.
//!
//! A full file, and on top of it a delta file when there is one, are read from front to back, once. What was read is
//! written in chunks ([`CHUNK_OUTPUTS`]); the row that makes the store count as loaded is written last, synced. A crash or an
//! error before that leaves rows that no node reads; the next load removes them first.
//!
//! Memory does not grow with the files, but for the largest single milestone in them: about 12 MiB for the chunk, its rows and
//! the batch they are copied to, beside the cache and the write buffers of the store, and 250 bytes for each output that the
//! milestone at hand creates or consumes.
//!
//! What a node that starts from a snapshot does not have: messages and milestones up to the index of the entry points, the
//! outputs spent before it, and the receipts of full files. Outputs count as created by the milestone that a delta file says,
//! or else by that of the full file's entry points.

mod error;
mod loader;
mod progress;

use std::io::Read;

use osmia_chrysalis::ProtocolParameters;
use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{SnapshotHeader, SnapshotKind, SnapshotReader};
use osmia_primitives::MilestoneIndex;
use osmia_store::{Batch, Durability, Reader, Store, StoreError};

use crate::state::StoredState;
use crate::view::MilestoneMark;
use loader::Loader;
use progress::Counted;

pub use error::{LoadError, SnapshotFile};
pub use loader::CHUNK_OUTPUTS;
pub use progress::{PROGRESS_BYTES, Progress};

/// What was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The milestone the node starts at.
    pub index: MilestoneIndex,
    /// When that milestone was issued, in seconds of unix time.
    pub timestamp: u64,
    /// The unspent outputs of the ledger.
    pub outputs: u64,
    /// The entry points.
    pub entry_points: u64,
    /// The milestones that were taken back or applied.
    pub milestones: u64,
    /// Tokens in the treasury.
    pub treasury: u64,
}

/// Whether the store holds a ledger.
///
/// # Errors
/// When the store cannot be read.
pub fn is_loaded(store: &Store) -> Result<bool, StoreError> {
    Ok(StoredState::load(&store.latest())?.is_some())
}

/// The milestone of the snapshot that the store was loaded from; `None` when it holds no ledger. The milestones after it are
/// those whose messages the node has seen.
///
/// # Errors
/// When the store cannot be read.
pub fn snapshot_index(reader: &Reader<'_>) -> Result<Option<MilestoneIndex>, StoreError> {
    Ok(StoredState::load(reader)?.map(|state| state.snapshot_index))
}

/// Loads the file `full`, and on top of it `delta`, into the empty `store`. Neither file need be buffered.
///
/// `progress` is called after every [`PROGRESS_BYTES`] of the files, and at their end. What an interrupted load left in the
/// store is removed first. One thread works; it must be the one that commits to the store.
///
/// # Errors
/// See [`LoadError`]. The store counts as empty then, whatever was written to it.
pub fn load_snapshot(
    store: &Store,
    parameters: &ProtocolParameters,
    full: &mut dyn Read,
    delta: Option<&mut dyn Read>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, LoadError> {
    if let Some(state) = StoredState::load(&store.latest())? {
        return Err(LoadError::NotEmpty(state.confirmed.index));
    }
    let mut full = open(SnapshotFile::Full, full, parameters)?;
    // Both headers are checked before anything is written.
    let mut delta = delta.map(|delta| open(SnapshotFile::Delta, delta, parameters)).transpose()?;
    if let Some(delta) = &delta {
        check_pair(full.header(), delta.header())?;
    }
    loader::remove_rest(store)?;
    let mut loader = Loader::new(store, progress);
    loader.load(SnapshotFile::Full, &mut full, delta.is_none())?;
    let (mut last, mut header) = (SnapshotFile::Full, *full.header());
    if let Some(delta) = &mut delta {
        loader.load(SnapshotFile::Delta, delta, true)?;
        (last, header) = (SnapshotFile::Delta, *delta.header());
    }
    finish(store, &loader, last, &header)
}

/// Opens a file and checks what its header says.
fn open<'a>(
    file: SnapshotFile,
    bytes: &'a mut dyn Read,
    parameters: &ProtocolParameters,
) -> Result<SnapshotReader<Counted<'a>>, LoadError> {
    let reader =
        SnapshotReader::open(Counted::new(bytes)).map_err(|source| LoadError::Snapshot { file, source })?;
    let header = reader.header();
    if header.network_id != parameters.network_id {
        return Err(LoadError::OtherNetwork {
            file,
            expected: parameters.network_id,
            got: header.network_id,
        });
    }
    let is_full = matches!(header.kind, SnapshotKind::Full { .. });
    if is_full != (file == SnapshotFile::Full) {
        return Err(LoadError::OtherKind(file));
    }
    let (one, other) = (header.entry_points_index, header.ledger_index);
    let milestones = u64::from(one.0.abs_diff(other.0));
    if header.milestone_diffs != milestones {
        return Err(LoadError::MilestoneCount { file, expected: milestones, got: header.milestone_diffs });
    }
    if header.entry_points == 0 {
        return Err(LoadError::NoEntryPoints(file));
    }
    if header.entry_points_index.next().is_none() || header.ledger_index.next().is_none() {
        return Err(LoadError::LastIndex(file));
    }
    Ok(reader)
}

fn check_pair(full: &SnapshotHeader, delta: &SnapshotHeader) -> Result<(), LoadError> {
    if full.entry_points_index != delta.ledger_index {
        return Err(LoadError::OtherBase { full: full.entry_points_index, delta: delta.ledger_index });
    }
    Ok(())
}

/// Checks the supply once more, and makes the store count as loaded.
fn finish(
    store: &Store,
    loader: &Loader<'_>,
    last: SnapshotFile,
    header: &SnapshotHeader,
) -> Result<Loaded, LoadError> {
    let treasury = loader.treasury()?;
    // Every milestone kept the sum, so this is the sum that was checked before them.
    let got = loader.funds() + u128::from(treasury);
    if got != u128::from(TOKEN_SUPPLY) {
        return Err(LoadError::Supply { file: last, expected: TOKEN_SUPPLY, got });
    }
    let confirmed = MilestoneMark { index: header.entry_points_index, timestamp: header.timestamp };
    let state = StoredState {
        network_id: header.network_id,
        confirmed,
        snapshot_index: header.entry_points_index,
        pruning_index: header.entry_points_index,
    };
    let mut batch = Batch::new();
    state.put(&mut batch);
    // Syncs everything that was logged before, too.
    store.commit(batch, Durability::Synced)?;
    Ok(Loaded {
        index: confirmed.index,
        timestamp: confirmed.timestamp,
        outputs: loader.outputs(),
        entry_points: loader.entry_points(),
        milestones: loader.milestones(),
        treasury,
    })
}
