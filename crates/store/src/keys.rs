//! Keys and small values of the tables this crate defines; docs/formats/store.md pins them.

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::vertex::{Arrival, EntryPoint, IndexHash};

/// Bytes of an id that its usual row is keyed by. The row of a second id with the same prefix has all 32.
pub(crate) const ID_PREFIX_BYTES: usize = 16;
pub(crate) type IdPrefix = [u8; ID_PREFIX_BYTES];

pub(crate) const fn of_arrival(arrival: Arrival) -> [u8; 8] {
    arrival.0.to_be_bytes()
}

pub(crate) fn id_prefix(id: &MessageId) -> IdPrefix {
    *id.0.first_chunk().expect("because an id has 32 bytes")
}

pub(crate) fn child(parent: Arrival, child: Arrival) -> [u8; 16] {
    (u128::from(parent.0) << 64 | u128::from(child.0)).to_be_bytes()
}

pub(crate) fn index(hash: IndexHash, arrival: Arrival) -> [u8; 24] {
    let mut key = [0; 24];
    let (prefix, rest) = key.split_at_mut(16);
    prefix.copy_from_slice(&hash.0);
    rest.copy_from_slice(&of_arrival(arrival));
    key
}

pub(crate) fn cone_chunk(milestone: MilestoneIndex, chunk: u32) -> [u8; 8] {
    (u64::from(milestone.0) << 32 | u64::from(chunk)).to_be_bytes()
}

/// The arrival a key ends with; `None` when the key does not have `bytes` bytes.
pub(crate) fn last_arrival(key: &[u8], bytes: usize) -> Option<Arrival> {
    let tail = key.last_chunk().filter(|_| key.len() == bytes)?;
    Some(Arrival(u64::from_be_bytes(*tail)))
}

/// The arrival a value is.
pub(crate) fn arrival_value(value: &[u8]) -> Option<Arrival> {
    last_arrival(value, 8)
}

/// id ‖ milestone u32 LE; the number is the key.
pub(crate) fn pack_entry_point(entry_point: &EntryPoint) -> [u8; 36] {
    let mut row = [0; 36];
    let (id, milestone) = row.split_at_mut(32);
    id.copy_from_slice(&entry_point.id.0);
    milestone.copy_from_slice(&entry_point.milestone.0.to_le_bytes());
    row
}

pub(crate) fn parse_entry_point(number: Arrival, row: &[u8]) -> Option<EntryPoint> {
    let (id, milestone) = row.split_first_chunk()?;
    let milestone = u32::from_le_bytes(milestone.try_into().ok()?);
    Some(EntryPoint { number, id: MessageId(*id), milestone: MilestoneIndex(milestone) })
}
