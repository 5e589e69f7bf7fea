//! Whom the node dials, and when again.

use super::*;

#[test]
fn a_known_peer_is_dialled_at_once_and_only_once_at_a_time() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.add(peer);
    assert_eq!(world.roster.dials(world.now_ms), [Dial { peer, places: vec![place(1)] }]);
    world.now_ms += 3_600_000;
    assert!(world.dialled().is_empty(), "the first attempt has not ended");
    world.fail(peer, 0);
    world.now_ms += RETRY_MS_MAX;
    assert_eq!(world.dialled(), [peer]);
}

#[test]
fn all_addresses_of_a_peer_are_tried() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    let configured = world.roster.set_static(0, &[static_peer(peer, 1), static_peer(peer, 2)]);
    assert_eq!(configured, Reconfigured { gone: Vec::new(), left_out: Vec::new() });
    world.roster.add(0, &address_of(peer, 3), None).unwrap();
    world.roster.add(0, &address_of(peer, 2), None).unwrap();
    assert_eq!(world.roster.dials(0), [Dial { peer, places: vec![place(1), place(2), place(3)] }]);
}

#[test]
fn waits_grow_to_a_minute_stay_within_their_bounds_and_never_end() {
    for random in [0, 1, 12_345_678_901, u64::MAX] {
        let mut world = World::new(4);
        let peer = world.larger(0);
        world.add(peer);
        let mut longest = RETRY_MS_MIN * 2;
        for _ in 0..200 {
            assert_eq!(world.dialled(), [peer]);
            world.fail(peer, random);
            let failed_ms = world.now_ms;
            let shortest = (longest / 2).max(RETRY_MS_MIN);
            world.now_ms = failed_ms + shortest - 1;
            assert!(world.dialled().is_empty(), "not before {shortest} ms");
            let due = (failed_ms + shortest..=failed_ms + longest).find(|now_ms| {
                let due_ms = world.roster.peers[&peer].next_dial_ms;
                due_ms <= *now_ms
            });
            world.now_ms = due.expect("it is due within the bounds");
            longest = (longest * 2).min(RETRY_MS_MAX);
        }
        assert_eq!(longest, RETRY_MS_MAX);
    }
}

#[test]
fn jitter_spreads_over_the_whole_range() {
    assert_eq!((retry_ms(0, 0), retry_ms(0, 1_000)), (1_000, 2_000));
    assert_eq!((retry_ms(20, 0), retry_ms(20, 30_000)), (30_000, 60_000));
    assert_eq!((retry_ms(u32::MAX, 0), retry_ms(u32::MAX, 30_000)), (30_000, 60_000));
}

#[test]
fn a_long_connection_makes_the_next_wait_short_and_a_short_one_does_not() {
    for (lasted_ms, wait_ms_max) in [(STABLE_MS, 2_000), (STABLE_MS - 1, RETRY_MS_MAX)] {
        let mut world = World::new(4);
        let peer = world.larger(0);
        world.add(peer);
        for _ in 0..10 {
            assert_eq!(world.dialled(), [peer]);
            world.fail(peer, u64::MAX);
            world.now_ms += RETRY_MS_MAX;
        }
        assert_eq!(world.dialled(), [peer]);
        let (connection, _) = world.admit(peer, Direction::Outbound).unwrap();
        world.roster.open_stream(world.now_ms, &peer, connection).unwrap();
        world.now_ms += lasted_ms;
        world.close(peer, connection);
        world.now_ms += wait_ms_max;
        assert_eq!(world.dialled(), [peer]);
        world.now_ms -= wait_ms_max;
        assert_eq!(world.roster.peers[&peer].next_dial_ms - world.now_ms <= 2_000, lasted_ms == STABLE_MS);
    }
}

#[test]
fn connected_peers_and_unknown_ones_are_not_dialled() {
    let mut world = World::new(4);
    let (known, unknown) = (world.larger(0), world.larger(1));
    world.add(known);
    world.admit(known, Direction::Inbound).unwrap();
    let (connection, _) = world.admit(unknown, Direction::Inbound).unwrap();
    assert!(world.dialled().is_empty());
    world.close(unknown, connection);
    assert!(world.dialled().is_empty());
    assert_eq!(world.info(unknown).map(|info| info.id), None);
}

#[test]
fn many_dead_peers_are_dialled_few_at_a_time_and_nobody_is_forgotten() {
    let mut world = World::new(4);
    let peers: Vec<PeerId> = (0..60).map(|number| world.larger(number)).collect();
    peers.iter().for_each(|peer| world.add(*peer));
    let mut dialled = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let batch = world.dialled();
        assert!(batch.len() <= DIALS_MAX);
        world.now_ms += 1;
        batch.iter().for_each(|peer| world.fail(*peer, 0));
        dialled.extend(batch);
    }
    assert_eq!(dialled.len(), peers.len());
}

#[test]
fn nobody_is_dialled_beyond_the_places_for_gossip() {
    let mut world = World::new(GOSSIP_PEERS_MAX);
    for number in 0..GOSSIP_PEERS_MAX - 1 {
        world.gossip_with(world.larger(number)).unwrap();
    }
    world.add(world.larger(70));
    world.add(world.larger(71));
    assert_eq!(world.dialled().len(), 1);
}
