//! The waiting room and its requests.

use std::collections::{BTreeMap, BTreeSet};

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_tangle::{Inserted, TangleOptions, Vertex};
use proptest::prelude::*;

use crate::graph::{entry_points, graphs, id, vertex};
use crate::world::World;

fn milestone(vertex: Vertex, index: u32) -> Vertex {
    Vertex { milestone: Some(MilestoneIndex(index)), ..vertex }
}

fn small_room(messages: usize) -> TangleOptions {
    TangleOptions { waiting_messages_max: messages, ..TangleOptions::default() }
}

/// Asks for what is missing, a few at a time, until nothing is.
fn fetch_all(
    world: &mut World,
    others: &BTreeMap<MessageId, Vertex>,
    at_once: usize,
    rounds_max: usize,
) -> usize {
    let mut rounds = 0;
    while world.tangle.requests_count() > 0 {
        rounds += 1;
        assert!(rounds <= rounds_max, "{} are still missing", world.tangle.requests_count());
        for request in world.tangle.requests(at_once) {
            world.insert(others[&request.id].clone());
        }
    }
    rounds
}

proptest! {
    #[test]
    fn a_flood_keeps_to_the_bounds_and_never_hides_the_oldest_milestone(
        flood in prop::collection::vec((any::<u16>(), 1..=8usize, prop::option::weighted(0.2, 5..40u32), 0..3_000usize), 1..300),
        room in 1..40usize,
    ) {
        let bytes_max = room * 3_000;
        let mut world = World::new(TangleOptions { waiting_bytes_max: bytes_max, ..small_room(room) });
        let mut present = BTreeSet::new();
        for (name, parents, index, bytes) in flood {
            let name = usize::from(name);
            // Parents nobody has, some of them shared; no cycles, because they have larger numbers.
            let parents = (0..parents).map(|step| id(name + 1 + step * step * 7)).collect();
            let flooded = Vertex { bytes: vec![0; bytes].into(), ..vertex(id(name), parents) };
            let flooded = Vertex { milestone: index.map(MilestoneIndex), ..flooded };
            let inserted = world.insert(flooded.clone());
            prop_assert_ne!(inserted, Inserted::Attached);
            if inserted == Inserted::Waiting {
                present.insert(flooded.id);
            }
            present.retain(|id| world.tangle.contains(id));
            prop_assert_eq!(world.tangle.waiting_count(), present.len());
            prop_assert!(present.len() <= room);
            prop_assert!(world.tangle.bytes() <= bytes_max);
            let requests = world.tangle.requests(usize::MAX);
            prop_assert_eq!(requests.len(), world.tangle.requests_count());
            prop_assert!(requests.len() <= 8 * present.len());
            let order: Vec<u32> =
                requests.iter().map(|request| request.milestone.map_or(u32::MAX, |index| index.0)).collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
            let distinct: BTreeSet<_> = requests.iter().map(|request| request.id).collect();
            prop_assert_eq!(distinct.len(), requests.len());
            prop_assert!(distinct.is_disjoint(&present));
            prop_assert_eq!(world.tangle.requests(3), &requests[..requests.len().min(3)]);
        }
    }

    #[test]
    fn everything_a_milestone_needs_is_fetched_through_a_room_smaller_than_its_cone(
        graph in graphs(60, 0),
        room in 2..40usize,
        at_once in 1..9usize,
    ) {
        let mut world = World::new(small_room(room));
        let others: BTreeMap<_, _> = graph.vertices.iter().map(|vertex| (vertex.id, vertex.clone())).collect();
        let last = graph.vertices.last().unwrap().clone();
        world.insert(milestone(last.clone(), 4));
        fetch_all(&mut world, &others, at_once, 10_000);
        prop_assert!(world.numbers.contains_key(&last.id));
        prop_assert_eq!(world.tangle.waiting_count(), 0);
    }
}

#[test]
fn the_oldest_milestone_comes_first_and_what_it_needs_inherits_its_place() {
    let mut world = World::new(TangleOptions::default());
    let ask = |world: &World| {
        let requests = world.tangle.requests(9);
        requests
            .into_iter()
            .map(|request| (request.id, request.milestone.map(|index| index.0)))
            .collect::<Vec<_>>()
    };
    world.insert(vertex(id(1), vec![id(101)]));
    assert_eq!(ask(&world), [(id(101), None)], "nobody knows yet whether a milestone needs it");
    world.insert(milestone(vertex(id(2), vec![id(102)]), 9));
    assert_eq!(ask(&world), [(id(102), Some(9)), (id(101), None)]);
    world.insert(milestone(vertex(id(3), vec![id(103)]), 7));
    assert_eq!(ask(&world), [(id(103), Some(7)), (id(102), Some(9)), (id(101), None)]);
    // What answers a request asks for its own parents in the same place.
    world.insert(vertex(id(103), vec![id(104)]));
    assert_eq!(ask(&world), [(id(104), Some(7)), (id(102), Some(9)), (id(101), None)]);
    // A milestone that builds on what waits raises it, and what that waits for.
    world.insert(vertex(id(5), vec![id(1)]));
    world.insert(milestone(vertex(id(6), vec![id(5)]), 5));
    assert_eq!(ask(&world), [(id(101), Some(5)), (id(104), Some(7)), (id(102), Some(9))]);
    // A younger one does not put it back.
    world.insert(milestone(vertex(id(7), vec![id(5)]), 6));
    assert_eq!(ask(&world)[0], (id(101), Some(5)));
}

#[test]
fn a_speculative_flood_does_not_push_out_what_a_milestone_needs() {
    let mut world = World::new(small_room(10));
    world.insert(milestone(vertex(id(1), vec![id(2)]), 1));
    world.insert(vertex(id(2), vec![id(3), id(4)]));
    for number in 100..200 {
        world.insert(vertex(id(number), vec![id(number + 1_000)]));
    }
    assert!(world.tangle.contains(&id(1)) && world.tangle.contains(&id(2)));
    assert!(world.tangle.contains(&id(199)) && !world.tangle.contains(&id(100)), "the newest are kept");
    let first: Vec<_> = world.tangle.requests(2).iter().map(|request| request.id).collect();
    assert_eq!(BTreeSet::from_iter(first), BTreeSet::from([id(3), id(4)]));
    for number in 10..18 {
        world.insert(milestone(vertex(id(number), vec![id(number + 1_000)]), 1));
    }
    assert_eq!(world.insert(vertex(id(300), vec![id(1_300)])), Inserted::Full);
    assert_eq!(world.tangle.requests(99).len(), 10, "what was dropped asks for nothing");
}

#[test]
fn what_waits_for_long_is_given_up() {
    let mut world = World::new(TangleOptions::default());
    world.insert(vertex(id(1), vec![id(101)]));
    world.insert(milestone(vertex(id(2), vec![id(102)]), 9));
    world.confirm(MilestoneIndex(15), &[]);
    assert!(world.tangle.contains(&id(1)));
    world.confirm(MilestoneIndex(16), &[]);
    assert!(!world.tangle.contains(&id(1)) && world.tangle.contains(&id(2)));
    world.confirm(MilestoneIndex(24), &[]);
    assert!(world.tangle.contains(&id(2)));
    world.confirm(MilestoneIndex(25), &[]);
    assert_eq!(
        (world.tangle.waiting_count(), world.tangle.requests_count(), world.tangle.bytes()),
        (0, 0, 0)
    );
}

#[test]
fn a_message_on_what_waits_asks_for_nothing_and_comes_in_after_it() {
    let entry = entry_points()[0].0;
    let mut world = World::new(TangleOptions::default());
    assert_eq!(world.insert(vertex(id(3), vec![id(2), id(1)])), Inserted::Waiting);
    assert_eq!(world.insert(vertex(id(2), vec![id(1)])), Inserted::Waiting);
    assert_eq!(world.insert(vertex(id(2), vec![id(1)])), Inserted::Known);
    assert_eq!(world.tangle.requests(9).iter().map(|request| request.id).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(world.insert(vertex(id(1), vec![entry])), Inserted::Attached);
    let order: Vec<_> = world.attached.iter().map(|item| item.vertex.id).collect();
    assert_eq!(order, [id(1), id(2), id(3)]);
    assert_eq!(world.insert(vertex(id(3), vec![id(2), id(1)])), Inserted::Known);
    assert_eq!(world.insert(vertex(entry, vec![id(1)])), Inserted::Known, "an entry point is known, too");
}

#[test]
fn a_long_chain_is_fetched_through_a_small_room() {
    let (entry, length, room) = (entry_points()[0].0, 400, 60);
    let others: BTreeMap<_, _> = (0..length)
        .map(|number| {
            (id(number), vertex(id(number), vec![if number == 0 { entry } else { id(number - 1) }]))
        })
        .collect();
    let mut world = World::new(small_room(room));
    world.insert(milestone(others[&id(length - 1)].clone(), 1));
    let rounds = fetch_all(&mut world, &others, 8, 20 * length);
    assert_eq!(world.attached.len(), length);
    assert!(rounds >= length - 1);
}
