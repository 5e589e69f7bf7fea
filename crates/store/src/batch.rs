//! A batch: changes that become visible and durable together.

use std::collections::BTreeMap;

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::keys;
use crate::page::Page;
use crate::table::Table;
use crate::vertex::{Arrival, EntryPoint, NewVertex};

/// Changes to commit together, in order; a later change of a key wins. Building one does no input or output.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Keys and values, back to back.
    data: Vec<u8>,
    rows: Vec<Row>,
    /// Ids to be entered; their keys depend on what the store holds when the batch is committed.
    ids: Vec<(MessageId, Arrival)>,
    /// Position pages as they will be, so that several changes of one page in a batch add up.
    pages: BTreeMap<u64, Page>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    table: Table,
    key_bytes: usize,
    /// `None` deletes.
    value_bytes: Option<usize>,
}

/// A change of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) table: Table,
    pub(crate) key: &'a [u8],
    /// `None` deletes.
    pub(crate) value: Option<&'a [u8]>,
}

impl Batch {
    /// A batch that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows the batch changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() + self.ids.len() + self.pages.len()
    }

    /// Whether the batch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of keys and values in the batch.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let page_bytes = 8 + self.pages.values().next().map_or(0, |page| page.as_bytes().len());
        self.data.len() + self.ids.len() * (keys::ID_PREFIX_BYTES + 8) + self.pages.len() * page_bytes
    }

    /// Sets the row `key` of `table`.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.put_parts(table, key, &[value]);
    }

    /// Removes the row `key` of `table`, when there is one.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.data.extend_from_slice(key);
        self.rows.push(Row { table, key_bytes: key.len(), value_bytes: None });
    }

    /// Stores a message with what finds it: its id, its parents' children rows, its index row.
    ///
    /// # Panics
    /// When `arrival` is an entry point's number or a parent's is not smaller: the caller numbers messages.
    pub fn put_vertex(&mut self, arrival: Arrival, vertex: &NewVertex<'_>) {
        assert!(!arrival.is_entry_point(), "arrival {arrival} is reserved for entry points");
        self.put_parts(Table::Log, &keys::of_arrival(arrival), &[&[vertex.flags], vertex.bytes]);
        for parent in vertex.parents {
            assert!(*parent < arrival, "parent {parent} of arrival {arrival} must have a smaller number");
            self.put(Table::Children, &keys::child(*parent, arrival), &[]);
        }
        if let Some(index) = vertex.index {
            self.put(Table::Index, &keys::index(index, arrival), &[]);
        }
        self.ids.push((vertex.id, arrival));
    }

    /// Stores an entry point under `number`. An id that is an entry point already gets the new number.
    ///
    /// # Panics
    /// When `number` is not below [`crate::FIRST_ARRIVAL`].
    pub fn put_entry_point(&mut self, number: Arrival, id: MessageId, milestone: MilestoneIndex) {
        assert!(number.is_entry_point(), "entry point {number} must have a number below the first arrival");
        let row = keys::pack_entry_point(&EntryPoint { number, id, milestone });
        self.put(Table::EntryPoints, &keys::of_arrival(number), &row);
        self.ids.push((id, number));
    }

    /// Sets a number in the state table.
    pub fn put_state_number(&mut self, name: &[u8], number: u64) {
        self.put(Table::State, name, &number.to_be_bytes());
    }

    fn put_parts(&mut self, table: Table, key: &[u8], parts: &[&[u8]]) {
        self.data.extend_from_slice(key);
        let value_start = self.data.len();
        for part in parts {
            self.data.extend_from_slice(part);
        }
        let value_bytes = Some(self.data.len() - value_start);
        self.rows.push(Row { table, key_bytes: key.len(), value_bytes });
    }

    pub(crate) fn pages(&self) -> &BTreeMap<u64, Page> {
        &self.pages
    }

    pub(crate) fn pages_mut(&mut self) -> &mut BTreeMap<u64, Page> {
        &mut self.pages
    }

    pub(crate) fn ids(&self) -> &[(MessageId, Arrival)] {
        &self.ids
    }

    /// The changes of rows whose keys are known, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = self.data.as_slice();
        self.rows.iter().map(move |row| {
            let (key, after_key) = rest.split_at(row.key_bytes);
            let (value, after_value) = after_key.split_at(row.value_bytes.unwrap_or(0));
            rest = after_value;
            Change { table: row.table, key, value: row.value_bytes.map(|_| value) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_its_changes_in_order_and_counts_their_bytes() {
        let mut batch = Batch::new();
        assert!(batch.is_empty() && batch.bytes() == 0);
        batch.put(Table::State, b"key", b"value");
        batch.delete(Table::Outputs, b"gone");
        batch.put(Table::State, b"", b"");
        let changes: Vec<_> =
            batch.changes().map(|change| (change.table, change.key, change.value)).collect();
        assert_eq!(
            changes,
            [
                (Table::State, &b"key"[..], Some(&b"value"[..])),
                (Table::Outputs, &b"gone"[..], None),
                (Table::State, &b""[..], Some(&b""[..])),
            ]
        );
        assert_eq!((batch.len(), batch.bytes()), (3, 12));
    }

    #[test]
    #[should_panic(expected = "must have a smaller number")]
    fn a_parent_that_comes_later_is_a_defect_of_the_caller() {
        let arrival = crate::FIRST_ARRIVAL;
        let vertex =
            NewVertex { id: MessageId::NULL, parents: &[arrival], index: None, flags: 0, bytes: b"x" };
        Batch::new().put_vertex(arrival, &vertex);
    }
}
