//! The size of the window changes no answer.

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_tangle::{FIRST_ARRIVAL, ParentError, TangleOptions, limits};
use proptest::prelude::*;

use crate::graph::{entry_points, graphs, id, vertex};
use crate::model::Model;
use crate::order::check_roots;
use crate::world::World;

fn options(window_bytes_max: usize) -> TangleOptions {
    TangleOptions {
        below_max_depth: 3,
        youngest_delta_max: 1,
        oldest_delta_max: 2,
        window_bytes_max,
        ..TangleOptions::default()
    }
}

fn sorted(mut ids: Vec<MessageId>) -> Vec<MessageId> {
    ids.sort_unstable();
    ids
}

proptest! {
    #[test]
    fn a_tiny_window_gives_the_answers_of_a_large_one(graph in graphs(60, 12), records in 0..20usize) {
        let mut large = World::new(options(usize::MAX));
        let mut tiny = World::new(options(records * limits::RECORD_BYTES));
        tiny.evicts = true;
        let mut model = Model { roots: entry_points().into_iter().collect(), ..Model::default() };
        let mut milestones = graph.milestones.iter().peekable();
        let mut index = MilestoneIndex(3);
        for (place, vertex) in graph.vertices.iter().enumerate() {
            prop_assert_eq!(large.insert(vertex.clone()), tiny.insert(vertex.clone()));
            model.parents.insert(vertex.id, vertex.parents.clone());
            prop_assert!(tiny.tangle.window_count() <= records);
            while let Some((_, parents)) = milestones.next_if(|(after, _)| *after <= place) {
                index = index.next().unwrap();
                let cone = model.white_flag(parents);
                prop_assert_eq!(&large.confirm(index, parents), &cone);
                prop_assert_eq!(&tiny.confirm(index, parents), &cone);
                model.confirm(index, &cone);
                check_roots(&mut large, &model)?;
                check_roots(&mut tiny, &model)?;
            }
            let tips = |world: &World| {
                let tips = world.tangle.tips();
                (sorted(tips.non_lazy_sample(99)), sorted(tips.semi_lazy_sample(99)), tips.candidates(64))
            };
            prop_assert_eq!(tips(&large), tips(&tiny));
        }
        prop_assert_eq!(&large.attached, &tiny.attached);
        let mut fit = 0;
        for id in large.numbers.keys() {
            let verdict = large.tangle.check_parents(&[*id], &large.ancestors).unwrap();
            prop_assert_eq!(verdict, tiny.tangle.check_parents(&[*id], &tiny.ancestors).unwrap());
            let is_fit = index.ahead_of(model.cone_roots(id).oldest) <= 3;
            prop_assert_eq!(verdict, if is_fit { Ok(()) } else { Err(ParentError::TooOld(*id)) });
            fit += usize::from(is_fit);
        }
        prop_assert!(fit > 0 || !graph.milestones.is_empty());
    }
}

#[test]
fn parents_must_be_solid_and_not_below_max_depth() {
    let entry = entry_points()[1].0;
    let mut world = World::new(TangleOptions::default());
    world.insert(vertex(id(1), vec![entry]));
    world.insert(vertex(id(2), vec![id(1), id(77)]));
    let check = |world: &mut World, parents: &[MessageId]| {
        world.tangle.check_parents(parents, &world.ancestors).unwrap()
    };
    assert_eq!(check(&mut world, &[id(1), entry]), Ok(()));
    assert_eq!(check(&mut world, &[id(1), id(2)]), Err(ParentError::Missing(id(2))), "it waits");
    assert_eq!(check(&mut world, &[id(78)]), Err(ParentError::Missing(id(78))));
    // Entry point and message have index 1: 15 milestones later they are just fit.
    world.confirm(MilestoneIndex(16), &[]);
    assert_eq!(check(&mut world, &[id(1)]), Ok(()));
    assert_eq!(check(&mut world, &[entry]), Ok(()));
    world.confirm(MilestoneIndex(17), &[]);
    assert_eq!(check(&mut world, &[id(1)]), Err(ParentError::TooOld(id(1))));
    assert_eq!(check(&mut world, &[entry]), Err(ParentError::TooOld(entry)));
    // A milestone that references it makes it young again.
    world.confirm(MilestoneIndex(18), &[id(1)]);
    assert_eq!(check(&mut world, &[id(1)]), Ok(()));
    assert_eq!(check(&mut world, &[id(1), entry]), Err(ParentError::TooOld(entry)));
}

#[test]
fn old_messages_leave_the_window_even_when_there_is_room() {
    let entry = entry_points()[0].0;
    let mut world = World::new(TangleOptions::default());
    for number in 0..10 {
        world.insert(vertex(id(number), vec![entry]));
    }
    world.confirm(MilestoneIndex(1), &[id(0), id(1)]);
    world.tangle.evict();
    assert_eq!(world.tangle.window_count(), 10);
    world.confirm(MilestoneIndex(21), &[]);
    world.tangle.evict();
    assert_eq!(
        world.tangle.window_count(),
        10,
        "the two referenced ones are the oldest, and just young enough"
    );
    world.confirm(MilestoneIndex(22), &[]);
    world.tangle.evict();
    assert_eq!(world.tangle.window_count(), 0, "the others were never referenced and stand on milestone 0");
    assert_eq!(world.tangle.next_arrival(), FIRST_ARRIVAL + 10);
    assert_eq!(world.confirm(MilestoneIndex(23), &[id(5)]), [id(5)], "what left is still found");
}

#[test]
fn memory_is_accounted_and_bounded_whatever_the_flood() {
    let records = 500;
    let mut world = World::new(options(records * limits::RECORD_BYTES));
    world.evicts = true;
    let entry = entry_points()[0].0;
    let mut bytes_most = 0;
    for number in 0..20_000 {
        world.insert(vertex(id(number), vec![if number < 9 { entry } else { id(number - number % 9 - 1) }]));
        bytes_most = bytes_most.max(world.tangle.bytes());
        assert!(world.tangle.window_count() <= records);
    }
    let tips = limits::POOL_TIPS_MAX * 150;
    let outside = limits::OUTSIDE_ROOTS_MAX * 60;
    assert!(bytes_most <= records * limits::RECORD_BYTES + tips + outside, "{bytes_most}");
    assert!(world.tangle.tips().non_lazy_count() <= limits::POOL_TIPS_MAX);
}
