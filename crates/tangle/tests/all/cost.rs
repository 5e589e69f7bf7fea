//! What is asked of the storage: nothing on the usual path but whether a new id is known.

use std::cell::Cell;

use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_tangle::{Ancestors, Known, MemoryAncestors, NoSuchArrival, Tangle, TangleOptions};

use crate::graph::{entry_points, id, vertex};

/// Counts questions.
#[derive(Default)]
struct Counting {
    inner: MemoryAncestors,
    finds: Cell<usize>,
    others: Cell<usize>,
}

impl Ancestors for Counting {
    type Error = NoSuchArrival;

    fn find(&self, id: &MessageId) -> Result<Option<Known>, NoSuchArrival> {
        self.finds.set(self.finds.get() + 1);
        self.inner.find(id)
    }

    fn parents(&self, arrival: u64) -> Result<Vec<u64>, NoSuchArrival> {
        self.others.set(self.others.get() + 1);
        self.inner.parents(arrival)
    }

    fn milestone(&self, arrival: u64) -> Result<Option<MilestoneIndex>, NoSuchArrival> {
        self.others.set(self.others.get() + 1);
        self.inner.milestone(arrival)
    }

    fn flags(&self, arrival: u64) -> Result<u8, NoSuchArrival> {
        self.others.set(self.others.get() + 1);
        self.inner.flags(arrival)
    }
}

#[test]
fn inside_the_window_only_new_ids_are_looked_up() {
    let mut ancestors = Counting::default();
    let entry = entry_points()[0].0;
    ancestors.inner.put_entry_point(0, entry, MilestoneIndex(0));
    let mut tangle = Tangle::new(TangleOptions::default(), IdHasherKey(1));
    let mut attached = Vec::new();
    tangle.insert(vertex(id(0), vec![entry]), 0, &ancestors, &mut attached).unwrap();
    assert_eq!(ancestors.finds.take(), 2, "itself and the entry point");
    for number in 1..100 {
        let parents = (number / 2..number).rev().take(4).map(id).collect();
        tangle.insert(vertex(id(number), parents), 0, &ancestors, &mut attached).unwrap();
    }
    assert_eq!((ancestors.finds.take(), ancestors.others.take()), (99, 0));
    let cone = tangle.cone(&[attached[90].arrival], &ancestors).unwrap();
    assert_eq!(ancestors.others.take(), 0);
    ancestors.inner.refer(MilestoneIndex(1), &cone);
    tangle.confirm(MilestoneIndex(1), &cone, &ancestors).unwrap();
    tangle.check_parents(&[id(95)], &ancestors).unwrap().unwrap();
    assert_eq!((ancestors.finds.take(), ancestors.others.take()), (0, 0));
}

#[test]
fn roots_found_below_the_window_are_remembered() {
    let mut ancestors = Counting::default();
    let entry = entry_points()[0].0;
    ancestors.inner.put_entry_point(0, entry, MilestoneIndex(0));
    let options = TangleOptions { window_bytes_max: 0, ..TangleOptions::default() };
    let mut tangle = Tangle::new(options, IdHasherKey(1));
    let mut attached = Vec::new();
    for number in 0..50 {
        let parent = if number == 0 { entry } else { id(number - 1) };
        tangle.insert(vertex(id(number), vec![parent]), 0, &ancestors, &mut attached).unwrap();
        ancestors.inner.put(attached.last().unwrap());
        tangle.evict();
    }
    assert_eq!(ancestors.others.take(), 0, "what left the window unreferenced is remembered");
    for index in 1..10 {
        tangle.confirm(MilestoneIndex(index), &[], &ancestors).unwrap();
    }
    assert_eq!(ancestors.others.take(), 0, "no milestone referenced anything below the window");
}
