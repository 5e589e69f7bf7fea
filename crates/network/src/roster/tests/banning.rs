//! Bans: they keep a peer away, survive a restart and end by themselves.

use super::*;

#[test]
fn a_banned_peer_is_neither_dialled_nor_let_in_until_the_ban_ends_by_itself() {
    for is_static in [true, false] {
        let mut world = World::new(4);
        let peer = world.larger(0);
        if is_static {
            world.roster.set_static(world.now_ms, &[static_peer(peer, 1)]);
        }
        let connection = world.gossip_with(peer).unwrap();
        let until_ms = world.ban(peer);
        world.close(peer, connection);
        world.now_ms = until_ms - 1;
        assert_eq!(world.roster.banned(world.now_ms), 1);
        assert!(world.dialled().is_empty());
        assert_eq!(world.admit(peer, Direction::Inbound), Err(Refusal::Banned));
        if let Some(info) = world.info(peer) {
            assert_eq!(info.banned_until_ms, Some(until_ms));
            assert_eq!(info.ban_reason.as_deref(), Some("unknown packet type"));
        }
        world.now_ms = until_ms;
        assert_eq!(world.roster.banned(world.now_ms), 0);
        assert_eq!(world.dialled(), if is_static { vec![peer] } else { Vec::new() });
        world.admit(peer, Direction::Inbound).unwrap();
        assert_eq!(world.info(peer).unwrap().banned_until_ms, None);
    }
}

#[test]
fn a_ban_survives_a_restart_and_the_next_one_is_longer() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    let until_ms = world.ban(peer);
    let first_ms = until_ms - world.now_ms;
    let stored = world.roster.take_changed(world.now_ms).unwrap();
    let mut restarted = World::with(4, stored);
    assert_eq!(restarted.admit(peer, Direction::Inbound), Err(Refusal::Banned));
    assert_eq!(restarted.roster.take_changed(restarted.now_ms), None);
    restarted.now_ms = until_ms;
    let again_ms = restarted.ban(peer) - restarted.now_ms;
    assert_eq!(again_ms, 2 * first_ms);
}

#[test]
fn small_misbehaviour_is_counted_and_stored_only_when_it_leads_to_a_ban() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.add(peer);
    world.roster.take_changed(world.now_ms).unwrap();
    let misbehaviour = Misbehaviour::InsufficientPow;
    assert_eq!(world.roster.punish(world.now_ms, &peer, misbehaviour), None);
    assert_eq!(world.info(peer).unwrap().penalty_points, misbehaviour.points());
    assert_eq!(world.roster.take_changed(world.now_ms), None);
    let ban = (0..100).find_map(|_| world.roster.punish(world.now_ms, &peer, misbehaviour));
    assert!(ban.is_some());
    assert_eq!(world.roster.take_changed(world.now_ms).unwrap().standings.len(), 1);
}

#[test]
fn strangers_with_many_identities_cannot_make_bans_of_known_peers_forgotten() {
    let mut world = World::new(4);
    let known = world.larger(0);
    world.add(known);
    world.ban(known);
    for number in 0..STANDINGS_MAX + 50 {
        world.now_ms += 1;
        world.ban(peer_id(1_000 + number));
    }
    let stored = world.roster.take_changed(world.now_ms).unwrap();
    assert_eq!(stored.standings.len(), STANDINGS_MAX);
    assert!(stored.standings.iter().any(|standing| standing.peer == known));
    let newest = peer_id(1_000 + STANDINGS_MAX + 49);
    assert!(stored.standings.iter().any(|standing| standing.peer == newest));
    assert_eq!(world.admit(known, Direction::Inbound), Err(Refusal::Banned));
}

#[test]
fn removing_a_peer_ends_its_ban() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.ban(peer);
    assert_eq!(world.roster.remove(&peer), Ok(()));
    assert_eq!(world.roster.remove(&peer), Err(PeerError::NotFound));
    world.admit(peer, Direction::Inbound).unwrap();
    assert!(world.roster.take_changed(world.now_ms).unwrap().standings.is_empty());
}
