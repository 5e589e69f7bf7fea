//! What peers ask for: stored messages by id, and milestones by index.

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Reader, StoreError};

use crate::milestones;

/// The bytes of a solid message; `None` when it is not stored.
///
/// # Errors
/// When the store cannot be read.
pub fn message(reader: &Reader<'_>, id: &MessageId) -> Result<Option<Bytes>, StoreError> {
    let Some(arrival) = reader.arrival(id)?.filter(|arrival| !arrival.is_entry_point()) else {
        return Ok(None);
    };
    Ok(reader.vertex(arrival)?.map(|vertex| Bytes::from(vertex.bytes)))
}

/// The bytes of the message that carries the milestone of `index`, 0 for the newest one; `None` when it is not stored.
///
/// # Errors
/// When the store cannot be read.
pub fn milestone(reader: &Reader<'_>, index: MilestoneIndex) -> Result<Option<Bytes>, StoreError> {
    let found = if index == MilestoneIndex(0) {
        milestones::latest(reader)?
    } else {
        milestones::find(reader, index)?
    };
    let Some(found) = found else { return Ok(None) };
    Ok(reader.vertex(found.arrival)?.map(|vertex| Bytes::from(vertex.bytes)))
}
