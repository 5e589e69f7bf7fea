//! The coordinator's choice against a search over sets.

use std::collections::BTreeSet;

use osmia_primitives::MilestoneIndex;
use osmia_tangle::{Branch, TangleOptions};
use proptest::prelude::*;

use crate::graph::{entry_points, graphs, id, vertex};
use crate::world::World;

/// Greedy choice over explicit sets of messages.
fn by_sets(world: &World, candidates: &[u64], count: usize) -> Vec<Branch> {
    let cone = |arrival: &u64| -> BTreeSet<u64> {
        world.tangle.cone(&[*arrival], &world.ancestors).unwrap().into_iter().collect()
    };
    let cones: Vec<_> = candidates.iter().map(|arrival| (*arrival, cone(arrival))).collect();
    let (mut covered, mut chosen) = (BTreeSet::new(), Vec::new());
    while chosen.len() < count {
        let weigh = |set: &BTreeSet<u64>| set.difference(&covered).count();
        let best = cones.iter().max_by_key(|(arrival, set)| (weigh(set), std::cmp::Reverse(*arrival)));
        let Some((arrival, set)) = best.filter(|(_, set)| weigh(set) > 0) else { break };
        chosen.push(Branch { arrival: *arrival, covers: weigh(set) });
        covered.extend(set);
    }
    chosen
}

proptest! {
    #[test]
    fn the_sweep_chooses_what_a_search_over_sets_chooses(
        graph in graphs(60, 3),
        picks in prop::collection::btree_set(any::<u16>(), 1..64),
        count in 0..12usize,
    ) {
        let mut world = World::new(TangleOptions::default());
        for vertex in &graph.vertices {
            world.insert(vertex.clone());
        }
        for (number, (_, parents)) in graph.milestones.iter().enumerate() {
            world.confirm(MilestoneIndex(u32::try_from(number).unwrap() + 4), parents);
        }
        let candidates: BTreeSet<u64> =
            picks.iter().map(|pick| world.attached[usize::from(*pick) % world.attached.len()].arrival).collect();
        let mut candidates: Vec<u64> = candidates.into_iter().collect();
        let chosen = world.tangle.heaviest(&candidates, count);
        prop_assert_eq!(&chosen, &by_sets(&world, &candidates, count));
        candidates.reverse();
        prop_assert_eq!(&world.tangle.heaviest(&candidates, count), &chosen, "the order of candidates is no matter");
        let total: usize = world.tangle.heaviest(&candidates, usize::MAX).iter().map(|branch| branch.covers).sum();
        let covered = world.tangle.cone(&candidates, &world.ancestors).unwrap();
        prop_assert_eq!(total, covered.len(), "all choices together cover every cone");
    }
}

#[test]
fn odd_candidates_do_no_harm() {
    let entry = entry_points()[0].0;
    let mut world = World::new(TangleOptions::default());
    assert_eq!(world.tangle.heaviest(&[], 5), []);
    assert_eq!(world.tangle.heaviest(&[0, 7, u64::MAX], 5), []);
    for number in 0..70 {
        world.insert(vertex(id(number), vec![entry]));
    }
    let all: Vec<u64> = world.attached.iter().map(|item| item.arrival).collect();
    let chosen: Vec<u64> =
        world.tangle.heaviest(&all, usize::MAX).iter().map(|branch| branch.arrival).collect();
    assert_eq!(chosen, all[..64], "more than 64 are not looked at");
    let chosen = world.tangle.heaviest(&[all[3], all[3], 5, all[1]], 9);
    assert_eq!(chosen, [Branch { arrival: all[1], covers: 1 }, Branch { arrival: all[3], covers: 1 }]);
}
