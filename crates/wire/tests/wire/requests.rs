//! What the node wants, from the list to the verdict.

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::Slot;
use osmia_wire::handover::{Interest, NodeEvent, Verdict, Wanted};
use osmia_wire::limits::{REQUEST_TIMEOUT_MS, SWEEP_MS, VERDICT_SETTLE_MS};
use osmia_wire::packet::Packet;

use crate::world::{LATEST, World, heartbeat, message, milestone};

fn id(number: u32) -> MessageId {
    MessageId::of(&message(number))
}

fn want_milestones(world: &mut World, indexes: &[u32]) {
    let milestones = indexes.iter().map(|index| MilestoneIndex(*index)).collect();
    world.event(NodeEvent::Wanted(Wanted { milestones, messages: Vec::new() }));
}

#[test]
fn what_is_wanted_is_asked_for_once_answered_and_handed_on_first() {
    let mut world = World::new();
    let slot = world.peer();
    world.want(&[id(1)], LATEST);
    assert_eq!(world.output(slot), [Packet::MessageRequest(id(1))]);
    assert_eq!(world.status(slot).requests_in_flight, 1);
    world.want(&[id(1)], LATEST);
    assert!(world.output(slot).is_empty());
    world.send_message(slot, &message(50));
    world.send_message(slot, &message(1));
    assert_eq!(world.status(slot).requests_in_flight, 0);
    let first = world.next().unwrap();
    assert_eq!((first.bytes, first.interest), (message(1), Interest::Requested));
    let second = world.next().unwrap();
    assert_eq!((second.bytes, second.interest), (message(50), Interest::Gossip));
    world.pass(30_000);
    world.want(&[id(1)], LATEST);
    assert!(world.output(slot).iter().all(|packet| !matches!(packet, Packet::MessageRequest(_))));
}

#[test]
fn many_are_spread_over_the_peers_that_have_them() {
    let mut world = World::new();
    let slots: Vec<Slot> = (0..4).map(|_| world.peer()).collect();
    world.send(slots[3], &Packet::Heartbeat(heartbeat(LATEST - 5, LATEST - 5)));
    let ids: Vec<MessageId> = (0..300).map(id).collect();
    world.want(&ids, LATEST);
    let counts: Vec<usize> = slots.iter().map(|slot| world.output(*slot).len()).collect();
    assert_eq!(counts, [100, 100, 100, 0]);
}

#[test]
fn a_heartbeat_lets_a_peer_be_asked() {
    let mut world = World::new();
    let slot = world.gossip.open(world.now_ms).unwrap();
    world.output(slot);
    world.want(&[id(1)], LATEST);
    assert!(world.output(slot).is_empty(), "it said nothing yet");
    world.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST)));
    assert_eq!(world.output(slot), [Packet::MessageRequest(id(1))]);
}

#[test]
fn a_peer_that_is_gone_is_replaced_at_once() {
    let mut world = World::new();
    let slots = [world.peer(), world.peer()];
    world.want(&[id(1)], LATEST);
    world.output(slots[0]);
    world.gossip.close(world.now_ms, slots[0]);
    assert_eq!(world.output(slots[1]), [Packet::MessageRequest(id(1))]);
}

#[test]
fn gossip_of_another_peer_answers_too_and_the_late_answer_is_known() {
    let mut world = World::new();
    let [asked, other] = [world.peer(), world.peer()];
    world.want(&[id(1)], LATEST);
    world.output(asked);
    world.send_message(other, &message(1));
    let incoming = world.next().unwrap();
    assert_eq!(incoming.interest, Interest::Requested);
    assert_eq!(world.status(asked).requests_in_flight, 1, "it is still to answer");
    world.judge(&incoming, Verdict::New);
    world.send_message(asked, &message(1));
    assert_eq!(world.status(asked).requests_in_flight, 0);
    assert!(world.next().is_none());
    assert_eq!(world.status(asked).metrics.known_messages, 1);
    assert!(world.misbehaved().is_empty());
}

#[test]
fn an_answer_passes_although_it_was_known_before() {
    let mut world = World::new();
    let slot = world.peer();
    world.send_message(slot, &message(1));
    world.judge_next(Verdict::New);
    // The node dropped it from its waiting room and now needs it for a milestone.
    world.want(&[id(1)], LATEST);
    world.output(slot);
    world.send_message(slot, &message(1));
    let incoming = world.next().unwrap();
    assert_eq!((incoming.bytes, incoming.interest), (message(1), Interest::Requested));
}

#[test]
fn what_the_node_did_not_take_is_asked_for_again_later() {
    let mut world = World::new();
    let slot = world.peer();
    world.want(&[id(1)], LATEST);
    world.output(slot);
    world.send_message(slot, &message(1));
    world.judge_next(Verdict::NotTaken);
    world.pass(VERDICT_SETTLE_MS - 100);
    assert!(world.output(slot).is_empty());
    world.pass(REQUEST_TIMEOUT_MS + SWEEP_MS);
    assert_eq!(world.output(slot), [Packet::MessageRequest(id(1))]);
}

#[test]
fn milestones_by_index_are_matched_by_what_they_claim() {
    let mut world = World::new();
    let [asked, other] = [world.peer(), world.peer()];
    world.state(2, LATEST);
    world.output(asked);
    world.output(other);
    want_milestones(&mut world, &[3, 4]);
    let sent = [world.output(asked), world.output(other)].concat();
    let requests = [3, 4].map(|index| Packet::MilestoneRequest(MilestoneIndex(index)));
    assert_eq!(sent, requests);
    world.pass(70_000);
    world.output(asked);
    world.output(other);
    world.send_message(asked, &milestone(3));
    let answer = world.next().unwrap();
    assert_eq!((answer.bytes.clone(), answer.interest), (milestone(3), Interest::RequestedMilestone));
    world.send_message(asked, &milestone(9));
    assert_eq!(world.next().unwrap().interest, Interest::MilestonesOnly, "nobody asked for it");
    world.send_message(asked, &message(1));
    assert_eq!(world.next().unwrap().interest, Interest::MilestonesOnly, "no milestone");
    // While its verdict is awaited it is not asked for.
    world.pass(20_000);
    let again = [world.output(asked), world.output(other)].concat();
    assert!(again.contains(&Packet::MilestoneRequest(MilestoneIndex(4))));
    assert!(!again.contains(&Packet::MilestoneRequest(MilestoneIndex(3))));
}

#[test]
fn the_newest_milestone_may_answer_the_first_question() {
    let mut world = World::new();
    let slot = world.peer();
    world.send_message(slot, &milestone(LATEST + 1));
    assert_eq!(world.next().unwrap().interest, Interest::RequestedMilestone);
    world.send_message(slot, &message(1));
    assert_eq!(
        world.next().unwrap().interest,
        Interest::Gossip,
        "other gossip is not held up by the question"
    );
}

#[test]
fn while_the_node_is_behind_gossip_is_of_use_for_milestones_only() {
    let mut world = World::new();
    let slot = world.peer();
    world.state(LATEST - 3, LATEST);
    world.send_message(slot, &message(1));
    assert_eq!(world.next().unwrap().interest, Interest::MilestonesOnly);
}

#[test]
fn a_chain_of_a_thousand_is_followed_message_by_message_without_waiting() {
    let mut world = World::new();
    let slot = world.peer();
    let begin_ms = world.now_ms;
    for number in 0..1_000 {
        world.want(&[id(number)], LATEST);
        assert_eq!(world.output(slot), [Packet::MessageRequest(id(number))]);
        world.send_message(slot, &message(number));
        assert_eq!(world.judge_next(Verdict::New), Some(message(number)));
    }
    assert_eq!(world.now_ms, begin_ms);
}
