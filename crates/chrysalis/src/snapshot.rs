//! Snapshot files of format version 1 (TIP-9): a ledger, or the changes of milestones since one, that a node starts from.
//!
//! A *full* file holds the entry points, every unspent output at the ledger index, and the milestones to take back down to the index of
//! the entry points. A *delta* file holds entry points and the milestones to apply on top of a full file. Reading and writing are streams:
//! no more than one milestone is in memory.

mod read;
mod write;

use osmia_primitives::bytes::{Reader, Write as _};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId};

use crate::address::Address;
use crate::limits::TOKEN_SUPPLY;
use crate::payload::milestone::Milestone;
use crate::payload::transaction::{Output, OutputId, OutputKind};
use crate::syntax_error::SyntaxError;

pub use read::{SnapshotItem, SnapshotReader};
pub use write::SnapshotWriter;

/// The only version of the format.
pub const FORMAT_VERSION: u8 = 1;
/// Bytes of the header of a full file.
pub const FULL_HEADER_BYTES: usize = 90;
/// Bytes of the header of a delta file.
pub const DELTA_HEADER_BYTES: usize = 42;

const FULL_TYPE: u8 = 0;
const DELTA_TYPE: u8 = 1;
/// Where the counts stand in the header.
const COUNTS_OFFSET: u64 = 26;

/// What a snapshot file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// When the milestone of the entry points was issued, in seconds of Unix time.
    pub timestamp: u64,
    /// The network the ledger belongs to.
    pub network_id: NetworkId,
    /// The milestone of the entry points, at which a node starts.
    pub entry_points_index: MilestoneIndex,
    /// The milestone of the ledger that the milestones in the file are taken back from, or applied to.
    pub ledger_index: MilestoneIndex,
    /// How many entry points follow.
    pub entry_points: u64,
    /// How many milestones follow.
    pub milestone_diffs: u64,
    /// Full or delta.
    pub kind: SnapshotKind,
}

/// Full or delta, with what only a full file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotKind {
    /// A whole ledger.
    Full {
        /// How many unspent outputs follow.
        outputs: u64,
        /// The unspent treasury output at the ledger index.
        treasury: SnapshotTreasury,
    },
    /// Changes to a ledger.
    Delta,
}

/// A treasury output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotTreasury {
    /// The milestone that created it; all zero in a genesis ledger.
    pub milestone_id: MilestoneId,
    /// Tokens.
    pub amount: u64,
}

/// An output of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotOutput {
    /// The message with the transaction, or the milestone, that created it.
    pub message_id: MessageId,
    /// Its name.
    pub output_id: OutputId,
    /// Kind, address and amount.
    pub output: Output,
}

/// An output that a milestone consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotSpent {
    /// The output.
    pub output: SnapshotOutput,
    /// The transaction that spent it.
    pub transaction_id: TransactionId,
}

/// What one milestone changed in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneDiff {
    /// The payload of the milestone.
    pub milestone: Milestone,
    /// The treasury output that the receipt of the milestone spent; there exactly when there is a receipt.
    pub spent_treasury: Option<SnapshotTreasury>,
    /// What it created.
    pub created: Vec<SnapshotOutput>,
    /// What it consumed.
    pub consumed: Vec<SnapshotSpent>,
}

/// Why a snapshot file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system says no.
    #[error("the snapshot file cannot be accessed: {0}")]
    Io(#[from] std::io::Error),
    /// The file ends inside its contents.
    #[error("the snapshot file ends early, inside {section}")]
    Truncated {
        /// What was being read.
        section: &'static str,
    },
    /// Bytes follow the contents.
    #[error("the snapshot file goes on after its contents")]
    TrailingBytes,
    /// A version of the format that we do not know.
    #[error("the snapshot file has format version {0}, only version 1 is known")]
    Version(u8),
    /// Neither full nor delta.
    #[error("the snapshot file is of type {0}, only 0 (full) and 1 (delta) are known")]
    Kind(u8),
    /// A value in the file breaks a rule.
    #[error("the snapshot file is damaged in {section}: {source}")]
    Syntax {
        /// What was being read.
        section: &'static str,
        /// The rule.
        source: SyntaxError,
    },
    /// The milestone indexes of the header contradict each other.
    #[error(
        "the header of the snapshot file has entry points at milestone {entry_points}, but a ledger at {ledger}"
    )]
    Indexes {
        /// The milestone of the entry points.
        entry_points: MilestoneIndex,
        /// The milestone of the ledger.
        ledger: MilestoneIndex,
    },
    /// A full file with more tokens in the treasury than there are.
    #[error("the snapshot file has a treasury of {0} tokens, more than there are")]
    Treasury(u64),
    /// A length or count that no milestone can have.
    #[error("the snapshot file has a milestone with {got} {what}, at most {max} are possible")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// The count.
        got: u64,
        /// The bound.
        max: u64,
    },
    /// The parts of a file were written in a wrong order, or a part that this kind of file does not have.
    #[error("{0} cannot be written at this place of a snapshot file")]
    Order(&'static str),
    /// The file is of another network.
    #[error("the snapshot file is of the network with id {got}, this node belongs to {expected}")]
    ForeignNetwork {
        /// Our network.
        expected: NetworkId,
        /// The network of the file.
        got: NetworkId,
    },
}

impl SnapshotHeader {
    /// Whether the file belongs to the network `expected`.
    ///
    /// # Errors
    /// [`SnapshotError::ForeignNetwork`].
    pub fn check_network(&self, expected: NetworkId) -> Result<(), SnapshotError> {
        if self.network_id != expected {
            return Err(SnapshotError::ForeignNetwork { expected, got: self.network_id });
        }
        Ok(())
    }

    /// The bytes on disk: 90 of a full file, 42 of a delta file.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FULL_HEADER_BYTES);
        bytes.put_u8(FORMAT_VERSION);
        bytes.put_u8(match self.kind {
            SnapshotKind::Full { .. } => FULL_TYPE,
            SnapshotKind::Delta => DELTA_TYPE,
        });
        bytes.put_u64(self.timestamp);
        bytes.put_u64(self.network_id.0);
        bytes.put_u32(self.entry_points_index.0);
        bytes.put_u32(self.ledger_index.0);
        bytes.put(&self.pack_counts());
        if let SnapshotKind::Full { treasury, .. } = &self.kind {
            treasury.write(&mut bytes);
        }
        bytes
    }

    fn pack_counts(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.put_u64(self.entry_points);
        if let SnapshotKind::Full { outputs, .. } = self.kind {
            bytes.put_u64(outputs);
        }
        bytes.put_u64(self.milestone_diffs);
        bytes
    }

    /// A full file takes milestones back from its ledger to its entry points, a delta file applies them forwards.
    fn check(&self) -> Result<(), SnapshotError> {
        let (entry_points, ledger) = (self.entry_points_index, self.ledger_index);
        let in_order = match self.kind {
            SnapshotKind::Full { treasury, .. } => {
                if treasury.amount > TOKEN_SUPPLY {
                    return Err(SnapshotError::Treasury(treasury.amount));
                }
                entry_points <= ledger
            }
            SnapshotKind::Delta => ledger <= entry_points,
        };
        if !in_order {
            return Err(SnapshotError::Indexes { entry_points, ledger });
        }
        Ok(())
    }
}

impl SnapshotTreasury {
    const BYTES: usize = 32 + 8;

    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        Ok(Self { milestone_id: MilestoneId(reader.array()?), amount: reader.u64()? })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put(&self.milestone_id.0);
        bytes.put_u64(self.amount);
    }
}

impl SnapshotOutput {
    /// Bytes on disk.
    pub const BYTES: usize = 32 + OutputId::BYTES + Output::BYTES;

    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        Ok(Self {
            message_id: MessageId(reader.array()?),
            output_id: OutputId::from_bytes(&reader.array()?),
            output: Output::read(reader)?,
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put(&self.message_id.0);
        bytes.put(&self.output_id.to_bytes());
        self.output.write(bytes);
    }
}

impl SnapshotSpent {
    /// Bytes on disk.
    pub const BYTES: usize = SnapshotOutput::BYTES + 32;

    fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        Ok(Self { output: SnapshotOutput::read(reader)?, transaction_id: TransactionId(reader.array()?) })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.output.write(bytes);
        bytes.put(&self.transaction_id.0);
    }
}

impl MilestoneDiff {
    /// The bytes on disk.
    ///
    /// # Errors
    /// [`SnapshotError::Order`] when a receipt comes without the treasury output it spent, or the reverse.
    pub fn pack(&self) -> Result<Vec<u8>, SnapshotError> {
        if self.milestone.receipt.is_some() != self.spent_treasury.is_some() {
            return Err(SnapshotError::Order("a spent treasury output without a receipt, or the reverse,"));
        }
        let milestone = self.milestone.pack();
        let mut bytes = Vec::with_capacity(milestone.len() + 64);
        bytes.put_u32(u32::try_from(milestone.len()).unwrap_or(u32::MAX));
        bytes.put(&milestone);
        if let Some(treasury) = &self.spent_treasury {
            treasury.write(&mut bytes);
        }
        bytes.put_u64(self.created.len() as u64);
        for output in &self.created {
            output.write(&mut bytes);
        }
        bytes.put_u64(self.consumed.len() as u64);
        for spent in &self.consumed {
            spent.write(&mut bytes);
        }
        Ok(bytes)
    }
}

/// The full snapshot file that a new network begins with: one entry point, the null id; the treasury; everything else in one
/// output on `address`.
///
/// # Errors
/// [`SnapshotError::Treasury`] when the treasury leaves nothing for the address.
pub fn genesis(
    network_id: NetworkId,
    timestamp: u64,
    address: Address,
    treasury: u64,
) -> Result<Vec<u8>, SnapshotError> {
    let amount = TOKEN_SUPPLY.checked_sub(treasury).filter(|amount| *amount > 0);
    let amount = amount.ok_or(SnapshotError::Treasury(treasury))?;
    let header = SnapshotHeader {
        timestamp,
        network_id,
        entry_points_index: MilestoneIndex(0),
        ledger_index: MilestoneIndex(0),
        entry_points: 1,
        milestone_diffs: 0,
        kind: SnapshotKind::Full {
            outputs: 1,
            treasury: SnapshotTreasury { milestone_id: MilestoneId::NULL, amount: treasury },
        },
    };
    let output = SnapshotOutput {
        message_id: MessageId::NULL,
        output_id: OutputId { transaction_id: TransactionId::NULL, index: 0 },
        output: Output { kind: OutputKind::SigLockedSingle, address, amount },
    };
    let mut bytes = header.pack();
    bytes.put(&MessageId::NULL.0);
    output.write(&mut bytes);
    Ok(bytes)
}
