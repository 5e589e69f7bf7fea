//! Deep graphs do not overflow the stack, and walks below the window end.

use osmia_primitives::MilestoneIndex;
use osmia_tangle::{ConeRoots, Inserted, TangleOptions, limits};

use crate::graph::{entry_points, id, vertex};
use crate::world::World;

const LENGTH: usize = 100_000;

fn roomy() -> TangleOptions {
    TangleOptions {
        waiting_messages_max: LENGTH,
        waiting_bytes_max: usize::MAX,
        window_bytes_max: usize::MAX,
        ..TangleOptions::default()
    }
}

/// Message `number` of a chain on the first entry point.
fn link(number: usize) -> osmia_tangle::Vertex {
    vertex(id(number), vec![if number == 0 { entry_points()[2].0 } else { id(number - 1) }])
}

#[test]
fn a_deep_chain_solidifies_from_below_and_is_confirmed() {
    let mut world = World::new(roomy());
    for number in (1..LENGTH).rev() {
        assert_eq!(world.insert(link(number)), Inserted::Waiting);
    }
    assert_eq!(world.tangle.requests_count(), 1);
    assert_eq!(world.insert(link(0)), Inserted::Attached);
    assert_eq!(world.attached.len(), LENGTH);
    let chain: Vec<_> = (0..LENGTH).map(id).collect();
    assert!(world.attached.iter().map(|item| item.vertex.id).eq(chain.iter().copied()));
    assert_eq!(world.confirm(MilestoneIndex(4), &[id(LENGTH - 1)]), chain);
}

#[test]
fn a_deep_chain_is_raised_to_a_milestone_at_once() {
    let mut world = World::new(roomy());
    for number in (1..LENGTH - 1).rev() {
        world.insert(link(number));
    }
    assert_eq!(world.tangle.requests(1)[0].milestone, None);
    world.insert(osmia_tangle::Vertex { milestone: Some(MilestoneIndex(4)), ..link(LENGTH - 1) });
    assert_eq!(world.tangle.requests(1)[0].milestone, Some(MilestoneIndex(4)));
}

#[test]
fn a_deep_cone_below_the_window_is_confirmed() {
    let mut world = World::new(TangleOptions { window_bytes_max: 0, ..roomy() });
    world.evicts = true;
    for number in 0..LENGTH {
        world.insert(link(number));
    }
    assert_eq!(world.tangle.window_count(), 0);
    assert_eq!(world.confirm(MilestoneIndex(4), &[id(LENGTH - 1)]).len(), LENGTH);
    let roots = world.tangle.cone_roots(&id(LENGTH / 2), &world.ancestors).unwrap();
    assert_eq!(roots, Some(ConeRoots::at(MilestoneIndex(4))));
}

#[test]
fn a_walk_below_the_window_that_is_too_long_answers_older_than_everything() {
    let mut world = World::new(roomy());
    for number in 0..limits::OUTSIDE_WALK_MAX + 1 {
        world.insert(link(number));
    }
    // A Tangle that remembers nothing of them.
    let options = TangleOptions { next_arrival: world.tangle.next_arrival(), ..roomy() };
    world.tangle = osmia_tangle::Tangle::new(options, osmia_primitives::IdHasherKey(3));
    let roots = |world: &mut World, number| world.tangle.cone_roots(&id(number), &world.ancestors).unwrap();
    assert_eq!(roots(&mut world, limits::OUTSIDE_WALK_MAX), Some(ConeRoots::UNKNOWN));
    assert_eq!(roots(&mut world, limits::OUTSIDE_WALK_MAX - 1), Some(ConeRoots::at(MilestoneIndex(3))));
    // A child asks, too; afterwards the part that was walked is not asked for again.
    world.insert(link(limits::OUTSIDE_WALK_MAX + 1));
    assert_eq!(roots(&mut world, limits::OUTSIDE_WALK_MAX + 1), Some(ConeRoots::UNKNOWN));
    world.confirm(MilestoneIndex(4), &[id(limits::OUTSIDE_WALK_MAX)]);
    assert_eq!(roots(&mut world, limits::OUTSIDE_WALK_MAX + 1), Some(ConeRoots::at(MilestoneIndex(4))));
}
