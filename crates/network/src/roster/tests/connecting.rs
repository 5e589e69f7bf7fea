//! Which connections are taken.

use super::*;

#[test]
fn unknown_peers_have_few_places_and_known_ones_always_one() {
    let mut world = World::new(2);
    let first = world.gossip_with(world.larger(0)).unwrap();
    world.gossip_with(world.larger(1)).unwrap();
    assert_eq!(world.gossip_with(world.larger(2)), Err(Refusal::NoUnknownPlace));
    world.add(world.larger(3));
    world.gossip_with(world.larger(3)).unwrap();
    world.close(world.larger(0), first);
    world.gossip_with(world.larger(2)).unwrap();
}

#[test]
fn without_places_unknown_peers_are_refused_before_they_speak() {
    let mut world = World::new(0);
    assert_eq!(world.admit(world.larger(0), Direction::Inbound), Err(Refusal::NoUnknownPlace));
    assert_eq!(world.roster.connected_peers(), 0);
}

#[test]
fn places_are_counted_again_when_the_stream_opens() {
    let mut world = World::new(1);
    let (first, second) = (world.larger(0), world.larger(1));
    let (first_connection, _) = world.admit(first, Direction::Inbound).unwrap();
    let (second_connection, _) = world.admit(second, Direction::Inbound).unwrap();
    world.roster.open_stream(world.now_ms, &second, second_connection).unwrap();
    let refused = world.roster.open_stream(world.now_ms, &first, first_connection);
    assert_eq!(refused, Err(Refusal::NoUnknownPlace));
}

#[test]
fn gossip_peers_are_bounded_for_known_ones_too() {
    let mut world = World::new(0);
    for number in 0..=GOSSIP_PEERS_MAX {
        world.add(world.larger(number));
    }
    for number in 0..GOSSIP_PEERS_MAX {
        world.gossip_with(world.larger(number)).unwrap();
    }
    assert_eq!(world.gossip_with(world.larger(GOSSIP_PEERS_MAX)), Err(Refusal::Full));
}

#[test]
fn both_sides_of_a_simultaneous_dial_keep_the_connection_that_the_smaller_id_dialled() {
    use Direction::{Inbound, Outbound};
    for (first, second) in [(Inbound, Outbound), (Outbound, Inbound)] {
        for is_smaller in [true, false] {
            let mut world = World::new(4);
            let peer = if is_smaller { world.smaller() } else { world.larger(0) };
            world.add(peer);
            assert_eq!(world.dialled(), [peer]);
            let (old, _) = world.admit(peer, first).unwrap();
            let kept = if is_smaller { Inbound } else { Outbound };
            let outcome = world.admit(peer, second);
            if kept == first {
                assert_eq!(outcome, Err(Refusal::Duplicate));
            } else {
                assert_eq!(outcome.unwrap().1, Some(old));
            }
            // The refused or replaced one ends without a trace.
            world.fail(peer, 0);
            if kept != first {
                world.close(peer, old);
            }
            let info = world.info(peer).unwrap();
            assert_eq!((info.is_connected, info.direction, info.last_error), (true, Some(kept), None));
            world.now_ms += 3_600_000;
            assert!(world.dialled().is_empty());
        }
    }
}

#[test]
fn a_peer_that_lost_its_connection_replaces_it() {
    for (age_ms, direction) in [(0, Direction::Inbound), (SIMULTANEOUS_MS, Direction::Outbound)] {
        let mut world = World::new(4);
        let peer = world.smaller();
        world.add(peer);
        let (old, _) = world.admit(peer, direction).unwrap();
        world.now_ms += age_ms;
        let (new, replaced) = world.admit(peer, Direction::Inbound).unwrap();
        assert_eq!(replaced, Some(old));
        world.close(peer, old);
        assert!(world.info(peer).unwrap().is_connected, "the end of the old one changes nothing");
        world.close(peer, new);
        assert!(!world.info(peer).unwrap().is_connected);
    }
}

#[test]
fn connections_without_a_stream_are_overdue_after_a_while() {
    let mut world = World::new(4);
    let (silent, gossiping) = (world.larger(0), world.larger(1));
    let (connection, _) = world.admit(silent, Direction::Inbound).unwrap();
    world.gossip_with(gossiping).unwrap();
    world.now_ms += STREAM_TIMEOUT_MS - 1;
    assert!(world.roster.overdue(world.now_ms).is_empty());
    world.now_ms += 1;
    assert_eq!(world.roster.overdue(world.now_ms), [(silent, connection)]);
}

#[test]
fn a_connection_has_one_stream_and_an_ended_one_has_none() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    let connection = world.gossip_with(peer).unwrap();
    assert_eq!(world.roster.open_stream(world.now_ms, &peer, connection), Err(Refusal::Duplicate));
    let other = ConnectionId::new_unchecked(999);
    assert_eq!(world.roster.open_stream(world.now_ms, &peer, other), Err(Refusal::Ended));
    world.close(peer, connection);
    assert_eq!(world.roster.open_stream(world.now_ms, &peer, connection), Err(Refusal::Ended));
}

#[test]
fn the_own_id_is_refused() {
    let mut world = World::new(4);
    let own_id = world.ids[1];
    assert_eq!(world.admit(own_id, Direction::Inbound), Err(Refusal::OwnId));
}
