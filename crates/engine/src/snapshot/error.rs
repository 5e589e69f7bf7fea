//! Why a snapshot could not be loaded.

use std::fmt;

use osmia_chrysalis::ledger::{Contradiction, ImportError};
use osmia_chrysalis::snapshot::SnapshotError;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};
use osmia_store::StoreError;

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotFile {
    /// The file with a whole ledger.
    Full,
    /// The file with the milestones since.
    Delta,
}

impl fmt::Display for SnapshotFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "the full snapshot",
            Self::Delta => "the delta snapshot",
        })
    }
}

/// Why a snapshot could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds a ledger already.
    #[error(
        "the database already holds a ledger at milestone {0}: start without a snapshot to go on from there, or name an empty folder"
    )]
    NotEmpty(MilestoneIndex),
    /// The store holds what no interrupted load leaves.
    #[error(
        "the database holds messages, but no ledger, so rows of it were lost: move its folder away and load the snapshot into an empty one"
    )]
    LedgerLost,
    /// A file cannot be read, or is not a snapshot.
    #[error("{file} cannot be loaded: {source}; get the file again, or another one")]
    Snapshot {
        /// Which file.
        file: SnapshotFile,
        /// What is wrong.
        #[source]
        source: SnapshotError,
    },
    /// A file belongs to another network.
    #[error(
        "{file} is of the network with id {got}, the configuration names the network with id {expected}: use a snapshot of that network"
    )]
    OtherNetwork {
        /// Which file.
        file: SnapshotFile,
        /// The configured network.
        expected: NetworkId,
        /// The file's network.
        got: NetworkId,
    },
    /// A delta file in the place of a full file, or the reverse.
    #[error(
        "the file named as {0} is of the other kind: name the full snapshot first, then the delta snapshot"
    )]
    OtherKind(SnapshotFile),
    /// The milestones of a file do not lead from its ledger to its entry points.
    #[error(
        "{file} holds {got} milestones, but {expected} lie between its ledger and its entry points; get the file again, or another one"
    )]
    MilestoneCount {
        /// Which file.
        file: SnapshotFile,
        /// How many there should be.
        expected: u64,
        /// How many there are.
        got: u64,
    },
    /// A file has no entry point: nothing would ever be solid.
    #[error("{0} has no entry points; get another file")]
    NoEntryPoints(SnapshotFile),
    /// A file is at the last possible milestone: none could follow.
    #[error("{0} is at a milestone that none can follow; get another file")]
    LastIndex(SnapshotFile),
    /// A delta file that was not made for this full file.
    #[error(
        "the delta snapshot begins at milestone {delta}, but the full snapshot ends at {full}: get both files from the same place, or load the full one alone"
    )]
    OtherBase {
        /// The milestone of the full file's entry points.
        full: MilestoneIndex,
        /// The milestone of the delta file's ledger.
        delta: MilestoneIndex,
    },
    /// A file names an entry point twice.
    #[error("{file} has the entry point {id} twice; get the file again, or another one")]
    EntryPointTwice {
        /// Which file.
        file: SnapshotFile,
        /// The entry point.
        id: MessageId,
    },
    /// A file names more entry points than there are numbers for.
    #[error("{0} has more entry points than can be numbered; get another file")]
    TooManyEntryPoints(SnapshotFile),
    /// The milestones of a file are not in order.
    #[error("{file} has milestone {got} where {expected} should stand; get the file again, or another one")]
    MilestoneOrder {
        /// Which file.
        file: SnapshotFile,
        /// The milestone that should stand there.
        expected: MilestoneIndex,
        /// The milestone that does.
        got: MilestoneIndex,
    },
    /// Outputs and treasury do not add up to the supply.
    #[error(
        "the outputs and the treasury of {file} hold {got} tokens, the supply is {expected}; get the file again, or another one"
    )]
    Supply {
        /// Which file.
        file: SnapshotFile,
        /// The supply.
        expected: u64,
        /// The sum of the outputs and the treasury.
        got: u128,
    },
    /// The outputs of a file contradict each other.
    #[error("{file} contradicts itself: {source}; get the file again, or another one")]
    Outputs {
        /// Which file.
        file: SnapshotFile,
        /// How.
        #[source]
        source: Contradiction,
    },
    /// A milestone of a file contradicts the ledger.
    #[error(
        "milestone {milestone} in {file} contradicts the ledger: {source}; get the file again, or another one"
    )]
    Milestone {
        /// Which file.
        file: SnapshotFile,
        /// The milestone.
        milestone: MilestoneIndex,
        /// How.
        #[source]
        source: Contradiction,
    },
}

impl LoadError {
    /// The error of a step on the outputs of `file`, or on `milestone` in it.
    pub(super) fn of(
        error: ImportError<StoreError>,
        file: SnapshotFile,
        milestone: Option<MilestoneIndex>,
    ) -> Self {
        match (error, milestone) {
            (ImportError::Ledger(error), _) => Self::Store(error),
            (ImportError::Contradiction(source), None) => Self::Outputs { file, source },
            (ImportError::Contradiction(source), Some(milestone)) => {
                Self::Milestone { file, milestone, source }
            }
        }
    }
}
