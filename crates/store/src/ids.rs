//! Which key an id gets: its first 16 bytes, or all of it when another id has the same first 16.

use osmia_primitives::MessageId;

use crate::error::StoreError;
use crate::keys::{self, ID_PREFIX_BYTES, IdPrefix};
use crate::reader::Reader;
use crate::table::Table;
use crate::vertex::Arrival;

/// A row of the ids table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdRow {
    id: MessageId,
    key_bytes: usize,
    pub(crate) arrival: Arrival,
}

impl IdRow {
    pub(crate) fn key(&self) -> &[u8] {
        self.id.0.get(..self.key_bytes).expect("because a key is a prefix of the id")
    }
}

/// The rows of new ids, in the order of their keys.
pub(crate) fn rows(reader: &Reader<'_>, ids: &[(MessageId, Arrival)]) -> Result<Vec<IdRow>, StoreError> {
    let mut rows: Vec<IdRow> = ids
        .iter()
        .map(|(id, arrival)| IdRow { id: *id, key_bytes: ID_PREFIX_BYTES, arrival: *arrival })
        .collect();
    // Sorted, both the lookups below and the writes touch neighbouring rows one after the other. The sort is stable.
    rows.sort_by_key(|row| row.id);
    let prefixes: Vec<IdPrefix> = rows.iter().map(|row| keys::id_prefix(&row.id)).collect();
    let mut is_taken = Vec::with_capacity(rows.len());
    reader.get_many_with(Table::Ids, &prefixes, true, |row| is_taken.push(row.is_some()))?;
    let mut previous: Option<IdRow> = None;
    for (row, is_taken) in rows.iter_mut().zip(is_taken) {
        let twin = previous.filter(|previous| keys::id_prefix(&previous.id) == keys::id_prefix(&row.id));
        if let Some(twin) = twin {
            check_new(row, (twin.id == row.id).then_some(twin.arrival))?;
            row.key_bytes = if twin.id == row.id { twin.key_bytes } else { row.id.0.len() };
        } else if is_taken {
            row.key_bytes = key_bytes_beside_stored(reader, row)?;
        }
        previous = Some(*row);
    }
    Ok(rows)
}

/// Bytes of the key of `row`, when the row of its prefix exists.
fn key_bytes_beside_stored(reader: &Reader<'_>, row: &IdRow) -> Result<usize, StoreError> {
    check_new(row, reader.arrival(&row.id)?)?;
    let prefix = keys::id_prefix(&row.id);
    let holder = reader.get_with(Table::Ids, &prefix, keys::arrival_value)?.flatten();
    let holder = holder.ok_or_else(|| StoreError::damaged("ids", &format!("the row of {}", row.id)))?;
    let is_own = reader.id_of(holder)? == Some(row.id);
    Ok(if is_own { ID_PREFIX_BYTES } else { row.id.0.len() })
}

/// A message is stored once; the number of an entry point may change, and a message may follow its entry point.
fn check_new(row: &IdRow, stored: Option<Arrival>) -> Result<(), StoreError> {
    match stored {
        Some(stored) if !stored.is_entry_point() && !row.arrival.is_entry_point() => Err(
            StoreError::damaged("ids", &format!("message {} is stored already, at arrival {stored}", row.id)),
        ),
        Some(_) | None => Ok(()),
    }
}
