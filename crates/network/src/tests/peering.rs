//! Peers come, go, are added and removed.

use crate::tests::stranger::Stranger;
use crate::tests::world::{Setup, TestNode, parameters, static_peer, wait_for};
use crate::{AddressError, Direction, NetworkError, PeerError, Relation};

#[test]
fn peers_of_the_configuration_find_each_other_and_show_it() {
    let first = TestNode::start(Setup::of(31));
    let second = TestNode::start(Setup::of(32).with_peers(&[first.address()]));
    wait_for("gossip on both sides", || first.gossips_with(second.id()) && second.gossips_with(first.id()));
    let seen_by_first = first.peer(second.id()).unwrap();
    assert_eq!(
        (seen_by_first.relation, seen_by_first.direction),
        (Relation::Unknown, Some(Direction::Inbound))
    );
    let seen_by_second = second.peer(first.id()).unwrap();
    assert_eq!(
        (seen_by_second.relation, seen_by_second.direction),
        (Relation::Known, Some(Direction::Outbound))
    );
    assert!(seen_by_second.is_connected && seen_by_second.connected_since_ms.is_some());
    let summary = second.network().summary();
    assert_eq!((summary.connected_peers, summary.gossip_peers, summary.known_peers), (1, 1, 1));
    assert!(summary.is_running);
}

#[test]
fn both_sides_that_dial_each_other_end_with_one_connection_that_stays() {
    let first = TestNode::start(Setup::of(41));
    let second = TestNode::start(Setup::of(42).with_peers(&[first.address()]));
    // Whoever is first, both dial: the second by its configuration, the first now.
    first.add(&second.address(), None).unwrap();
    wait_for("gossip on both sides", || first.gossips_with(second.id()) && second.gossips_with(first.id()));
    wait_for("one stream on both sides", || {
        let directions =
            [first.peer(second.id()), second.peer(first.id())].map(|info| info.unwrap().direction);
        directions.contains(&Some(Direction::Inbound)) && directions.contains(&Some(Direction::Outbound))
    });
    let opened = second.network().summary().streams_opened;
    assert!(opened <= 3, "{opened} streams were opened");
    let received = |node: &TestNode| node.network().summary().gossip.received_heartbeats;
    let before = received(&first);
    let since_ms = second.peer(first.id()).unwrap().connected_since_ms;
    first.network().set_static_peers(vec![static_peer(&second.address())]);
    wait_for("the new configuration", || first.network().summary().known_peers == 1);
    assert!(received(&first) >= before);
    assert_eq!(second.peer(first.id()).unwrap().connected_since_ms, since_ms);
}

#[test]
fn a_peer_that_restarts_is_found_again() {
    // A fixed port, free a moment ago, so that the restarted node is where it was.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen: &'static str = format!("/ip4/127.0.0.1/tcp/{port}").leak();
    let setup = Setup { listen: vec![listen], ..Setup::of(51) };
    let first = TestNode::start(setup.clone());
    let (id, address) = (first.id(), first.address());
    let second = TestNode::start(Setup::of(52).with_peers(&[address]));
    for _ in 0..2 {
        wait_for("gossip", || second.gossips_with(id));
    }
    let mut first = first;
    for _ in 0..2 {
        first.stop();
        wait_for("the end of gossip", || !second.gossips_with(id));
        wait_for("the reason", || second.peer(id).unwrap().last_error.is_some());
        first = first.restart(setup.clone());
        wait_for("gossip again", || second.gossips_with(id) && first.gossips_with(second.id()));
        assert_eq!(second.peer(id).unwrap().last_error, None);
    }
}

#[test]
fn peers_are_added_and_removed_at_run_time_and_kept_across_a_restart() {
    let first = TestNode::start(Setup::of(61));
    let second = TestNode::start(Setup::of(62));
    let info = second.add(&first.address(), Some("Anna")).unwrap();
    assert_eq!((info.relation, info.alias.as_deref(), info.id), (Relation::Known, Some("Anna"), first.id()));
    assert_eq!(info.addresses.len(), 1);
    wait_for("gossip", || second.gossips_with(first.id()) && first.gossips_with(second.id()));
    let second = second.restart(Setup::of(62));
    wait_for("gossip after the restart", || second.gossips_with(first.id()));
    assert_eq!(second.peer(first.id()).unwrap().alias.as_deref(), Some("Anna"));
    assert_eq!(second.remove(first.id()), Ok(()));
    assert!(second.peer(first.id()).is_none());
    wait_for("the end of gossip", || first.peer(second.id()).is_none());
    assert_eq!(second.remove(first.id()), Err(PeerError::NotFound));
    let second = second.restart(Setup::of(62));
    assert!(second.peer(first.id()).is_none());
    assert_eq!(second.network().summary().known_peers, 0);
}

#[test]
fn an_unknown_peer_that_is_added_keeps_its_connection() {
    let first = TestNode::start(Setup::of(71));
    let second = TestNode::start(Setup::of(72).with_peers(&[first.address()]));
    wait_for("gossip", || first.gossips_with(second.id()));
    let before = first.peer(second.id()).unwrap();
    let after = first.add(&second.address(), None).unwrap();
    assert_eq!((before.relation, after.relation), (Relation::Unknown, Relation::Known));
    assert_eq!(before.connected_since_ms, after.connected_since_ms);
    assert_eq!(first.network().summary().dials, 0);
}

#[test]
fn what_cannot_be_added_is_answered_with_the_reason() {
    let mut node = TestNode::start(Setup::of(81));
    assert_eq!(node.add(&node.address(), None).unwrap_err(), PeerError::OwnId);
    let no_id = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    assert_eq!(node.add(&no_id, None).unwrap_err(), PeerError::MissingPeerId);
    let udp = format!("/ip4/127.0.0.1/udp/1/p2p/{}", Stranger::new(82).id).parse().unwrap();
    assert_eq!(node.add(&udp, None).unwrap_err(), PeerError::Address(AddressError::Unsupported));
    let network = node.network().clone();
    node.stop();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    network.remove_peer(network.peer_id(), Box::new(move |answer| sender.send(answer).unwrap()));
    assert_eq!(receiver.recv().unwrap(), Err(PeerError::Stopped));
    assert!(!network.is_running() && !network.summary().is_running);
}

#[test]
fn places_for_unknown_peers_are_limited_and_given_again() {
    let node = TestNode::start(Setup { unknown_peers_max: 1, ..Setup::of(91) });
    let (mut first, mut second) = (Stranger::new(92), Stranger::new(93));
    let stream = first.connect(&node.address()).expect("the first one is let in");
    wait_for("the first peer", || node.network().summary().gossip_peers == 1);
    assert!(second.connect(&node.address()).is_none());
    // A peer of the configuration needs no place.
    let known = TestNode::start(Setup::of(94).with_peers(&[node.address()]));
    node.add(&known.address(), None).unwrap();
    wait_for("the known peer", || node.gossips_with(known.id()));
    drop((stream, first));
    wait_for("the free place", || node.network().summary().gossip_peers == 1);
    assert!(second.connect(&node.address()).is_some());
}

#[test]
fn a_node_listens_on_ipv6_too_and_is_found_there() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        let setup = Setup { listen: vec!["/ip6/::1/tcp/0", "/ip4/127.0.0.1/tcp/0"], ..Setup::of(101) };
        assert_eq!(TestNode::start(setup).addresses().len(), 1, "a machine without IPv6 listens on IPv4");
        return;
    }
    let listen = vec!["/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"];
    let first = TestNode::start(Setup { listen, ..Setup::of(101) });
    let addresses = first.addresses();
    let ipv6 = addresses.iter().find(|address| address.to_string().starts_with("/ip6/::1/")).unwrap();
    let second = TestNode::start(Setup::of(102).with_peers(std::slice::from_ref(ipv6)));
    wait_for("gossip over IPv6", || second.gossips_with(first.id()));
}

#[test]
fn a_name_is_resolved() {
    let first = TestNode::start(Setup::of(111));
    let address: crate::Multiaddr =
        first.address().to_string().replace("/ip4/127.0.0.1", "/dns4/localhost").parse().unwrap();
    let second = TestNode::start(Setup::of(112).with_peers(&[address]));
    wait_for("gossip with a named peer", || second.gossips_with(first.id()));
}

#[test]
fn an_address_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen: &'static str = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port()).leak();
    let setup = Setup { listen: vec![listen], ..Setup::of(121) };
    let started = TestNode::start_in(setup, tempfile::tempdir().unwrap(), parameters().network_id);
    let error = started.err().expect("the address is taken");
    assert!(
        matches!(&error, NetworkError::Listen { address, .. } if address.to_string() == listen),
        "{error}"
    );
}

#[test]
fn a_peer_of_the_configuration_that_cannot_be_used_stops_the_start() {
    let own = format!("/ip4/127.0.0.1/tcp/1/p2p/{}", Stranger::new(131).id).parse().unwrap();
    let setup = Setup::of(131).with_peers(&[own]);
    let started = TestNode::start_in(setup, tempfile::tempdir().unwrap(), parameters().network_id);
    assert!(matches!(started.err(), Some(NetworkError::Peer { reason: PeerError::OwnId, .. })));
}
