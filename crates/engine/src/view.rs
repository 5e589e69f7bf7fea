//! What readers see of the engine: a value published after every commit that changed it.

use std::sync::Arc;

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::error::HaltReason;
use crate::rates::Rates;

/// How many milestones behind the latest a node may be and still count as nearly synced.
const ALMOST_SYNCED_MILESTONES: u32 = 2;

/// A milestone's index and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MilestoneMark {
    /// Its index; 0 stands for the genesis ledger.
    pub index: MilestoneIndex,
    /// Its timestamp in unix seconds.
    pub timestamp: u64,
}

/// Totals since the node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages attached.
    pub attached: u64,
    /// Messages that were known already.
    pub known: u64,
    /// Messages refused after verification (parents missing or too old).
    pub rejected: u64,
    /// Messages waiting for parents now.
    pub waiting: u64,
    /// Bytes the Tangle in memory takes now.
    pub tangle_bytes: u64,
}

/// The node's state at one moment; never changed after it was published.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The last confirmed milestone: the index of the ledger.
    pub confirmed: MilestoneMark,
    /// The newest valid milestone known.
    pub latest: MilestoneMark,
    /// The message of the newest valid milestone; `None` before the first.
    pub latest_message_id: Option<MessageId>,
    /// The index of the snapshot the ledger came from.
    pub snapshot_index: MilestoneIndex,
    /// Up to which milestone messages were removed.
    pub pruning_index: MilestoneIndex,
    /// Non-lazy tips, a bounded sample.
    pub tips: Arc<[MessageId]>,
    /// Semi-lazy tips, a bounded sample.
    pub semi_lazy_tips: Arc<[MessageId]>,
    /// Rates of the last confirmed milestone.
    pub rates: Rates,
    /// Totals since the node started.
    pub counters: Counters,
    /// Why the node no longer confirms, when it had to stop confirming.
    pub halted: Option<HaltReason>,
}

impl View {
    /// Whether every known milestone is confirmed. Never before the first milestone.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.latest.index > MilestoneIndex(0) && self.confirmed.index >= self.latest.index
    }

    /// Whether at most two known milestones are not confirmed yet. Never before the first milestone.
    #[must_use]
    pub fn is_almost_synced(&self) -> bool {
        is_almost_synced(self.latest.index, self.confirmed.index)
    }

    /// Up to four distinct tips drawn uniformly, sorted; empty when there are none (TIP-3).
    pub fn select_tips(&self, random: &mut dyn FnMut() -> u64) -> Vec<MessageId> {
        osmia_tangle::select_tips(&self.tips, random)
    }
}

/// Whether a node that knows milestone `latest` and confirmed `confirmed` is nearly synced.
pub(crate) fn is_almost_synced(latest: MilestoneIndex, confirmed: MilestoneIndex) -> bool {
    latest > MilestoneIndex(0) && latest.ahead_of(confirmed) <= ALMOST_SYNCED_MILESTONES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(latest: u32, confirmed: u32) -> View {
        let mark = |index| MilestoneMark { index: MilestoneIndex(index), timestamp: 0 };
        View { latest: mark(latest), confirmed: mark(confirmed), ..View::default() }
    }

    #[test]
    fn a_node_is_synced_only_after_its_first_milestone() {
        assert!(!view(0, 0).is_synced() && !view(0, 0).is_almost_synced());
        assert!(view(1, 1).is_synced() && view(1, 1).is_almost_synced());
        assert!(!view(3, 1).is_synced() && view(3, 1).is_almost_synced());
        assert!(!view(4, 1).is_almost_synced());
    }
}
