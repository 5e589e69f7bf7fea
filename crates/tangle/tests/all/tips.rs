//! Tips, rule by rule (TIP-3 and the parameters of the main network).

use std::collections::BTreeSet;

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_tangle::{TIPS_SELECTED_MAX, TangleOptions, limits, select_tips};

use crate::graph::{id, vertex};
use crate::world::World;

/// Entry points stand for referenced messages of any age.
fn referenced(index: u32) -> MessageId {
    MessageId([u8::try_from(index).unwrap(); 32])
}

fn world(confirmed: u32) -> World {
    let entry_points: Vec<_> = (0..=200).map(|index| (referenced(index), MilestoneIndex(index))).collect();
    let options = TangleOptions { confirmed: MilestoneIndex(confirmed), ..TangleOptions::default() };
    World::over(options, &entry_points)
}

fn counts(world: &World) -> (usize, usize) {
    (world.tangle.tips().non_lazy_count(), world.tangle.tips().semi_lazy_count())
}

fn non_lazy(world: &World) -> BTreeSet<MessageId> {
    world.tangle.tips().non_lazy_sample(usize::MAX).into_iter().collect()
}

/// The pools after one message over messages referenced at these indexes.
fn pools_of(confirmed: u32, parents: &[u32]) -> (usize, usize) {
    let mut world = world(confirmed);
    world.insert(vertex(id(1), parents.iter().map(|index| referenced(*index)).collect()));
    counts(&world)
}

const NON_LAZY: (usize, usize) = (1, 0);
const SEMI_LAZY: (usize, usize) = (0, 1);
const LAZY: (usize, usize) = (0, 0);

#[test]
fn scores_follow_the_distance_of_both_cone_roots() {
    assert_eq!(pools_of(100, &[92]), NON_LAZY, "youngest 8 behind");
    assert_eq!(pools_of(100, &[91]), LAZY, "youngest 9 behind");
    assert_eq!(pools_of(100, &[98, 87]), NON_LAZY, "oldest 13 behind");
    assert_eq!(pools_of(100, &[98, 86]), SEMI_LAZY, "oldest 14 behind");
    assert_eq!(pools_of(100, &[98, 85]), SEMI_LAZY, "oldest 15 behind");
    assert_eq!(pools_of(100, &[98, 84]), LAZY, "oldest 16 behind");
    assert_eq!(pools_of(3, &[150, 160]), NON_LAZY, "roots ahead of the confirmed milestone are not behind");
}

#[test]
fn tips_are_scored_again_after_every_milestone() {
    let mut world = world(100);
    world.insert(vertex(id(1), vec![referenced(100), referenced(90)]));
    let mut seen = Vec::new();
    for index in 101..=107 {
        world.confirm(MilestoneIndex(index), &[]);
        seen.push(counts(&world));
    }
    assert_eq!(seen, [NON_LAZY, NON_LAZY, NON_LAZY, SEMI_LAZY, SEMI_LAZY, LAZY, LAZY]);
}

#[test]
fn a_semi_lazy_tip_becomes_non_lazy_when_a_milestone_references_it() {
    let mut world = world(100);
    world.insert(vertex(id(1), vec![referenced(100), referenced(86)]));
    assert_eq!(counts(&world), SEMI_LAZY);
    world.confirm(MilestoneIndex(101), &[id(1)]);
    assert_eq!(counts(&world), NON_LAZY);
    assert_eq!(non_lazy(&world), BTreeSet::from([id(1)]));
}

#[test]
fn a_tip_leaves_with_its_thirtieth_child() {
    let mut world = world(100);
    world.insert(vertex(id(0), vec![referenced(100)]));
    for child in 1..=29 {
        world.insert(vertex(id(child), vec![id(0)]));
    }
    assert!(non_lazy(&world).contains(&id(0)));
    world.insert(vertex(id(30), vec![id(0)]));
    assert!(!non_lazy(&world).contains(&id(0)));
    assert_eq!(counts(&world), (30, 0));
}

#[test]
fn a_semi_lazy_tip_leaves_with_its_second_child() {
    let mut world = world(100);
    world.insert(vertex(id(0), vec![referenced(100), referenced(86)]));
    world.insert(vertex(id(1), vec![id(0)]));
    assert_eq!(counts(&world), (0, 2));
    world.insert(vertex(id(2), vec![id(0)]));
    assert_eq!(counts(&world), (0, 2));
    assert!(!world.tangle.tips().semi_lazy_sample(9).contains(&id(0)));
}

#[test]
fn in_a_crowded_pool_a_tip_leaves_with_its_first_child() {
    let mut world = world(100);
    for number in 0..99 {
        world.insert(vertex(id(number), vec![referenced(100)]));
    }
    world.insert(vertex(id(99), vec![id(0)]));
    assert!(non_lazy(&world).contains(&id(0)), "100 tips are not more than 100");
    world.insert(vertex(id(100), vec![id(0), id(1)]));
    let left = non_lazy(&world);
    // The pool held 101 with the new tip; after one parent left, it held 100 again.
    assert_eq!(left.len(), 100);
    assert_eq!([id(0), id(1)].iter().filter(|id| left.contains(id)).count(), 1);
}

#[test]
fn children_of_another_pool_and_lazy_children_push_nothing_out() {
    let mut world = world(100);
    world.insert(vertex(id(0), vec![referenced(100)]));
    for number in 1..60 {
        // Each is semi-lazy by its other parent.
        world.insert(vertex(id(number), vec![id(0), referenced(86)]));
        world.insert(vertex(id(number + 100), vec![id(0), referenced(80)]));
    }
    assert_eq!(counts(&world), (1, 59));
    world.tangle.tick(1_000_000);
    assert_eq!(counts(&world), (1, 59), "nor do they start its age");
}

#[test]
fn a_referenced_tip_leaves_after_three_seconds() {
    let mut world = world(100);
    world.insert_at(vertex(id(0), vec![referenced(100)]), 1_000);
    world.insert_at(vertex(id(1), vec![id(0)]), 2_000);
    world.insert_at(vertex(id(2), vec![id(0)]), 4_000);
    world.tangle.tick(4_999);
    assert!(non_lazy(&world).contains(&id(0)));
    world.tangle.tick(5_000);
    assert_eq!(non_lazy(&world), BTreeSet::from([id(1), id(2)]), "the age counts from the first child");
    world.tangle.tick(u64::MAX);
    assert_eq!(counts(&world), (2, 0), "tips without children have no age");
}

#[test]
fn a_clock_that_goes_back_does_not_keep_tips_for_ever() {
    let mut world = world(100);
    world.insert_at(vertex(id(0), vec![referenced(100)]), 1_000_000);
    world.insert_at(vertex(id(1), vec![id(0)]), 1_000_000);
    world.tangle.tick(5_000);
    assert_eq!(counts(&world), (2, 0));
    world.tangle.tick(8_000);
    assert_eq!(counts(&world), (1, 0));
}

#[test]
fn a_flood_of_tips_stops_at_the_bound_and_the_newest_stay() {
    let mut world = world(100);
    for number in 0..limits::POOL_TIPS_MAX + 5 {
        world.insert(vertex(id(number), vec![referenced(100)]));
    }
    let tips = non_lazy(&world);
    assert_eq!(tips.len(), limits::POOL_TIPS_MAX);
    assert!(!tips.contains(&id(4)) && tips.contains(&id(5)) && tips.contains(&id(limits::POOL_TIPS_MAX + 4)));
}

/// A stream of words that visits all places evenly.
fn words(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }
}

#[test]
fn selection_gives_up_to_four_distinct_tips_sorted() {
    let mut world = world(100);
    assert_eq!(world.tangle.tips().select(&mut words(1)), [], "a network before its first message");
    for count in 1..20 {
        world.insert(vertex(id(count), vec![referenced(100)]));
        let mut random = words(u64::try_from(count).unwrap());
        let selected = world.tangle.tips().select(&mut random);
        assert_eq!(selected.len(), count.min(TIPS_SELECTED_MAX));
        assert!(selected.is_sorted_by(|left, right| left < right));
        assert!(selected.iter().all(|id| non_lazy(&world).contains(id)));
    }
}

#[test]
fn selection_gives_up_after_thirty_draws() {
    let mut draws = 0;
    let mut stuck = || {
        draws += 1;
        0
    };
    assert_eq!(select_tips(&[id(1), id(2)], &mut stuck), [id(1)]);
    assert_eq!(draws, 30);
    assert_eq!(select_tips(&[], &mut || panic!("nothing to draw from")), []);
    assert_eq!(select_tips(&[id(1), id(2)], &mut || u64::MAX), [id(2)]);
}

#[test]
fn selection_is_uniform() {
    let tips: Vec<_> = (0..50).map(id).collect();
    let mut random = words(3);
    let mut hits = vec![0_u32; tips.len()];
    for _ in 0..10_000 {
        for chosen in select_tips(&tips, &mut random) {
            hits[tips.iter().position(|tip| *tip == chosen).unwrap()] += 1;
        }
    }
    // 40 000 draws over 50 tips: 800 each, with a deviation of 28.
    assert!(hits.iter().all(|count| (640..960).contains(count)), "{hits:?}");
}

#[test]
fn the_sample_of_a_large_pool_turns_so_that_every_tip_is_seen() {
    let mut world = world(100);
    let mut seen = BTreeSet::new();
    for number in 0..400 {
        world.insert(vertex(id(number), vec![referenced(100)]));
        let sample = world.tangle.tips().non_lazy_sample(64);
        assert_eq!(BTreeSet::from_iter(&sample).len(), sample.len().min(64));
        seen.extend(sample);
    }
    assert!(seen.len() >= 390, "{}", seen.len());
}

#[test]
fn candidates_are_childless_non_lazy_tips_first_and_reach_from_the_oldest_to_the_newest() {
    let mut world = world(100);
    world.insert(vertex(id(0), vec![referenced(100)]));
    world.insert(vertex(id(1), vec![id(0)]));
    world.insert(vertex(id(2), vec![referenced(100), referenced(86)]));
    let expected: Vec<u64> = [1, 2, 0].map(|number| world.number(&id(number))).to_vec();
    assert_eq!(world.tangle.tips().candidates(64), expected);
    assert_eq!(world.tangle.tips().candidates(2), expected[..2]);
    for number in 3..100 {
        world.insert(vertex(id(number), vec![referenced(100)]));
    }
    let chosen = world.tangle.tips().candidates(64);
    assert_eq!(chosen.len(), 64);
    assert_eq!((chosen[0], chosen[63]), (world.number(&id(1)), world.number(&id(99))));
    assert!(chosen.is_sorted_by(|left, right| left < right));
}
