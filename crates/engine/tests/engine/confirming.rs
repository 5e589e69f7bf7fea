//! What a milestone does to messages and ledger.

use osmia_chrysalis::ledger::{ConflictReason, StoredOutput};
use osmia_chrysalis::{Message, Payload};
use osmia_engine::protocol::MilestoneDraft;
use osmia_engine::{HaltReason, Outcome};
use osmia_primitives::{MessageId, MilestoneIndex, merkle};

use crate::world::{
    World, coordinator_keys, genesis_key, genesis_output, key, output_of, pay, single, supply_less, transfer,
};

#[test]
fn a_payment_is_applied_and_a_chained_spend_in_the_same_milestone_too() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let first = pay(genesis_output(), supply_less(0), 5_000_000, &key(1));
    let message = world.transaction(&[parent], &first);
    let first_id = world.attach(&message);
    let second = transfer(vec![output_of(&first, &key(1))], vec![single(&key(2), 5_000_000)], &key(1));
    let message = world.transaction(&[first_id], &second);
    let second_id = world.attach(&message);
    assert_eq!(world.outcome(&first_id), None);

    let issued = world.milestone();
    let index = world.view().confirmed.index;
    assert_eq!(world.outcome(&first_id), Some((index, Outcome::Included)));
    assert_eq!(world.outcome(&second_id), Some((index, Outcome::Included)));
    assert_eq!(world.balance(&key(1)).amount, 0);
    assert_eq!(world.balance(&key(2)).amount, 5_000_000);
    assert_eq!(world.balance(&genesis_key()).amount, supply_less(5_000_000));
    let StoredOutput { message_id, spent, .. } = world.output(&output_of(&first, &key(1))).unwrap();
    assert_eq!((message_id, spent.unwrap().transaction_id), (first_id, second.id()));
    let Some(Payload::Milestone(milestone)) = Message::parse(issued.last().unwrap()).unwrap().payload else {
        panic!("the last message of a milestone is the milestone");
    };
    assert_eq!(milestone.inclusion_merkle_root, merkle::root(&[first_id, second_id]), "parents come first");
    world.assert_sound();
}

#[test]
fn of_a_double_spend_exactly_one_is_included() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let one = pay(genesis_output(), supply_less(0), 5_000_000, &key(1));
    let other = pay(genesis_output(), supply_less(0), 6_000_000, &key(2));
    let message = world.transaction(&[parent], &one);
    let one = world.attach(&message);
    let message = world.transaction(&[parent], &other);
    let other = world.attach(&message);
    world.milestone();
    let outcomes: Vec<Outcome> = [one, other].iter().map(|id| world.outcome(id).unwrap().1).collect();
    let conflict = Outcome::Conflicting(ConflictReason::InputAlreadySpentInThisMilestone);
    assert!(outcomes.contains(&Outcome::Included) && outcomes.contains(&conflict), "{outcomes:?}");
    // A third spend comes a milestone later.
    let late = pay(genesis_output(), supply_less(0), 7_000_000, &key(3));
    let parent = world.view().latest_message_id.unwrap();
    let message = world.transaction(&[parent], &late);
    let late = world.attach(&message);
    world.milestone();
    let spent = Outcome::Conflicting(ConflictReason::InputAlreadySpent);
    assert_eq!(world.outcome(&late).unwrap().1, spent);
    world.assert_sound();
}

#[test]
fn a_milestone_references_itself_and_its_whole_cone_in_one_commit() {
    let mut world = World::new();
    let mut parent = world.view().latest_message_id.unwrap();
    let mut ids = Vec::new();
    for number in 0..50 {
        let bytes = world.data(&[parent], &number.to_string());
        parent = world.attach(&bytes);
        ids.push(parent);
    }
    let issued = world.milestone();
    let index = world.view().confirmed.index;
    for id in ids.iter().chain([&MessageId::of(issued.last().unwrap())]) {
        assert_eq!(world.outcome(id), Some((index, Outcome::NoTransaction)));
    }
    let reader = world.store.latest();
    let cone = reader.cone(index).unwrap();
    let in_order: Vec<MessageId> = reader.ids_of(&cone).unwrap().into_iter().map(Option::unwrap).collect();
    assert_eq!(in_order[..ids.len()], ids, "the chain is confirmed parents first");
}

#[test]
fn a_milestone_with_another_merkle_root_halts_confirming_but_not_reading() {
    let mut world = World::new();
    let next = world.view().confirmed.index.next().unwrap();
    let parents = vec![world.view().latest_message_id.unwrap()];
    let (timestamp, inclusion_merkle_root) = (1_700_000_009, [3; 32]);
    let draft = MilestoneDraft { index: next, timestamp, parents, inclusion_merkle_root };
    let bytes = world.protocol.issue_milestone(draft, &coordinator_keys()).unwrap();
    world.attach(&bytes);
    assert!(matches!(&world.view().halted, Some(HaltReason::MerkleRoot { index, .. }) if *index == next));
    assert_eq!(world.view().confirmed.index, MilestoneIndex(1));
    assert_eq!(world.milestone(), Vec::<Vec<u8>>::new(), "a halted coordinator issues nothing");
    world.assert_sound();
}

#[test]
fn a_second_milestone_for_an_index_halts_confirming_and_the_first_counts() {
    let mut world = World::new();
    world.milestone();
    let index = world.view().confirmed.index;
    let first = world.view().latest_message_id.unwrap();
    let bytes = world.forged(index, &[first], 1_700_000_099);
    world.attach(&bytes);
    let second = MessageId::of(&bytes);
    assert_eq!(world.view().halted, Some(HaltReason::TwoMilestones { index, first, second }));
}

#[test]
fn a_milestone_signed_by_strangers_is_an_ordinary_message() {
    let mut world = World::new();
    let index = world.view().confirmed.index.next().unwrap();
    let parents = vec![world.view().latest_message_id.unwrap()];
    let root = merkle::root::<[u8; 32]>(&[]);
    let draft = MilestoneDraft { index, timestamp: 1_700_000_009, parents, inclusion_merkle_root: root };
    let bytes = world.protocol.issue_milestone(draft, &[key(1), key(2)]).unwrap();
    assert!(world.protocol.examine(&bytes).unwrap().signed.is_empty(), "nobody waits for its signatures");
    let id = world.attach(&bytes);
    assert_eq!(world.view().latest.index, MilestoneIndex(1));
    world.milestone();
    assert_eq!(world.outcome(&id), Some((index, Outcome::NoTransaction)));
}

#[test]
fn the_payload_of_a_milestone_in_another_message_is_no_second_milestone() {
    let mut world = World::new();
    let issued = world.milestone();
    let mut wrapped = Message::parse(&issued[0]).unwrap();
    wrapped.nonce += 1;
    world.attach(&wrapped.pack());
    assert_eq!(world.view().halted, None);
    world.milestone();
    assert_eq!(world.view().confirmed.index, MilestoneIndex(3));
    world.assert_sound();
}

#[test]
fn a_milestone_that_an_earlier_one_references_keeps_that_position() {
    let mut world = World::new();
    let first = world.view().latest_message_id.unwrap();
    let third = world.forged(MilestoneIndex(3), &[first], 1_700_000_003);
    let third = world.attach(&third);
    let second = world.forged(MilestoneIndex(2), &[first, third], 1_700_000_002);
    let second = world.attach(&second);
    assert_eq!((world.view().confirmed.index, &world.view().halted), (MilestoneIndex(3), &None));
    for id in [second, third] {
        assert_eq!(world.outcome(&id), Some((MilestoneIndex(2), Outcome::NoTransaction)));
    }
    world.assert_sound();
}
