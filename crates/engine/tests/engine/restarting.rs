//! What a node is after a start.

use std::sync::Arc;

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Batch, Durability};

use crate::world::{World, genesis_output, key, pay, supply_less};

/// The core is dropped without any goodbye and a new one starts on its store.
fn restart(world: World) -> World {
    let now_ms = world.now_ms;
    let store = Arc::clone(&world.store);
    drop(world);
    let mut world = World::on(store);
    world.now_ms = now_ms;
    world
}

#[test]
fn a_restarted_node_goes_on_where_it_was() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let payment = pay(genesis_output(), supply_less(0), 5_000_000, &key(1));
    let bytes = world.transaction(&[parent], &payment);
    let waiting = world.attach(&bytes);
    let before = world.view().clone();

    let mut world = restart(world);
    let after = world.view().clone();
    assert_eq!((after.confirmed, after.latest), (before.confirmed, before.latest));
    assert_eq!(after.latest_message_id, before.latest_message_id);
    assert!(after.tips.contains(&waiting), "unreferenced messages without children are tips again");
    world.milestone();
    assert_eq!(world.view().confirmed.index, before.confirmed.index.next().unwrap());
    assert!(world.outcome(&waiting).is_some(), "what waited before the restart is referenced after it");
    assert_eq!(world.balance(&key(1)).amount, 5_000_000);
    world.assert_sound();
}

#[test]
fn cone_roots_are_the_same_after_a_restart() {
    let mut world = World::new();
    let first = world.view().latest_message_id.unwrap();
    for _ in 0..5 {
        world.milestone();
    }
    let newest = world.view().latest_message_id.unwrap();
    let bytes = world.data(&[first, newest], "old and new");
    let id = world.attach(&bytes);
    let roots = |world: &mut World| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let reply = Box::new(move |roots| sender.send(roots).unwrap());
        let question = osmia_engine::core::ConeRootsQuestion { id, reply };
        let mut outbox = osmia_engine::core::Outbox::default();
        world.core.step(world.now_ms, osmia_engine::core::Input::ConeRoots(question), &mut outbox).unwrap();
        receiver.recv().unwrap().unwrap().unwrap()
    };
    let before = roots(&mut world);
    assert_eq!((before.oldest, before.youngest), (MilestoneIndex(1), MilestoneIndex(6)));
    let mut world = restart(world);
    assert_eq!(roots(&mut world), before);
}

#[test]
fn a_milestone_that_was_stored_but_not_confirmed_is_confirmed_at_start() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let bytes = world.data(&[parent], "in the cone");
    let id = world.attach(&bytes);
    let before = world.view().confirmed;
    world.milestone();
    let index = world.view().confirmed.index;
    // As a crash between the milestone's message and its confirmation leaves the store: the milestone's row is there,
    // the confirmed index is the one before.
    let mut batch = Batch::new();
    batch.put_state_number(b"confirmed-index", u64::from(before.index.0));
    batch.put_state_number(b"confirmed-timestamp", before.timestamp);
    world.store.commit(batch, Durability::Logged).unwrap();
    let stored = osmia_engine::milestones::find(&world.store.latest(), index).unwrap().unwrap();
    assert_eq!(stored.index, before.index.next().unwrap());
    let mut world = restart(world);
    assert_eq!(world.view().confirmed.index, stored.index);
    assert!(world.outcome(&id).is_some());
    let next: MessageId = world.view().latest_message_id.unwrap();
    assert_eq!(next, stored.message_id);
}

#[test]
fn a_milestone_beyond_a_gap_is_confirmed_after_a_restart_when_the_gap_is_closed() {
    let mut world = World::new();
    let first = world.view().latest_message_id.unwrap();
    for index in [3, 4] {
        let bytes = world.forged(MilestoneIndex(index), &[first], 1_700_000_000);
        world.attach(&bytes);
    }
    assert_eq!(world.view().confirmed.index, MilestoneIndex(1));
    let mut world = restart(world);
    assert_eq!(
        (world.view().confirmed.index, world.view().latest.index),
        (MilestoneIndex(1), MilestoneIndex(4))
    );
    assert_eq!(world.interval(), None, "nothing is issued while a milestone is missing");
    let bytes = world.forged(MilestoneIndex(2), &[first], 1_700_000_000);
    world.attach(&bytes);
    assert_eq!(world.view().confirmed.index, MilestoneIndex(4));
    world.milestone();
    assert_eq!(world.view().confirmed.index, MilestoneIndex(5));
    world.assert_sound();
}
