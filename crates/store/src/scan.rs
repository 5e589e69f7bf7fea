//! Ranges of keys, in both directions.

use rocksdb::{DBRawIterator, ReadOptions};

use crate::error::StoreError;

/// Which rows of a table to read, and in which direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanRange {
    /// The smallest key, included.
    from: Vec<u8>,
    /// The key after the largest; `None` without an end.
    to: Option<Vec<u8>>,
    /// Whether the largest key comes first.
    reverse: bool,
}

impl ScanRange {
    /// Every row.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Rows whose keys start with `prefix`.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), to: after_prefix(prefix), reverse: false }
    }

    /// The same rows from `key` on (included): the others are left out.
    #[must_use]
    pub fn from(mut self, key: &[u8]) -> Self {
        if key > self.from.as_slice() {
            self.from = key.to_vec();
        }
        self
    }

    /// The same rows before `key` (excluded): the others are left out.
    #[must_use]
    pub fn to(mut self, key: &[u8]) -> Self {
        if self.to.as_deref().is_none_or(|to| key < to) {
            self.to = Some(key.to_vec());
        }
        self
    }

    /// The same rows, the largest key first.
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

/// The smallest key that is larger than every key with this prefix; `None` when there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix.get(..=last)?.to_vec();
    *after.last_mut()? += 1;
    Some(after)
}

/// A value as single reads give it.
pub type Value = Vec<u8>;

/// A row as scans give it: key and value.
pub type Row = (Box<[u8]>, Box<[u8]>);

/// Rows of a table in the order of their keys. Ends after the first error.
pub struct Scan<'r> {
    /// `None` after the end.
    rows: Option<DBRawIterator<'r>>,
    reverse: bool,
}

impl std::fmt::Debug for Scan<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scan").field("reverse", &self.reverse).finish_non_exhaustive()
    }
}

impl<'r> Scan<'r> {
    /// `options` must read from a snapshot that lives for `'r`, or from none.
    pub(crate) fn new(
        range: ScanRange,
        mut options: ReadOptions,
        open: impl FnOnce(ReadOptions) -> DBRawIterator<'r>,
    ) -> Self {
        let reverse = range.reverse;
        if range.is_empty() {
            return Self { rows: None, reverse };
        }
        options.set_iterate_lower_bound(range.from);
        if let Some(to) = range.to {
            options.set_iterate_upper_bound(to);
        }
        let mut rows = open(options);
        if reverse {
            rows.seek_to_last();
        } else {
            rows.seek_to_first();
        }
        Self { rows: Some(rows), reverse }
    }

    /// Gives the next row to `read`, without copying it; `None` at the end.
    pub(crate) fn read<T>(&mut self, read: impl FnOnce(&[u8], &[u8]) -> T) -> Result<Option<T>, StoreError> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        let Some((key, value)) = rows.item() else {
            let status = rows.status();
            self.rows = None;
            return status.map(|()| None).map_err(StoreError::from);
        };
        let result = read(key, value);
        if self.reverse {
            rows.prev();
        } else {
            rows.next();
        }
        Ok(Some(result))
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read(|key, value| (key.into(), value.into())).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_one() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255, 255]), None);
        assert_eq!(after_prefix(b""), None);
    }

    #[test]
    fn bounds_only_narrow_a_range() {
        let range = ScanRange::prefix(b"b").from(b"a").to(b"z");
        assert_eq!(range, ScanRange::prefix(b"b"));
        assert!(ScanRange::prefix(b"b").from(b"bz").to(b"bc").is_empty());
    }
}
