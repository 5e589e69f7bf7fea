//! Messages that come more than once, and to whom they are sent on.

use osmia_wire::handover::{Interest, Invalid, NodeEvent, Ticket, Verdict};
use osmia_wire::limits::{PEERS_MAX, VERDICT_MS_MAX};
use osmia_wire::packet::Packet;
use osmia_wire::{Misbehaviour, Slot};

use crate::world::{World, message};

#[test]
fn a_message_of_several_peers_is_handed_on_once() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer(), world.peer()];
    for slot in peers {
        world.send_message(slot, &message(1));
    }
    let incoming = world.next().unwrap();
    assert_eq!((incoming.bytes.clone(), incoming.interest), (message(1), Interest::Gossip));
    world.send_message(peers[1], &message(1));
    assert!(world.next().is_none());
    world.judge(&incoming, Verdict::New);
    world.send_message(peers[2], &message(1));
    assert!(world.next().is_none());
    assert_eq!(world.status(peers[0]).metrics.new_messages, 1);
    assert_eq!(world.status(peers[1]).metrics.known_messages, 2);
    assert_eq!(world.status(peers[2]).metrics.known_messages, 2);
    assert_eq!(world.status(peers[2]).metrics.received_messages, 2);
    assert_eq!(world.gossip.messages_without_verdict(), 0);
}

#[test]
fn everyone_who_sent_an_invalid_message_misbehaved() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer(), world.peer()];
    world.send_message(peers[0], &message(1));
    world.send_message(peers[1], &message(1));
    let incoming = world.next().unwrap();
    world.judge(&incoming, Verdict::Invalid(Invalid::Syntax));
    let expected = [peers[0], peers[1]].map(|slot| (slot, Misbehaviour::InvalidSyntax));
    assert_eq!(world.misbehaved(), expected);
    assert_eq!(world.status(peers[0]).metrics.invalid_messages, 1);
    assert_eq!(world.status(peers[2]).metrics.invalid_messages, 0);
}

#[test]
fn only_good_messages_enter_the_filter() {
    let mut world = World::new();
    let peer = world.peer();
    for verdict in [Verdict::Invalid(Invalid::InsufficientPow), Verdict::NotTaken, Verdict::Known] {
        world.send_message(peer, &message(1));
        assert_eq!(world.judge_next(verdict), Some(message(1)), "before {verdict:?}");
    }
    world.send_message(peer, &message(1));
    assert!(world.next().is_none());
}

#[test]
fn a_broadcast_goes_to_those_who_lack_it_and_only_once() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer(), world.peer(), world.peer()];
    world.send_message(peers[0], &message(1));
    let incoming = world.next().unwrap();
    world.send_message(peers[1], &message(1));
    world.judge(&incoming, Verdict::New);
    world.send_message(peers[2], &message(1));
    world.broadcast(&message(1));
    world.broadcast(&message(1));
    let sent = peers.map(|slot| world.output(slot).len());
    assert_eq!(sent, [0, 0, 0, 1], "before the verdict, with it and after it counts alike");
    assert_eq!(world.status(peers[3]).metrics.sent_messages, 1);
}

#[test]
fn a_broadcast_before_its_verdict_does_not_go_back() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    world.send_message(peers[0], &message(1));
    let incoming = world.next().unwrap();
    world.broadcast(&message(1));
    world.judge(&incoming, Verdict::New);
    assert!(world.output(peers[0]).is_empty());
    assert_eq!(world.output(peers[1]), [Packet::Message(message(1))]);
    world.broadcast(&message(1));
    assert!(world.output(peers[1]).is_empty());
}

#[test]
fn milestones_go_before_what_was_broadcast_earlier() {
    let mut world = World::new();
    let peer = world.peer();
    world.broadcast(&message(1));
    world.event(NodeEvent::Broadcast { bytes: message(2), is_milestone: true });
    assert_eq!(world.output(peer), [Packet::Message(message(2)), Packet::Message(message(1))]);
}

#[test]
fn who_uses_a_slot_again_has_nothing_yet() {
    let mut world = World::new();
    let first = world.peer();
    world.send_message(first, &message(1));
    let known = world.next().unwrap();
    world.judge(&known, Verdict::New);
    world.send_message(first, &message(2));
    let on_its_way = world.next().unwrap();
    world.gossip.close(world.now_ms, first);
    // The number comes back after all others were used.
    let mut other = world.peer();
    while other != first {
        world.gossip.close(world.now_ms, other);
        other = world.peer();
    }
    world.judge(&on_its_way, Verdict::Invalid(Invalid::Syntax));
    assert!(world.misbehaved().is_empty(), "the one who sent it is gone");
    world.broadcast(&message(1));
    assert_eq!(world.output(other), [Packet::Message(message(1))]);
    assert_eq!(world.status(other).metrics.new_messages, 0);
}

#[test]
fn what_a_peer_left_in_its_inbox_is_taken_over_by_another_who_sent_it() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    world.send_message(peers[0], &message(1));
    world.send_message(peers[0], &message(2));
    world.send_message(peers[1], &message(2));
    world.gossip.close(world.now_ms, peers[0]);
    let incoming = world.next().unwrap();
    assert_eq!(incoming.bytes, message(2));
    assert!(world.next().is_none(), "message 1 went with its sender");
    world.judge(&incoming, Verdict::New);
    assert_eq!(world.status(peers[1]).metrics.new_messages, 1);
    assert_eq!(world.gossip.messages_without_verdict(), 0);
}

#[test]
fn a_thousand_repetitions_a_minute_are_misbehaviour_once() {
    let mut world = World::new();
    let peer = world.peer();
    world.send_message(peer, &message(1));
    world.judge_next(Verdict::New);
    // The second copy does not count.
    for _ in 0..1_001 {
        world.send_message(peer, &message(1));
    }
    assert!(world.misbehaved().is_empty());
    world.send_message(peer, &message(1));
    assert_eq!(world.misbehaved(), [(peer, Misbehaviour::Repeats)]);
    world.send_message(peer, &message(1));
    assert!(world.misbehaved().is_empty());
}

#[test]
fn a_peer_may_send_everything_twice() {
    let mut world = World::new();
    let peer = world.peer();
    for number in 0..5_000 {
        world.send_message(peer, &message(number));
        world.judge_next(Verdict::New);
        // As the reference node does with what it issues: a moment later it is solid.
        if let Some(solid) = number.checked_sub(10) {
            world.send_message(peer, &message(solid));
        }
    }
    assert!(world.misbehaved().is_empty());
}

#[test]
fn broadcasts_that_cross_are_no_repetitions() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    for number in 0..3_000 {
        world.send_message(peers[0], &message(number));
        world.judge_next(Verdict::New);
        world.broadcast(&message(number));
        world.send_message(peers[1], &message(number));
    }
    assert!(world.misbehaved().is_empty());
}

#[test]
fn a_message_without_verdict_is_given_up_in_the_end() {
    let mut world = World::new();
    let peer = world.peer();
    world.send_message(peer, &message(1));
    let incoming = world.next().unwrap();
    world.pass(VERDICT_MS_MAX - 1_000);
    assert_eq!(world.gossip.messages_without_verdict(), 1);
    world.pass(2_000);
    assert_eq!(world.gossip.messages_without_verdict(), 0);
    world.judge(&incoming, Verdict::Invalid(Invalid::Syntax));
    assert!(world.misbehaved().is_empty(), "a verdict that comes too late does nothing");
    world.send_message(peer, &message(1));
    assert!(world.next().is_some());
}

#[test]
fn a_verdict_of_a_message_that_was_not_handed_on_does_nothing() {
    let mut world = World::new();
    let peer = world.peer();
    world.send_message(peer, &message(1));
    world.send_message(peer, &message(2));
    let first = world.next().unwrap();
    let later = Ticket(first.ticket.0 + 1);
    world.event(NodeEvent::Verdict(later, Verdict::New));
    assert_eq!(world.next().unwrap().bytes, message(2));
}

#[test]
fn slots_are_used_up_and_come_back() {
    let mut world = World::new();
    let slots: Vec<Slot> = (0..PEERS_MAX).map(|_| world.peer()).collect();
    assert_eq!(world.gossip.open(world.now_ms), None);
    assert_eq!(world.gossip.connected_peers(), 64);
    assert_eq!(world.gossip.open_slots().count(), PEERS_MAX);
    world.gossip.close(world.now_ms, slots[7]);
    world.gossip.close(world.now_ms, slots[7]);
    assert_eq!(world.gossip.open(world.now_ms), Some(slots[7]));
    assert_eq!(world.gossip.open(world.now_ms), None);
    // A number that is no slot is nobody.
    world.gossip.receive(world.now_ms, Slot(200), &[1]);
    assert!(!world.gossip.may_read(Slot(200)) && world.gossip.status(Slot(200)).is_none());
}
