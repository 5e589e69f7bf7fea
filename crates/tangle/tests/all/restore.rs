//! After a start the Tangle is what it was.

use osmia_primitives::{IdHasherKey, MilestoneIndex};
use osmia_tangle::{Ancestors, Attached, Restored, Tangle, TangleOptions, limits};
use proptest::prelude::*;

use crate::graph::{entry_points, graphs};
use crate::model::Model;
use crate::order::check_roots;
use crate::world::World;

fn stored(world: &World, item: &Attached) -> Restored {
    Restored {
        id: item.vertex.id,
        arrival: item.arrival,
        parents: item.parents.clone(),
        milestone: world.ancestors.milestone(item.arrival).unwrap(),
        flags: item.vertex.flags,
    }
}

/// The same world with a new Tangle that holds the messages from `first` on.
fn restart(world: World, first: usize, options: TangleOptions) -> World {
    let next_arrival = world.tangle.next_arrival();
    let options = TangleOptions { confirmed: world.tangle.confirmed(), next_arrival, ..options };
    let mut tangle = Tangle::new(options, IdHasherKey(5));
    for item in &world.attached[first.min(world.attached.len())..] {
        tangle.restore(stored(&world, item));
    }
    tangle.finish_restore(0, &world.ancestors).unwrap();
    World { tangle, ..world }
}

proptest! {
    #[test]
    fn a_restored_tangle_goes_on_as_if_it_had_never_stopped(
        graph in graphs(60, 8),
        stop in 1..60usize,
        first in 0..60usize,
        records in 1..60usize,
    ) {
        let options =
            TangleOptions { window_bytes_max: records * limits::RECORD_BYTES, ..TangleOptions::default() };
        let mut world = World::new(options);
        let mut model = Model { roots: entry_points().into_iter().collect(), ..Model::default() };
        let mut milestones = graph.milestones.iter().peekable();
        let mut index = MilestoneIndex(3);
        for (place, vertex) in graph.vertices.iter().enumerate() {
            if place == stop {
                world = restart(world, first, options);
                check_roots(&mut world, &model)?;
            }
            world.insert(vertex.clone());
            model.parents.insert(vertex.id, vertex.parents.clone());
            while let Some((_, parents)) = milestones.next_if(|(after, _)| *after <= place) {
                index = index.next().unwrap();
                let cone = model.white_flag(parents);
                prop_assert_eq!(&world.confirm(index, parents), &cone);
                model.confirm(index, &cone);
                check_roots(&mut world, &model)?;
            }
        }
        prop_assert_eq!(world.attached.len(), graph.vertices.len());
    }

    #[test]
    fn messages_without_children_are_tips_again(graph in graphs(60, 0), first in 0..60usize) {
        let mut world = World::new(TangleOptions::default());
        let mut model = Model { roots: entry_points().into_iter().collect(), ..Model::default() };
        for vertex in &graph.vertices {
            world.insert(vertex.clone());
            model.parents.insert(vertex.id, vertex.parents.clone());
        }
        let world = restart(world, first, TangleOptions::default());
        let mut tips = world.tangle.tips().non_lazy_sample(99);
        tips.sort_unstable();
        let is_held = |id: &_| world.numbers[id] >= world.attached[0].arrival + u64::try_from(first).unwrap();
        let expected: Vec<_> = model.childless().into_iter().filter(is_held).collect();
        prop_assert_eq!(tips, expected);
    }
}

#[test]
fn a_gap_in_the_numbers_leaves_what_came_before_to_the_storage() {
    let mut world = World::new(TangleOptions::default());
    for number in 0..10 {
        let parent = if number == 0 { entry_points()[2].0 } else { crate::graph::id(number - 1) };
        world.insert(crate::graph::vertex(crate::graph::id(number), vec![parent]));
    }
    let options = TangleOptions { next_arrival: world.tangle.next_arrival(), ..TangleOptions::default() };
    let mut tangle = Tangle::new(options, IdHasherKey(5));
    for place in [0, 1, 2, 6, 7, 8, 9] {
        tangle.restore(stored(&world, &world.attached[place]));
    }
    tangle.finish_restore(0, &world.ancestors).unwrap();
    assert_eq!(tangle.window_count(), 4);
    let last = tangle.cone_roots(&crate::graph::id(9), &world.ancestors).unwrap().unwrap();
    assert_eq!((last.youngest, last.oldest), (MilestoneIndex(3), MilestoneIndex(3)));
}
