//! The parents of a message, and of a milestone: 1 to 8 ids, strictly ascending (TIP-6).

use osmia_primitives::MessageId;
use osmia_primitives::bytes::{Reader, Write};

use crate::codec::room;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// 1 to 8 message ids in strictly ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parents(Vec<MessageId>);

impl Parents {
    /// The parents `ids`, which are in order already.
    ///
    /// # Errors
    /// [`SyntaxError::ParentsCount`] or [`SyntaxError::ParentsSorted`].
    pub fn new(ids: Vec<MessageId>) -> Result<Self, SyntaxError> {
        rules::parents_count(ids.len())?;
        rules::parents_sorted(&ids)?;
        Ok(Self(ids))
    }

    /// The parents `ids` in any order and with repetitions, which are removed.
    ///
    /// # Errors
    /// [`SyntaxError::ParentsCount`] when none or more than 8 different ones are given.
    pub fn sorted(ids: impl IntoIterator<Item = MessageId>) -> Result<Self, SyntaxError> {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        rules::parents_count(ids.len())?;
        Ok(Self(ids))
    }

    /// The ids in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[MessageId] {
        &self.0
    }

    /// The ids in ascending order.
    pub fn iter(&self) -> std::slice::Iter<'_, MessageId> {
        self.0.iter()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        let count = usize::from(reader.u8()?);
        rules::parents_count(count)?;
        let mut ids = room(reader, count, 32);
        for _ in 0..count {
            ids.push(MessageId(reader.array()?));
        }
        rules::parents_sorted(&ids)?;
        Ok(Self(ids))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u8(u8::try_from(self.0.len()).expect("because there are at most 8 parents"));
        for id in &self.0 {
            bytes.put(&id.0);
        }
    }
}

impl<'a> IntoIterator for &'a Parents {
    type Item = &'a MessageId;
    type IntoIter = std::slice::Iter<'a, MessageId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
