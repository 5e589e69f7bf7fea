//! What the Tangle asks about messages that have left its window.

use osmia_primitives::{MessageId, MilestoneIndex};

/// A solid message or an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub arrival: u64,
    /// The milestone that references it, if one does; the index of an entry point.
    pub milestone: Option<MilestoneIndex>,
}

/// All solid messages, wherever they are kept: the store of a node, or [`crate::MemoryAncestors`] in tests.
///
/// It must answer for every message that was attached before the last call of [`crate::Tangle::evict`], and know of
/// every milestone given to [`crate::Tangle::confirm`] before that call.
pub trait Ancestors {
    /// Why a question has no answer; the node stops on it.
    type Error;

    /// The solid message or entry point with this id; `None` when there is none.
    ///
    /// # Errors
    /// When the storage fails.
    fn find(&self, id: &MessageId) -> Result<Option<Known>, Self::Error>;

    /// The numbers of the parents of the message `arrival`, in stored order. Not asked about entry points.
    ///
    /// # Errors
    /// When the storage fails or does not hold the message.
    fn parents(&self, arrival: u64) -> Result<Vec<u64>, Self::Error>;

    /// The milestone that references the message `arrival`, or the index of that entry point.
    ///
    /// # Errors
    /// When the storage fails.
    fn milestone(&self, arrival: u64) -> Result<Option<MilestoneIndex>, Self::Error>;

    /// The flags the message `arrival` was inserted with. Not asked about entry points.
    ///
    /// # Errors
    /// When the storage fails or does not hold the message.
    fn flags(&self, arrival: u64) -> Result<u8, Self::Error>;
}
