//! What a peer must not do.

use osmia_primitives::MessageId;
use osmia_wire::Misbehaviour;
use osmia_wire::handover::{Invalid, Verdict};
use osmia_wire::limits::REPORTS_MAX;
use osmia_wire::packet::Packet;

use crate::world::{LATEST, World, heartbeat, message};

#[test]
fn after_a_framing_error_nothing_more_is_taken() {
    for (junk, misbehaviour) in
        [([9, 1, 0], Misbehaviour::UnknownPacketType), ([2, 0, 0], Misbehaviour::WrongPacketLength)]
    {
        let mut world = World::new();
        let slot = world.peer();
        world.misbehaved();
        let mut bytes = Vec::new();
        Packet::Message(message(1)).encode(&mut bytes);
        bytes.extend(junk);
        Packet::Message(message(2)).encode(&mut bytes);
        world.gossip.receive(world.now_ms, slot, &bytes);
        world.send_message(slot, &message(3));
        assert_eq!(world.misbehaved(), [(slot, misbehaviour)], "once");
        assert!(!world.gossip.may_read(slot));
        assert_eq!(world.judge_next(Verdict::New), Some(message(1)), "what came before is good");
        assert!(world.next().is_none());
        assert_eq!(world.status(slot).metrics.received_messages, 1);
    }
}

#[test]
fn invalid_messages_cost_by_their_reason() {
    let mut world = World::new();
    let slot = world.peer();
    for (why, misbehaviour) in [
        (Invalid::Syntax, Misbehaviour::InvalidSyntax),
        (Invalid::WrongNetwork, Misbehaviour::WrongNetwork),
        (Invalid::InsufficientPow, Misbehaviour::InsufficientPow),
    ] {
        world.send_message(slot, &message(1));
        world.judge_next(Verdict::Invalid(why));
        assert_eq!(world.misbehaved(), [(slot, misbehaviour)]);
    }
}

#[test]
fn what_was_asked_for_is_never_punished_for_its_proof_of_work() {
    let mut world = World::new();
    let [asked, other] = [world.peer(), world.peer()];
    world.want(&[MessageId::of(&message(1))], LATEST);
    world.send_message(asked, &message(1));
    world.send_message(other, &message(1));
    world.judge_next(Verdict::Invalid(Invalid::InsufficientPow)).unwrap();
    assert!(world.misbehaved().is_empty());
}

#[test]
fn a_copy_that_was_not_asked_for_does_not_spoil_the_answer() {
    let mut world = World::new();
    let [hostile, asked] = [world.peer(), world.peer()];
    world.send_message(hostile, &message(1));
    let copy = world.next().unwrap();
    // Only now the node learns that it needs the message, and asks the one that surely has it.
    world.send(hostile, &Packet::Heartbeat(heartbeat(0, 0)));
    world.want(&[MessageId::of(&message(1))], LATEST);
    assert_eq!(world.output(asked), [Packet::MessageRequest(MessageId::of(&message(1)))]);
    world.send_message(asked, &message(1));
    world.judge(&copy, Verdict::Invalid(Invalid::InsufficientPow));
    assert_eq!(world.misbehaved(), [(hostile, Misbehaviour::InsufficientPow)], "not the one who was asked");
    let answer = world.next().unwrap();
    assert_eq!(answer.interest, osmia_wire::handover::Interest::Requested);
    world.judge(&answer, Verdict::New);
    assert_eq!(world.status(asked).metrics.new_messages, 1);
    assert_eq!(world.gossip.messages_without_verdict(), 0);
}

#[test]
fn a_peer_that_never_answers_is_noticed_and_a_broken_connection_is_not() {
    for (talks, expected) in [(true, 1), (false, 0)] {
        let mut world = World::new();
        let slot = world.peer();
        world.misbehaved();
        let ids: Vec<MessageId> = (0..10).map(|number| MessageId::of(&message(number))).collect();
        world.want(&ids, LATEST);
        for number in 0..36 {
            world.pass(1_000);
            world.output(slot);
            if talks {
                world.send_message(slot, &message(1_000 + number));
            }
        }
        world.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST)));
        let expected = vec![(slot, Misbehaviour::NeverAnswers); expected];
        assert_eq!(world.misbehaved(), expected, "talks: {talks}");
    }
}

#[test]
fn a_peer_that_answers_with_other_messages_never_answers() {
    let mut world = World::new();
    let slot = world.peer();
    let ids: Vec<MessageId> = (0..10).map(|number| MessageId::of(&message(number))).collect();
    world.want(&ids, LATEST);
    let mut noticed = Vec::new();
    for round in 0..40 {
        world.pass(1_000);
        let asked = world.output(slot).len();
        (0..u32::try_from(asked).unwrap()).for_each(|number| {
            world.send_message(slot, &message(5_000 + round * 100 + number));
        });
        world.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST)));
        while world.judge_next(Verdict::NotTaken).is_some() {}
        noticed.extend(world.misbehaved());
    }
    assert_eq!(noticed, [(slot, Misbehaviour::NeverAnswers)]);
}

#[test]
fn reports_of_a_peer_are_bounded_and_do_not_displace_others() {
    let mut world = World::new();
    let [hostile, other] = [world.peer(), world.peer()];
    world.misbehaved();
    for number in 0..100 {
        world.send_message(hostile, &message(number));
        world.judge_next(Verdict::Invalid(Invalid::Syntax));
    }
    world.gossip.receive(world.now_ms, other, &[7, 7, 7]);
    let reports = world.misbehaved();
    assert_eq!(reports.len(), REPORTS_MAX + 1);
    assert_eq!(reports.last(), Some(&(other, Misbehaviour::UnknownPacketType)));
}
