//! Rows of the state table that the engine keeps: which network, which ledger index, which snapshot.

use osmia_primitives::{MilestoneIndex, NetworkId};
use osmia_store::{Batch, Reader, StoreError};

use crate::view::MilestoneMark;

const NETWORK_ID: &[u8] = b"network-id";
const CONFIRMED_INDEX: &[u8] = b"confirmed-index";
const CONFIRMED_TIMESTAMP: &[u8] = b"confirmed-timestamp";
const SNAPSHOT_INDEX: &[u8] = b"snapshot-index";
const PRUNING_INDEX: &[u8] = b"pruning-index";

/// What a node knows of itself when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredState {
    pub(crate) network_id: NetworkId,
    pub(crate) confirmed: MilestoneMark,
    pub(crate) snapshot_index: MilestoneIndex,
    pub(crate) pruning_index: MilestoneIndex,
}

impl StoredState {
    /// Reads the state; `None` when no ledger was ever loaded.
    pub(crate) fn load(reader: &Reader<'_>) -> Result<Option<Self>, StoreError> {
        let Some(network_id) = reader.state_number(NETWORK_ID)? else { return Ok(None) };
        let index = |key| -> Result<MilestoneIndex, StoreError> {
            let value = reader.state_number(key)?.unwrap_or(0);
            u32::try_from(value)
                .map(MilestoneIndex)
                .map_err(|_| StoreError::damaged("state", "a milestone index exceeds 32 bits"))
        };
        Ok(Some(Self {
            network_id: NetworkId(network_id),
            confirmed: MilestoneMark {
                index: index(CONFIRMED_INDEX)?,
                timestamp: reader.state_number(CONFIRMED_TIMESTAMP)?.unwrap_or(0),
            },
            snapshot_index: index(SNAPSHOT_INDEX)?,
            pruning_index: index(PRUNING_INDEX)?,
        }))
    }

    /// Writes the whole state, as loading a snapshot does.
    pub(crate) fn put(&self, batch: &mut Batch) {
        batch.put_state_number(NETWORK_ID, self.network_id.0);
        put_confirmed(batch, self.confirmed);
        batch.put_state_number(SNAPSHOT_INDEX, u64::from(self.snapshot_index.0));
        batch.put_state_number(PRUNING_INDEX, u64::from(self.pruning_index.0));
    }
}

/// Writes which milestone the ledger stands at.
pub(crate) fn put_confirmed(batch: &mut Batch, confirmed: MilestoneMark) {
    batch.put_state_number(CONFIRMED_INDEX, u64::from(confirmed.index.0));
    batch.put_state_number(CONFIRMED_TIMESTAMP, confirmed.timestamp);
}
