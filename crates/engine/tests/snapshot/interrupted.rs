//! A load that ended in the middle counts as none, and the next one begins anew.

use std::io::{self, Read};

use osmia_engine::genesis;
use osmia_engine::snapshot::{LoadError, SnapshotFile, load_snapshot};
use osmia_primitives::MilestoneIndex;
use osmia_store::{Batch, Durability, Store, StoreOptions, Table};

use crate::history::{Dice, History, LAST, assert_at, load, parameters, rows};

/// A file on a disk that breaks after some bytes.
struct Broken<'a> {
    file: &'a [u8],
    left: usize,
}

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = buffer.len().min(self.left).min(100);
        if bytes == 0 && !self.file.is_empty() {
            return Err(io::Error::other("the disk broke"));
        }
        let read = self.file.read(&mut buffer[..bytes])?;
        self.left -= read;
        Ok(read)
    }
}

fn load_broken(store: &Store, full: &[u8], delta: &[u8], bytes: usize) {
    let of_full = bytes.min(full.len());
    let mut delta = Broken { file: delta, left: 42 + bytes - of_full };
    let mut full = Broken { file: full, left: of_full };
    let error = load_snapshot(store, &parameters(), &mut full, Some(&mut delta), &mut |_| ()).unwrap_err();
    assert!(matches!(error, LoadError::Snapshot { .. }), "{error}");
    assert!(!genesis::is_loaded(store).unwrap());
}

#[test]
fn whatever_was_written_before_is_gone_after_the_next_load() {
    let (old, new) = (History::random(11), History::random(12));
    let (full, delta) = (old.full(LAST, 2), old.delta(2, LAST));
    let expected = Store::in_memory().unwrap();
    load(&expected, &new.full(3, 1), None).unwrap();
    let expected = rows(&expected);
    let mut dice = Dice(4);
    let mut left_something = 0;
    for _ in 0..12 {
        let store = Store::in_memory().unwrap();
        let bytes = usize::try_from(dice.roll((full.len() + delta.len() - 43) as u64)).unwrap();
        load_broken(&store, &full, &delta, bytes);
        left_something += usize::from(store.latest().first(Table::Outputs).unwrap().is_some());
        load(&store, &new.full(3, 1), None).unwrap();
        assert!(rows(&store) == expected, "broken after {bytes} bytes");
        assert_at(&store, &new, 1);
    }
    assert!(left_something > 3, "most of the interrupted loads wrote something");
}

#[test]
fn a_database_on_disk_that_was_left_in_the_middle_is_loaded_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database");
    let (old, new) = (History::random(21), History::random(22));
    {
        let store = Store::open(&path, &StoreOptions::small_machine()).unwrap();
        let (full, delta) = (old.full(LAST, 2), old.delta(2, LAST));
        load_broken(&store, &full, &delta, full.len() + delta.len() / 2);
        assert!(store.latest().first(Table::Outputs).unwrap().is_some());
    }
    let store = Store::open(&path, &StoreOptions::small_machine()).unwrap();
    assert!(!genesis::is_loaded(&store).unwrap());
    load(&store, &new.full(LAST, 5), None).unwrap();
    assert_at(&store, &new, 5);
    drop(store);
    let store = Store::open(&path, &StoreOptions::small_machine()).unwrap();
    assert_at(&store, &new, 5);
}

#[test]
fn a_loaded_store_is_not_loaded_again() {
    let history = History::random(3);
    let store = Store::in_memory().unwrap();
    load(&store, &history.full(4, 4), None).unwrap();
    let error = load(&store, &history.full(5, 5), None).unwrap_err();
    assert!(matches!(error, LoadError::NotEmpty(MilestoneIndex(4))), "{error}");
    assert_at(&store, &history, 4);
}

#[test]
fn a_database_that_lost_its_state_is_not_taken_for_an_empty_one() {
    let history = History::random(3);
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put(Table::Milestones, &[0, 0, 0, 9], b"a milestone");
    batch.put(Table::Outputs, &[1; 34], b"an output");
    store.commit(batch, Durability::Logged).unwrap();
    let before = rows(&store);
    let error = load(&store, &history.full(4, 4), None).unwrap_err();
    assert!(matches!(error, LoadError::LedgerLost), "{error}");
    assert!(rows(&store) == before);
}

#[test]
fn a_broken_delta_file_leaves_no_half_ledger() {
    let history = History::random(8);
    let store = Store::in_memory().unwrap();
    let mut delta = history.delta(2, 5);
    delta.truncate(delta.len() - 1);
    let error = load(&store, &history.full(4, 2), Some(&delta)).unwrap_err();
    let of_delta = matches!(error, LoadError::Snapshot { file: SnapshotFile::Delta, .. });
    assert!(of_delta && !genesis::is_loaded(&store).unwrap(), "{error}");
}
