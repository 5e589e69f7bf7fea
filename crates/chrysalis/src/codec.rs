//! What the codecs of all payloads share: payloads preceded by their length, and room for lists.

use osmia_primitives::bytes::{Reader, Write};

use crate::syntax_error::SyntaxError;

/// Reads a length of 4 bytes and borrows that many bytes; none when the length is 0.
pub(crate) fn sized<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, SyntaxError> {
    let length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    if length == 0 {
        return Ok(None);
    }
    Ok(Some(reader.slice(length)?))
}

/// Appends what `write` appends, preceded by its length in 4 bytes.
pub(crate) fn write_sized(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.put_u32(0);
    let body = bytes.len();
    write(bytes);
    let length = u32::try_from(bytes.len() - body).unwrap_or(u32::MAX);
    if let Some(place) = bytes.get_mut(start..body) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// An empty list with room for `count` items of at least `item_bytes`, but never for more than the bytes left can hold: a count
/// alone costs nothing.
pub(crate) fn room<T>(reader: &Reader<'_>, count: usize, item_bytes: usize) -> Vec<T> {
    Vec::with_capacity(count.min(reader.left() / item_bytes))
}

#[cfg(test)]
mod tests;
