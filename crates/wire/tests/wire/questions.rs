//! Requests of peers.

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::limits::{QUESTIONS_MAX, QUESTIONS_OPEN_MAX};
use osmia_wire::packet::{MESSAGE_BYTES_MAX, Packet};
use osmia_wire::{Asked, Question};

use crate::world::{World, message};

#[test]
fn questions_are_handed_on_and_answered() {
    let mut world = World::new();
    let slot = world.peer();
    let id = MessageId([4; 32]);
    world.send(slot, &Packet::MessageRequest(id));
    world.send(slot, &Packet::MilestoneRequest(MilestoneIndex(7)));
    world.send(slot, &Packet::MilestoneRequest(MilestoneIndex(0)));
    let asked = [Asked::Message(id), Asked::Milestone(MilestoneIndex(7)), Asked::LatestMilestone];
    for what in asked {
        assert_eq!(world.gossip.next_question(world.now_ms), Some(Question { slot, what }));
    }
    assert_eq!(world.gossip.next_question(world.now_ms), None);
    world.gossip.answer(slot, Some(message(1)));
    world.gossip.answer(slot, None);
    assert_eq!(world.output(slot), [Packet::Message(message(1))]);
    let metrics = world.status(slot).metrics;
    assert_eq!((metrics.received_message_requests, metrics.received_milestone_requests), (1, 2));
}

#[test]
fn peers_are_served_in_turn_and_one_that_asks_much_only_loses_its_own() {
    let mut world = World::new();
    let peers = [world.peer(), world.peer()];
    for number in 0..3_000_u32 {
        world.send(peers[0], &Packet::MessageRequest(MessageId::of(&number.to_le_bytes())));
    }
    assert_eq!(world.status(peers[0]).questions, QUESTIONS_MAX);
    assert_eq!(world.status(peers[0]).metrics.dropped_received, 3_000 - QUESTIONS_MAX as u64);
    world.send(peers[1], &Packet::MessageRequest(MessageId([1; 32])));
    let next = [0, 1].map(|_| world.gossip.next_question(world.now_ms).unwrap().slot);
    assert!(next.contains(&peers[1]), "{next:?}");
}

#[test]
fn answers_under_way_are_bounded_and_find_room() {
    let mut world = World::new();
    let slot = world.peer();
    let mut served = 0;
    let large = || Some(vec![3; MESSAGE_BYTES_MAX].into());
    for number in 0..2_000_u32 {
        world.send(slot, &Packet::MessageRequest(MessageId::of(&number.to_le_bytes())));
    }
    while served < 2_000 {
        let mut open = 0;
        while world.gossip.next_question(world.now_ms).is_some() {
            open += 1;
        }
        assert!((1..=QUESTIONS_OPEN_MAX).contains(&open));
        (0..open).for_each(|_| world.gossip.answer(slot, large()));
        served += world.output(slot).len();
    }
    assert_eq!(world.status(slot).metrics.dropped_packets, 0);
}

#[test]
fn a_peer_that_does_not_read_is_not_served() {
    let mut world = World::new();
    let [slow, other] = [world.peer(), world.peer()];
    for number in 0..2_000_u32 {
        let request = Packet::MessageRequest(MessageId::of(&number.to_le_bytes()));
        world.send(slow, &request);
        world.send(other, &request);
    }
    let mut served = [0, 0];
    while let Some(question) = world.gossip.next_question(world.now_ms) {
        served[usize::from(question.slot == other)] += 1;
        world.gossip.answer(question.slot, Some(vec![1; 3_000].into()));
        world.output(other);
    }
    assert_eq!(served[1], 2_000);
    assert!((300..700).contains(&served[0]), "{} answers of 3 000 bytes", served[0]);
    assert_eq!(world.status(slow).metrics.dropped_packets, 0);
    world.output(slow);
    assert!(world.gossip.next_question(world.now_ms).is_some());
}
