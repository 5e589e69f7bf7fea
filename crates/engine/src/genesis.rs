//! Loading a snapshot into an empty store: the ledger, the entry points and the indexes a node starts from.

use std::io::Read;

use osmia_chrysalis::ledger::{GenesisBalances, GenesisOutput, Row, TreasuryOutput, audit};
use osmia_chrysalis::snapshot::{SnapshotError, SnapshotItem, SnapshotKind, SnapshotOutput, SnapshotReader};
use osmia_chrysalis::{ProtocolParameters, TOKEN_SUPPLY};
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};
use osmia_store::{Arrival, Batch, Durability, Store, StoreError};

use crate::ledger::{StoreLedger, table};
use crate::state::StoredState;
use crate::view::MilestoneMark;

/// Rows written in one batch while loading: at about 150 bytes each, 3 MiB.
const ROWS_PER_BATCH: usize = 20_000;

/// Why a snapshot could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is not a valid snapshot of this network.
    #[error("the snapshot cannot be loaded: {0}")]
    Snapshot(#[from] SnapshotError),
    /// The store holds a ledger already.
    #[error("the database already holds a ledger at milestone {0}: loading a snapshot over it would lose it")]
    NotEmpty(u32),
    /// The snapshot belongs to another network.
    #[error("the snapshot is for network {got}, the configuration names network {expected}")]
    OtherNetwork {
        /// The configured network.
        expected: NetworkId,
        /// The snapshot's network.
        got: NetworkId,
    },
    /// The snapshot's outputs and treasury do not add up to the supply.
    #[error("the snapshot's funds are {got}, the supply is {expected}")]
    WrongSupply {
        /// The supply.
        expected: u64,
        /// The sum of the snapshot's outputs and treasury, saturated.
        got: u64,
    },
    /// The snapshot is a delta, or holds milestones to take back; only the ledger of one milestone is loaded.
    #[error("the snapshot holds milestone differences: only a full snapshot of one ledger can be loaded")]
    Delta,
    /// The snapshot's ledger contradicts itself.
    #[error("the snapshot's ledger contradicts itself: {0}")]
    Inconsistent(String),
    /// The snapshot names more entry points than there are numbers for.
    #[error("the snapshot names more entry points than can be numbered")]
    TooManyEntryPoints,
    /// The outputs and the entry points of the snapshot belong to different milestones.
    #[error(
        "the snapshot's ledger is at milestone {ledger}, its entry points at {entry_points}: they must be equal"
    )]
    LedgerElsewhere {
        /// Milestone of the outputs.
        ledger: u32,
        /// Milestone of the entry points.
        entry_points: u32,
    },
}

/// Whether the store holds a ledger.
///
/// # Errors
/// When the store cannot be read.
pub fn is_loaded(store: &Store) -> Result<bool, StoreError> {
    Ok(StoredState::load(&store.latest())?.is_some())
}

/// Loads a full snapshot (TIP-9, file format version 1) into an empty `store`. A store that was left by a crash in the
/// middle of an earlier load counts as empty: the state row that makes it loaded is written last.
///
/// # Errors
/// See [`LoadError`]; the store is not loaded then.
pub fn load(store: &Store, parameters: &ProtocolParameters, file: &mut dyn Read) -> Result<(), LoadError> {
    if let Some(state) = StoredState::load(&store.latest())? {
        return Err(LoadError::NotEmpty(state.confirmed.index.0));
    }
    let mut reader = SnapshotReader::open(file)?;
    let header = *reader.header();
    if header.network_id != parameters.network_id {
        return Err(LoadError::OtherNetwork { expected: parameters.network_id, got: header.network_id });
    }
    let SnapshotKind::Full { treasury, .. } = header.kind else { return Err(LoadError::Delta) };
    if header.ledger_index != header.entry_points_index {
        return Err(LoadError::LedgerElsewhere {
            ledger: header.ledger_index.0,
            entry_points: header.entry_points_index.0,
        });
    }
    let mut loader =
        Loader { store, batch: Batch::new(), rows: 0, entry_points: 0, funds: treasury.amount.into() };
    let mut balances = GenesisBalances::default();
    while let Some(item) = reader.next_item()? {
        match item {
            SnapshotItem::EntryPoint(id) => loader.put_entry_point(id, header.entry_points_index)?,
            SnapshotItem::Output(output) => loader.put_output(&mut balances, &output, header.ledger_index)?,
            // The ledger is at the entry points, so there is nothing to take back.
            SnapshotItem::MilestoneDiff(_) => return Err(LoadError::Delta),
        }
    }
    let treasury = TreasuryOutput { milestone_id: treasury.milestone_id, amount: treasury.amount };
    loader.put_rows(balances.finish(Some(treasury)))?;
    loader.flush()?;
    let expected = TOKEN_SUPPLY;
    if loader.funds != u128::from(expected) {
        return Err(LoadError::WrongSupply {
            expected,
            got: u64::try_from(loader.funds).unwrap_or(u64::MAX),
        });
    }
    // Two outputs with one id, or anything else that contradicts itself, must not become a ledger.
    let report = audit(&StoreLedger(&store.latest()))?;
    if !report.is_clean() {
        return Err(LoadError::Inconsistent(format!("{:?}", report.problems.first())));
    }
    let state = StoredState {
        network_id: header.network_id,
        confirmed: MilestoneMark { index: header.ledger_index, timestamp: header.timestamp },
        snapshot_index: header.entry_points_index,
        pruning_index: header.entry_points_index,
    };
    state.put(&mut loader.batch);
    store.commit(loader.batch, Durability::Synced)?;
    Ok(())
}

/// Writes rows in batches.
struct Loader<'a> {
    store: &'a Store,
    batch: Batch,
    rows: usize,
    entry_points: u64,
    funds: u128,
}

impl Loader<'_> {
    fn put_entry_point(&mut self, id: MessageId, index: MilestoneIndex) -> Result<(), LoadError> {
        let number = Arrival(self.entry_points);
        if !number.is_entry_point() {
            return Err(LoadError::TooManyEntryPoints);
        }
        self.batch.put_entry_point(number, id, index);
        self.entry_points += 1;
        Ok(self.wrote(1)?)
    }

    fn put_output(
        &mut self,
        balances: &mut GenesisBalances,
        output: &SnapshotOutput,
        ledger_index: MilestoneIndex,
    ) -> Result<(), LoadError> {
        self.funds += u128::from(output.output.amount);
        let SnapshotOutput { message_id, output_id, output } = *output;
        Ok(self
            .put_rows(balances.insert(&GenesisOutput { id: output_id, message_id, output }, ledger_index))?)
    }

    fn put_rows(&mut self, rows: impl IntoIterator<Item = Row>) -> Result<(), StoreError> {
        for (to, key, value) in rows {
            match value {
                Some(value) => self.batch.put(table(to), &key, &value),
                None => self.batch.delete(table(to), &key),
            }
            self.wrote(1)?;
        }
        Ok(())
    }

    fn wrote(&mut self, rows: usize) -> Result<(), StoreError> {
        self.rows += rows;
        if self.rows >= ROWS_PER_BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.rows = 0;
        self.store.commit(std::mem::take(&mut self.batch), Durability::Logged)
    }
}
