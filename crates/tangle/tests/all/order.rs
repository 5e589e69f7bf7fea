//! Whatever the order in which messages arrive, the Tangle is the same.

use std::collections::BTreeSet;

use osmia_primitives::MilestoneIndex;
use osmia_tangle::{FIRST_ARRIVAL, Inserted, TangleOptions};
use proptest::prelude::*;

use crate::graph::{Graph, entry_points, graphs};
use crate::model::Model;
use crate::world::World;

/// A key to sort each message by, picks of those that come twice, and whether each never comes.
type Arrivals = (Vec<u32>, Vec<u16>, Vec<bool>);

fn arrivals() -> impl Strategy<Value = Arrivals> {
    let order = prop::collection::vec(any::<u32>(), 60);
    (order, prop::collection::vec(any::<u16>(), 0..20), prop::collection::vec(prop::bool::weighted(0.03), 60))
}

/// The places of messages in the order of their arrival.
fn sequence(graph: &Graph, order: &[u32], twice: &[u16], never: &[bool]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..graph.vertices.len()).filter(|place| !never[*place]).collect();
    places.sort_by_key(|place| order[*place]);
    for pick in twice {
        if !places.is_empty() {
            let pick = usize::from(*pick);
            places.insert(pick % places.len(), places[(pick / 3) % places.len()]);
        }
    }
    places
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_tangle_of_the_model(
        graph in graphs(60, 5),
        (order, twice, never) in arrivals(),
    ) {
        let mut world = World::new(TangleOptions::default());
        let mut model = Model { roots: entry_points().into_iter().collect(), ..Model::default() };
        for place in sequence(&graph, &order, &twice, &never) {
            let vertex = graph.vertices[place].clone();
            let is_new = model.parents.insert(vertex.id, vertex.parents.clone()).is_none();
            let is_solid = model.is_solid(&vertex.id);
            let expected = match (is_new, is_solid) {
                (false, _) => Inserted::Known,
                (true, true) => Inserted::Attached,
                (true, false) => Inserted::Waiting,
            };
            prop_assert_eq!(world.insert(vertex), expected);
        }
        check_solid(&mut world, &model)?;
        for (number, (_, parents)) in graph.milestones.iter().enumerate() {
            let parents: Vec<_> = parents.iter().filter(|id| model.is_solid(id)).copied().collect();
            let index = MilestoneIndex(u32::try_from(number).unwrap() + 4);
            let expected = model.white_flag(&parents);
            prop_assert_eq!(&world.confirm(index, &parents), &expected);
            model.confirm(index, &expected);
            check_roots(&mut world, &model)?;
        }
    }
}

/// The solid set, its numbers, its messages without children, and what is missing.
fn check_solid(world: &mut World, model: &Model) -> Result<(), TestCaseError> {
    let solid: BTreeSet<_> = world.numbers.keys().copied().collect();
    prop_assert_eq!(&solid, &model.solid());
    for (number, item) in world.attached.iter().enumerate() {
        prop_assert_eq!(item.arrival, FIRST_ARRIVAL + u64::try_from(number).unwrap());
        let parents: Vec<u64> = item.vertex.parents.iter().map(|id| world.number(id)).collect();
        prop_assert_eq!(&item.parents, &parents);
        prop_assert!(parents.iter().all(|parent| *parent < item.arrival));
        prop_assert_eq!(world.tangle.flags(item.arrival, &world.ancestors).unwrap(), item.vertex.flags);
        prop_assert_eq!(world.tangle.parents(item.arrival, &world.ancestors).unwrap(), parents);
    }
    let with_child: BTreeSet<_> = world.attached.iter().flat_map(|item| &item.parents).copied().collect();
    let childless = world.numbers.iter().filter(|(_, arrival)| !with_child.contains(arrival));
    prop_assert_eq!(childless.map(|(id, _)| *id).collect::<BTreeSet<_>>(), model.childless());
    let requested: BTreeSet<_> = world.tangle.requests(usize::MAX).iter().map(|request| request.id).collect();
    prop_assert_eq!(requested, model.missing());
    prop_assert_eq!(world.tangle.waiting_count(), model.parents.len() - solid.len());
    check_roots(world, model)
}

pub(crate) fn check_roots(world: &mut World, model: &Model) -> Result<(), TestCaseError> {
    for id in world.numbers.keys() {
        let roots = world.tangle.cone_roots(id, &world.ancestors).unwrap();
        prop_assert_eq!(roots, Some(model.cone_roots(id)));
        prop_assert_eq!(world.milestone(id), model.roots.get(id).copied());
    }
    Ok(())
}
