//! One peer's flood and the others.

use bytes::Bytes;
use osmia_wire::handover::Verdict;
use osmia_wire::limits::{
    HANDED_BYTES_MAX, HANDED_MESSAGES_MAX, INBOX_BYTES_HARD_MAX, INBOX_BYTES_MAX, TURN_BYTES,
};
use osmia_wire::packet::{MESSAGE_BYTES_MAX, Packet};

use crate::world::{World, message};

fn large(number: u32) -> Bytes {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes.into()
}

#[test]
fn a_full_inbox_is_not_read_on_and_holds_a_bound_all_the_same() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    let mut number = 0;
    while world.gossip.may_read(peers[0]) {
        world.send_message(peers[0], &message(number));
        number += 1;
    }
    let status = world.status(peers[0]);
    assert!((INBOX_BYTES_MAX..INBOX_BYTES_MAX + 200).contains(&status.inbox_bytes));
    assert!(world.gossip.may_read(peers[1]), "the others are read");
    // Someone reads on nevertheless.
    for number in 0..40 {
        world.send_message(peers[0], &large(number));
    }
    let status = world.status(peers[0]);
    assert!(status.inbox_bytes <= INBOX_BYTES_HARD_MAX);
    assert!(status.metrics.dropped_received > 0);
    while world.judge_next(Verdict::New).is_some() {}
    assert!(world.gossip.may_read(peers[0]));
    assert_eq!(world.status(peers[0]).inbox_bytes, 0);
    assert!(world.gossip.is_idle());
}

#[test]
fn a_flood_delays_another_peer_by_one_turn() {
    let mut world = World::new();
    let [flooding, honest] = [world.peer(), world.peer()];
    for number in 0..2_000 {
        world.send_message(flooding, &message(1_000_000 + number));
    }
    for round in 0..20 {
        world.send_message(honest, &message(round));
        let mut before = 0;
        while world.judge_next(Verdict::New).unwrap() != message(round) {
            before += 188;
        }
        assert!(before <= 2 * TURN_BYTES, "{before} bytes of the flood came first");
    }
}

#[test]
fn bytes_are_shared_equally_between_large_and_small_messages() {
    let mut world = World::new();
    let [with_large, with_small] = [world.peer(), world.peer()];
    let mut bytes = [0, 0];
    let mut number = 0;
    for _ in 0..2_000 {
        while world.status(with_large).inbox_messages < 2 {
            world.send_message(with_large, &large(number));
            number += 1;
        }
        while world.status(with_small).inbox_messages < 2 {
            world.send_message(with_small, &message(number));
            number += 1;
        }
        let taken = world.judge_next(Verdict::New).unwrap().len() + 128;
        bytes[usize::from(taken < 1_000)] += taken;
    }
    let [large, small] = bytes;
    assert!(
        large < small + 3 * MESSAGE_BYTES_MAX && small < large + 3 * MESSAGE_BYTES_MAX,
        "{large} and {small}"
    );
}

#[test]
fn one_peer_may_hold_half_of_what_is_without_verdict_while_others_wait() {
    let mut world = World::new();
    let [flooding, honest] = [world.peer(), world.peer()];
    let mut number = 0;
    let mut handed = Vec::new();
    while handed.len() < 6_000 {
        world.send_message(flooding, &message(number));
        handed.push(world.next().unwrap());
        number += 1;
    }
    assert_eq!(world.status(flooding).handed_messages, 6_000, "alone it may hold more");
    world.send_message(flooding, &message(number));
    world.send_message(honest, &message(number + 1));
    world.send_message(honest, &message(number + 2));
    assert_eq!(world.next().unwrap().bytes, message(number + 1));
    assert_eq!(world.next().unwrap().bytes, message(number + 2));
    assert_eq!(world.next().unwrap().bytes, message(number), "nobody else waits now");
}

#[test]
fn too_much_without_verdict_stops_and_each_verdict_frees_a_place() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    let mut handed = Vec::new();
    for number in 0.. {
        world.send_message(peers[usize::from(number % 2 == 0)], &message(number));
        match world.next() {
            Some(incoming) => handed.push(incoming),
            None => break,
        }
    }
    assert_eq!(handed.len(), HANDED_MESSAGES_MAX);
    world.judge(&handed[0], Verdict::NotTaken);
    assert!(world.next().is_some(), "the one that had no place");
    world.send_message(peers[0], &message(50_000));
    assert!(world.next().is_none());
    world.judge(&handed[1], Verdict::NotTaken);
    assert!(world.next().is_some());
}

#[test]
fn large_messages_stop_by_their_bytes() {
    let mut world = World::new();
    let peer = world.peer();
    let mut handed = 0;
    for number in 0.. {
        world.send_message(peer, &large(number));
        match world.next() {
            Some(incoming) => handed += incoming.bytes.len(),
            None => break,
        }
    }
    assert_eq!(handed, HANDED_BYTES_MAX);
}

#[test]
fn a_peer_that_does_not_read_costs_a_bound_and_loses_the_oldest_broadcasts() {
    let mut world = World::new();
    let [slow, other] = [world.peer(), world.peer()];
    let mut got = 0;
    for number in 0..500 {
        world.broadcast(&large(number));
        got += world.output(other).len();
    }
    assert_eq!(got, 500);
    let status = world.status(slow);
    assert!(status.outbound_bytes <= osmia_wire::limits::OUTBOUND_BYTES_MAX);
    assert!(status.metrics.dropped_packets > 400);
    let late = world.output(slow);
    assert_eq!(late.last(), Some(&Packet::Message(large(499))), "the newest is there");
    assert_eq!(late.len() + usize::try_from(status.metrics.dropped_packets).unwrap(), 500);
}
