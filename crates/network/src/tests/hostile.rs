//! What bad peers get, and that others do not notice.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libp2p::multiaddr::Protocol;
use osmia_primitives::NetworkId;
use osmia_wire::packet::Packet;

use crate::limits::{CONNECTION_WINDOW_BYTES, INCOMING_MAX, INCOMING_PER_ADDRESS_MAX};
use crate::tests::stranger::Stranger;
use crate::tests::world::{Setup, TestNode, wait_for};

fn pair(first: u8, second: u8) -> (TestNode, TestNode) {
    let first = TestNode::start(Setup::of(first));
    let second = TestNode::start(Setup::of(second).with_peers(&[first.address()]));
    wait_for("gossip on both sides", || first.gossips_with(second.id()) && second.gossips_with(first.id()));
    (first, second)
}

fn port_of(node: &TestNode) -> u16 {
    let port = |part| if let Protocol::Tcp(port) = part { Some(port) } else { None };
    node.address().iter().find_map(port).unwrap()
}

#[test]
fn a_peer_of_another_network_is_told_apart_and_never_gossips() {
    let here = TestNode::start(Setup::of(141));
    let elsewhere = TestNode::start_elsewhere(Setup::of(142).with_peers(&[here.address()]));
    wait_for("the reason", || {
        let info = elsewhere.peer(here.id()).unwrap();
        info.last_error.as_deref() == Some("wrong network or not a gossip peer")
    });
    assert_eq!(here.network().summary().streams_opened, 0);
    assert_eq!(elsewhere.network().summary().streams_opened, 0);
    let mut stranger = Stranger::of(143, NetworkId::of("elsewhere"));
    assert!(stranger.connect(&here.address()).is_none());
}

#[test]
fn garbage_leads_to_a_ban_that_survives_a_restart_and_others_notice_nothing() {
    let (node, friend) = pair(151, 152);
    let mut stranger = Stranger::new(153);
    let mut stream = stranger.connect(&node.address()).unwrap();
    assert!(stranger.write(&mut stream, &[0xff; 4_096]));
    stranger.read_to_end(&mut stream);
    wait_for("the ban", || node.network().summary().banned == 1);
    assert!(stranger.connect(&node.address()).is_none());
    assert!(node.gossips_with(friend.id()));
    let summary = node.network().summary();
    assert_eq!((summary.bans, summary.misbehaviours), (1, 1));
    let node = node.restart(Setup::of(151));
    assert_eq!(node.network().summary().banned, 1);
    assert!(stranger.connect(&node.address()).is_none());
    assert!(Stranger::new(154).connect(&node.address()).is_some(), "another identity is not banned");
    assert_eq!(node.remove(stranger.id), Ok(()), "a person can end the ban");
    assert!(stranger.connect(&node.address()).is_some());
}

#[test]
fn a_known_peer_is_banned_and_listed_with_the_reason() {
    let node = TestNode::start(Setup::of(161));
    let mut stranger = Stranger::new(162);
    let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{}", stranger.id).parse().unwrap();
    node.add(&address, Some("Eve")).unwrap();
    let mut stream = stranger.connect(&node.address()).unwrap();
    // A heartbeat of two bytes: the type exists, the length is wrong.
    assert!(stranger.write(&mut stream, &[4, 2, 0, 1, 1]));
    stranger.read_to_end(&mut stream);
    wait_for("the ban", || node.peer(stranger.id).unwrap().banned_until_ms.is_some());
    wait_for("the end of its connection", || !node.peer(stranger.id).unwrap().is_connected);
    let info = node.peer(stranger.id).unwrap();
    assert_eq!((info.ban_reason.as_deref(), info.gossip.is_none()), (Some("wrong packet length"), true));
    let dials = node.network().summary().dials;
    assert!(stranger.connect(&node.address()).is_none());
    assert_eq!(node.network().summary().dials, dials, "a banned peer is not dialled");
}

#[test]
fn a_peer_that_does_not_read_does_not_hold_up_the_others() {
    let coordinator = TestNode::start(Setup { is_coordinator: true, ..Setup::of(171) });
    let friend = TestNode::start(Setup::of(172).with_peers(&[coordinator.address()]));
    let mut stranger = Stranger::new(173);
    let mut stream = stranger.connect(&coordinator.address()).unwrap();
    let mut requests = Vec::new();
    for _ in 0..2_000 {
        Packet::MilestoneRequest(osmia_primitives::MilestoneIndex(0)).encode(&mut requests);
    }
    assert!(stranger.write(&mut stream, &requests));
    let reached = coordinator.node().view().confirmed.index.0 + 5;
    wait_for("milestones at the friend", || friend.node().view().confirmed.index.0 >= reached);
    assert!(friend.gossips_with(coordinator.id()));
}

#[test]
fn a_peer_that_connects_again_replaces_its_connection() {
    let node = TestNode::start(Setup::of(191));
    let (mut before, mut after) = (Stranger::new(192), Stranger::new(192));
    let mut old = before.connect(&node.address()).unwrap();
    wait_for("gossip", || node.network().summary().gossip_peers == 1);
    let new = after.connect(&node.address()).unwrap();
    before.read_to_end(&mut old);
    wait_for("the second stream", || node.network().summary().streams_opened == 2);
    let summary = node.network().summary();
    assert_eq!((summary.gossip_peers, summary.connected_peers), (1, 1));
    drop(new);
}

#[test]
fn bytes_that_nobody_takes_stay_with_the_peer_that_sends_them() {
    const OFFERED_BYTES: usize = 256 << 20;
    let mut node = TestNode::start(Setup::of(201));
    node.stop_node();
    let address = node.address();
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let flood = move || {
        let mut stranger = Stranger::new(202);
        let mut stream = stranger.connect(&address).unwrap();
        for number in 0u32.. {
            let mut message = number.to_le_bytes().repeat(8_000);
            message[0] = 1;
            let mut packet = Vec::new();
            Packet::Message(message.into()).encode(&mut packet);
            if !stranger.write(&mut stream, &packet) || counter.load(Ordering::Relaxed) > OFFERED_BYTES {
                return;
            }
            counter.fetch_add(packet.len(), Ordering::Relaxed);
        }
    };
    let flooding = std::thread::spawn(flood);
    wait_for("the first bytes", || written.load(Ordering::Relaxed) > 0);
    let (mut seen, mut looks) = (0, 0);
    wait_for("the end of progress", || {
        let now = written.load(Ordering::Relaxed);
        looks = if now == seen { looks + 1 } else { 0 };
        seen = now;
        looks > 500
    });
    // The inbox of the peer, the windows of the connection, and what the kernel holds for a loopback socket.
    assert!(seen < CONNECTION_WINDOW_BYTES + (32 << 20), "{seen} bytes were taken");
    assert!(node.network().is_running());
    node.stop();
    flooding.join().unwrap();
}

#[test]
fn a_thousand_connections_at_once_leave_gossip_peers_alone_and_are_ended() {
    let (node, friend) = pair(181, 182);
    let since_ms = friend.peer(node.id()).unwrap().connected_since_ms;
    let port = port_of(&node);
    let mut sockets: Vec<TcpStream> =
        (0..1_000).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    wait_for("the refusals", || {
        let summary = node.network().summary();
        assert!(summary.pending_connections <= INCOMING_PER_ADDRESS_MAX.min(INCOMING_MAX));
        summary.connections_refused + summary.pending_connections as u64 >= 1_000
    });
    assert!(node.network().summary().connections_refused >= 1_000 - INCOMING_PER_ADDRESS_MAX as u64);
    assert!(node.gossips_with(friend.id()) && friend.gossips_with(node.id()));
    // Every one of them is closed by the node: those refused at once, the others when they stay silent.
    for socket in &mut sockets {
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut bytes = Vec::new();
        let ended = socket.read_to_end(&mut bytes);
        assert!(ended.is_ok() || ended.unwrap_err().kind() == std::io::ErrorKind::ConnectionReset);
    }
    wait_for("room again", || node.network().summary().pending_connections == 0);
    assert_eq!(friend.peer(node.id()).unwrap().connected_since_ms, since_ms);
    assert!(Stranger::new(183).connect(&node.address()).is_some());
}
