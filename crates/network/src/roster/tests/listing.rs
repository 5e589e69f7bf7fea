//! Who is known: from the configuration, and added at run time.

use super::*;

#[test]
fn adding_an_unknown_peer_makes_it_known_and_keeps_its_connection() {
    let mut world = World::new(1);
    let peer = world.larger(0);
    let connection = world.gossip_with(peer).unwrap();
    assert_eq!(world.info(peer).unwrap().addresses, [place(9)]);
    world.roster.add(world.now_ms, &address_of(peer, 1), Some("Anna".into())).unwrap();
    let info = world.info(peer).unwrap();
    assert_eq!(
        (info.relation, info.is_connected, info.alias.as_deref()),
        (Relation::Known, true, Some("Anna"))
    );
    assert_eq!(info.addresses, [place(1)]);
    world.gossip_with(world.larger(1)).expect("the place of an unknown peer is free again");
    world.close(peer, connection);
    world.now_ms += RETRY_MS_MAX;
    assert_eq!(world.dialled(), [peer]);
}

#[test]
fn what_cannot_be_added_is_refused() {
    let mut world = World::new(4);
    let add = |world: &mut World, address: &Multiaddr, alias: Option<String>| {
        world.roster.add(0, address, alias).unwrap_err()
    };
    let own = address_of(world.ids[1], 1);
    assert_eq!(add(&mut world, &own, None), PeerError::OwnId);
    assert_eq!(add(&mut world, &place(1), None), PeerError::MissingPeerId);
    let peer = world.larger(0);
    let long = Some("x".repeat(ALIAS_CHARACTERS_MAX + 1));
    assert_eq!(add(&mut world, &address_of(peer, 1), long), PeerError::AliasTooLong);
    for host in 1..=ADDRESSES_PER_PEER_MAX {
        world.roster.add(0, &address_of(peer, host), None).unwrap();
    }
    assert!(matches!(add(&mut world, &address_of(peer, 99), None), PeerError::TooMany(_)));
    world.roster.add(0, &address_of(peer, 1), None).expect("a listed address is no new one");
    for number in 1..KNOWN_PEERS_MAX {
        world.roster.add(0, &address_of(peer_id(1_000 + number), 1), None).unwrap();
    }
    assert!(matches!(add(&mut world, &address_of(peer_id(9_999), 1), None), PeerError::TooMany(_)));
    assert_eq!(world.roster.known_peers(), KNOWN_PEERS_MAX);
}

#[test]
fn an_alias_is_not_replaced() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.add(peer);
    for alias in ["Anna", "Berta"] {
        world.roster.add(0, &address_of(peer, 1), Some(alias.into())).unwrap();
        assert_eq!(world.info(peer).unwrap().alias.as_deref(), Some("Anna"));
    }
}

#[test]
fn an_alias_for_a_peer_of_the_configuration_does_not_make_it_outlive_the_configuration() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.roster.set_static(0, &[static_peer(peer, 1)]);
    world.roster.add(0, &address_of(peer, 1), Some("Anna".into())).unwrap();
    assert_eq!(world.info(peer).unwrap().alias.as_deref(), Some("Anna"));
    assert_eq!(world.roster.set_static(0, &[]).gone, [peer]);
    assert_eq!(world.roster.known_peers(), 0);
}

#[test]
fn peers_added_at_run_time_are_stored_and_those_of_the_configuration_are_not() {
    let mut world = World::new(4);
    let (added, configured) = (world.larger(0), world.larger(1));
    world.roster.set_static(0, &[static_peer(configured, 1)]);
    assert_eq!(world.roster.take_changed(0), None);
    world.roster.add(0, &address_of(added, 1), Some("Anna".into())).unwrap();
    world.roster.add(0, &address_of(added, 2), None).unwrap();
    world.roster.add(0, &address_of(configured, 1), None).unwrap();
    let stored = world.roster.take_changed(0).unwrap();
    assert_eq!(stored.peers.len(), 2);
    assert_eq!(world.roster.take_changed(0), None);
    let mut restarted = World::with(4, stored.clone());
    let info = restarted.info(added).unwrap();
    assert_eq!((info.alias.as_deref(), info.addresses), (Some("Anna"), vec![place(1), place(2)]));
    assert_eq!(restarted.info(configured).map(|info| info.id), None);
    restarted.roster.store_again();
    assert_eq!(restarted.roster.take_changed(0), Some(stored));
}

#[test]
fn a_removed_peer_is_forgotten() {
    let mut world = World::new(4);
    let peer = world.larger(0);
    world.add(peer);
    let connection = world.gossip_with(peer).unwrap();
    world.roster.take_changed(0);
    assert_eq!(world.roster.remove(&peer), Ok(()));
    assert!(world.roster.take_changed(0).unwrap().peers.is_empty());
    world.close(peer, connection);
    world.now_ms += 3_600_000;
    assert!(world.dialled().is_empty());
    assert_eq!(world.roster.remove(&peer), Err(PeerError::NotFound));
}

#[test]
fn a_new_configuration_dials_new_peers_and_drops_those_that_are_gone() {
    let mut world = World::new(4);
    let [stays, goes, also_added, new] = [0, 1, 2, 3].map(|number| world.larger(number));
    let before = [static_peer(stays, 1), static_peer(goes, 1), static_peer(also_added, 1)];
    world.roster.set_static(world.now_ms, &before);
    world.roster.add(world.now_ms, &address_of(also_added, 2), None).unwrap();
    let dialled = world.dialled();
    assert_eq!(dialled.len(), 3);
    dialled.into_iter().for_each(|peer| world.fail(peer, u64::MAX));
    let own = StaticPeer { address: address_of(world.ids[1], 1), alias: None };
    let after = [static_peer(stays, 1), static_peer(new, 1), own.clone()];
    let Reconfigured { gone, left_out } = world.roster.set_static(world.now_ms, &after);
    assert_eq!(gone, [goes]);
    assert_eq!(left_out, [(own.address, PeerError::OwnId)]);
    assert_eq!(world.dialled(), [new], "a peer that stays waits for its turn");
    assert_eq!(world.info(also_added).unwrap().addresses, [place(2)]);
    assert_eq!(world.info(goes).map(|info| info.id), None);
}
