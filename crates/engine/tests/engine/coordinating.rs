//! Which milestones a coordinator issues.

use std::sync::Arc;

use osmia_chrysalis::{Message, MilestoneKeys, Payload, ProtocolParameters};
use osmia_engine::protocol::Protocol;
use osmia_engine::{HaltReason, Outcome};
use osmia_primitives::{MessageId, MilestoneIndex};

use crate::world::{INTERVAL_MS, World, genesis_store, key, range};

#[test]
fn milestones_follow_each_other_without_a_gap_and_have_two_signatures() {
    let mut world = World::new();
    for index in 2..=30 {
        let issued = world.milestone();
        assert_eq!(issued.len(), 1, "without other tips a milestone needs no checkpoint");
        let message = Message::parse(&issued[0]).unwrap();
        let Some(Payload::Milestone(milestone)) = message.payload else { panic!("a milestone") };
        assert_eq!(milestone.index, MilestoneIndex(index));
        assert_eq!(milestone.signatures.len(), 2);
        assert_eq!(world.view().confirmed.index, MilestoneIndex(index));
    }
    world.assert_sound();
}

#[test]
fn nothing_is_issued_before_it_is_due() {
    let mut world = World::new();
    world.now_ms -= INTERVAL_MS / 2 + 1;
    let before = world.view().confirmed.index;
    assert_eq!(world.milestone(), Vec::<Vec<u8>>::new());
    assert_eq!(world.view().confirmed.index, before);
}

#[test]
fn many_tips_are_gathered_by_checkpoints() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let tips: Vec<MessageId> = (0..20)
        .map(|number| {
            let bytes = world.data(&[parent], &number.to_string());
            world.attach(&bytes)
        })
        .collect();
    let issued = world.milestone();
    assert!(issued.len() > 1, "20 tips need checkpoints");
    for tip in tips {
        assert!(matches!(world.outcome(&tip), Some((_, Outcome::NoTransaction))), "every tip is referenced");
    }
}

#[test]
fn a_clock_that_went_back_does_not_turn_milestone_time_back() {
    let mut world = World::new();
    let before = world.view().confirmed.timestamp;
    world.now_ms -= 3_600_000;
    world.milestone();
    world.milestone();
    assert!(world.view().confirmed.index >= MilestoneIndex(2));
    assert!(world.view().confirmed.timestamp >= before);
}

/// A node whose next milestone needs a checkpoint, and that checkpoint, not mined yet.
fn checkpoint_in_work() -> (World, Vec<u8>) {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    for number in 0..20 {
        let bytes = world.data(&[parent], &number.to_string());
        world.attach(&bytes);
    }
    let checkpoint = world.interval().unwrap();
    assert_eq!(Message::parse(&checkpoint).unwrap().payload, None);
    (world, checkpoint)
}

#[test]
fn no_milestone_follows_its_checkpoints_when_confirming_has_stopped_meanwhile() {
    let (mut world, checkpoint) = checkpoint_in_work();
    let (index, latest) = (world.view().confirmed.index, world.view().latest_message_id.unwrap());
    let second = world.forged(index, &[latest], 1_700_000_099);
    world.attach(&second);
    assert!(matches!(world.view().halted, Some(HaltReason::TwoMilestones { .. })));
    let mut next = Some(checkpoint);
    while let Some(message) = next {
        assert_eq!(
            Message::parse(&message).unwrap().payload,
            None,
            "a checkpoint does no harm, a milestone would"
        );
        next = world.mined(&message);
    }
    assert_eq!(world.interval(), None);
}

#[test]
fn an_index_is_never_skipped_when_a_later_milestone_comes_while_checkpoints_are_mined() {
    let (mut world, checkpoint) = checkpoint_in_work();
    let (confirmed, latest) = (world.view().confirmed.index, world.view().latest_message_id.unwrap());
    let far = MilestoneIndex(confirmed.0 + 5);
    let bytes = world.forged(far, &[latest], 1_700_000_099);
    world.attach(&bytes);
    let mut next = Some(checkpoint);
    while let Some(message) = next {
        assert_eq!(Message::parse(&message).unwrap().payload, None);
        next = world.mined(&message);
    }
    assert_eq!(world.interval(), None, "the milestones before it belong to another coordinator");
    assert_eq!((world.view().confirmed.index, world.view().latest.index), (confirmed, far));
}

#[test]
fn a_refused_message_costs_one_interval_and_the_index_is_issued_then() {
    let (mut world, _) = checkpoint_in_work();
    // Something else comes back instead of the checkpoint: it is refused, because nobody knows its parent.
    let orphan = world.message(&[MessageId([9; 32])], None);
    assert_eq!(world.mined(&orphan), None);
    let index = world.view().confirmed.index;
    assert!(!world.milestone().is_empty());
    assert_eq!(Some(world.view().confirmed.index), index.next());
    world.assert_sound();
}

fn keys_in(message: &[u8]) -> usize {
    match Message::parse(message).unwrap().payload {
        Some(Payload::Milestone(milestone)) => milestone.public_keys.len(),
        payload => panic!("{payload:?} is not a milestone"),
    }
}

/// A node whose coordinator has three keys, one of them twice, of which one may not sign after milestone 2.
fn with_expiring_key(threshold: usize) -> World {
    let secret_keys = vec![key(1), key(2), key(3), key(1)];
    let ranges = vec![range(&key(1), 0), range(&key(2), 0), range(&key(3), 2)];
    let keys = MilestoneKeys::new(ranges, threshold);
    let parameters = ProtocolParameters::new("engine-test", "atoi", 0.0, keys).unwrap();
    World::with(genesis_store(), Protocol::Chrysalis(Arc::new(parameters)), secret_keys)
}

#[test]
fn only_keys_that_may_sign_a_milestone_sign_it() {
    let mut world = with_expiring_key(2);
    for (index, signing) in [(1, 3), (2, 3), (3, 2), (4, 2)] {
        let issued = world.milestone();
        assert_eq!(keys_in(&issued[0]), signing);
        assert_eq!(world.view().confirmed.index, MilestoneIndex(index));
    }
}

#[test]
fn nothing_is_issued_with_too_few_keys() {
    let mut world = with_expiring_key(3);
    assert_eq!((world.milestone().len(), world.milestone().len()), (1, 1));
    let next = world.store.latest().next_arrival().unwrap();
    assert_eq!((world.interval(), world.interval()), (None, None));
    assert_eq!(world.store.latest().next_arrival().unwrap(), next);
    assert_eq!(world.view().confirmed.index, MilestoneIndex(2));
}
