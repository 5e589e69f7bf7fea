//! Which milestones a coordinator issues.

use osmia_chrysalis::{Message, Payload};
use osmia_engine::Outcome;
use osmia_primitives::{MessageId, MilestoneIndex};

use crate::world::{INTERVAL_MS, World};

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
