//! What the store knows of a message: its position, bytes and place in the ledger's history.

use std::fmt;

use osmia_primitives::{MessageId, MilestoneIndex, blake2b};

/// The position of a message in the order in which this node attached messages: a message's parents always have
/// smaller ones. Numbers below [`FIRST_ARRIVAL`] are entry points: ids without bytes, where the past ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arrival(pub u64);

/// The position of the first message; entry points have smaller numbers.
pub const FIRST_ARRIVAL: Arrival = Arrival(1 << 32);

impl Arrival {
    /// Whether this is the number of an entry point, which has no bytes.
    #[must_use]
    pub const fn is_entry_point(self) -> bool {
        self.0 < FIRST_ARRIVAL.0
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What messages with one index key are found under: the first 16 bytes of its BLAKE2b-256 digest. Two keys may
/// share it, so whoever searches compares the key of each message found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexHash(pub [u8; 16]);

impl IndexHash {
    /// The hash of the index key `index` (TIP-6: 1 to 64 bytes).
    #[must_use]
    pub fn of(index: &[u8]) -> Self {
        let digest = blake2b::hash(index);
        Self(*digest.first_chunk().expect("because a digest has 32 bytes"))
    }
}

/// A message to store.
#[derive(Clone, Copy, Debug)]
pub struct NewVertex<'a> {
    /// Its id, the BLAKE2b-256 digest of `bytes`.
    pub id: MessageId,
    /// The positions of its parents, all smaller than its own.
    pub parents: &'a [Arrival],
    /// What it is found under, when it carries an index.
    pub index: Option<IndexHash>,
    /// Eight flags the engine gives meaning to.
    pub flags: u8,
    /// The bytes as they came over the wire.
    pub bytes: &'a [u8],
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVertex {
    /// The engine's flags.
    pub flags: u8,
    /// The bytes as they came over the wire.
    pub bytes: Vec<u8>,
}

/// Where a message stands in the ledger's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The milestone that referenced it.
    pub milestone: MilestoneIndex,
    /// What became of it, in the engine's encoding; 0 for an entry point.
    pub outcome: u8,
}

/// An id without bytes, where the known past ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// Its number, below [`FIRST_ARRIVAL`].
    pub number: Arrival,
    /// The message's id.
    pub id: MessageId,
    /// The milestone that referenced it.
    pub milestone: MilestoneIndex,
}
