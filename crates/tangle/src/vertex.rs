//! What the Tangle knows of a message, and what it answers.

use std::sync::Arc;

use osmia_primitives::{MessageId, MilestoneIndex};
use thiserror::Error;

/// The number of the first message of a network. Smaller numbers are entry points.
pub const FIRST_ARRIVAL: u64 = 1 << 32;

/// A message as the Tangle sees it; everything particular to a protocol generation is in `bytes` and `flags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// The message's id.
    pub id: MessageId,
    /// Its parents in the order they are stored in the message; 1 to 8, distinct.
    pub parents: Vec<MessageId>,
    /// Its index, when it is a milestone whose signatures were verified.
    pub milestone: Option<MilestoneIndex>,
    /// The hash of its index key, carried along for whoever stores it.
    pub index: Option<[u8; 16]>,
    /// Bits of the engine, opaque here.
    pub flags: u8,
    /// The message as it came.
    pub bytes: Arc<[u8]>,
}

/// A message that became solid and got its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The number, larger than that of every parent.
    pub arrival: u64,
    /// The numbers of the parents, in the order of `vertex.parents`.
    pub parents: Vec<u64>,
    /// The message.
    pub vertex: Vertex,
}

/// What became of an inserted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was there before, solid or waiting; nothing changed.
    Known,
    /// It is solid and numbered, and so is everything that waited for it alone.
    Attached,
    /// It waits for parents that are missing; they are among the requests.
    Waiting,
    /// It would have to wait, but the waiting room is full of more valuable messages; it was dropped.
    Full,
}

/// The milestones at which the past cone of a message first meets what is referenced (TIP-3: YMRSI and OMRSI).
///
/// A referenced message has the index of its milestone as both; an entry point has its own index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConeRoots {
    /// The largest of these indexes.
    pub youngest: MilestoneIndex,
    /// The smallest of these indexes.
    pub oldest: MilestoneIndex,
}

impl ConeRoots {
    /// Stands for "not found out": the oldest there can be, so that nobody builds on such a message.
    pub const UNKNOWN: Self = Self { youngest: MilestoneIndex(0), oldest: MilestoneIndex(0) };

    /// The roots of a message that milestone `index` references, and of an entry point with this index.
    #[must_use]
    pub const fn at(index: MilestoneIndex) -> Self {
        Self { youngest: index, oldest: index }
    }

    /// The roots over both cones.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { youngest: self.youngest.max(other.youngest), oldest: self.oldest.min(other.oldest) }
    }
}

/// Why a message must not be issued on these parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParentError {
    /// The parent is unknown or not solid.
    #[error("parent {0} is not solid")]
    Missing(MessageId),
    /// The oldest cone root of the parent is below max depth (TIP-3).
    #[error("parent {0} is below max depth")]
    TooOld(MessageId),
}
