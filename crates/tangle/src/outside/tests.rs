use osmia_primitives::MessageId;

use super::*;
use crate::memory_ancestors::MemoryAncestors;
use crate::vertex::{Attached, FIRST_ARRIVAL, Vertex};

/// A chain of messages on an entry point of index 3.
fn chain(length: u64) -> MemoryAncestors {
    let mut ancestors = MemoryAncestors::new();
    ancestors.put_entry_point(0, MessageId::NULL, MilestoneIndex(3));
    for number in 0..length {
        let id = MessageId::of(&number.to_le_bytes());
        let vertex =
            Vertex { id, parents: Vec::new(), milestone: None, index: None, flags: 0, bytes: [].into() };
        let parent = if number == 0 { 0 } else { FIRST_ARRIVAL + number - 1 };
        ancestors.put(&Attached { arrival: FIRST_ARRIVAL + number, parents: vec![parent], vertex });
    }
    ancestors
}

fn at(index: u32) -> ConeRoots {
    ConeRoots::at(MilestoneIndex(index))
}

#[test]
fn a_milestone_changes_only_what_stands_on_its_cone() {
    let mut ancestors = chain(10);
    let mut outside = Outside::default();
    assert_eq!(outside.roots(FIRST_ARRIVAL + 9, &ancestors), Ok(at(3)));
    assert_eq!(outside.found.len(), 11, "every step of the walk, and the entry point");
    ancestors.refer(MilestoneIndex(5), &[FIRST_ARRIVAL + 4]);
    outside.confirm(MilestoneIndex(5), &[FIRST_ARRIVAL + 4]);
    assert_eq!(outside.found.len(), 6);
    assert_eq!(outside.roots(FIRST_ARRIVAL + 9, &ancestors), Ok(at(5)));
    assert_eq!(outside.roots(FIRST_ARRIVAL + 3, &ancestors), Ok(at(3)));
    outside.confirm(MilestoneIndex(6), &[]);
    assert_eq!(outside.found.len(), 11, "a milestone above changes nothing below");
}

#[test]
fn what_is_remembered_is_bounded_and_the_newest_stay() {
    let mut outside = Outside::default();
    let count = u64::try_from(OUTSIDE_ROOTS_MAX).unwrap() + 10;
    for number in 0..count {
        outside.remember_unreferenced(FIRST_ARRIVAL + number, at(4));
    }
    assert_eq!(outside.found.len(), OUTSIDE_ROOTS_MAX);
    assert_eq!(outside.bytes(), OUTSIDE_ROOTS_MAX * ENTRY_BYTES);
    let nothing = MemoryAncestors::new();
    assert_eq!(outside.roots(FIRST_ARRIVAL + 10, &nothing), Ok(at(4)));
    assert!(outside.roots(FIRST_ARRIVAL + 9, &nothing).is_err(), "it is asked for again");
}

#[test]
fn a_walk_does_not_depend_on_what_is_remembered_meanwhile() {
    let length = u64::try_from(OUTSIDE_WALK_MAX).unwrap();
    let ancestors = chain(length);
    let mut findings = Findings::default();
    let outside = Outside::default();
    assert_eq!(outside.find(FIRST_ARRIVAL + length - 1, &ancestors, &mut findings), Ok(at(3)));
    assert_eq!(findings.0.len(), OUTSIDE_WALK_MAX + 1);
    assert!(outside.found.is_empty());
}

#[test]
fn a_storage_that_fails_is_an_error_and_no_answer() {
    let mut outside = Outside::default();
    assert!(outside.roots(FIRST_ARRIVAL, &MemoryAncestors::new()).is_err());
    assert!(outside.found.is_empty());
}
