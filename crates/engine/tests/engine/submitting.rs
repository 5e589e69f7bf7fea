//! What a submission is answered.

use osmia_chrysalis::Payload;
use osmia_engine::SubmitError;
use osmia_primitives::{MessageId, NetworkId};

use crate::world::{World, genesis_output, genesis_store, key, pay, supply_less};

fn latest(world: &mut World) -> MessageId {
    world.view().latest_message_id.unwrap()
}

#[test]
fn a_message_is_stored_once_and_answered_with_its_id_every_time() {
    let mut world = World::new();
    let parent = latest(&mut world);
    let bytes = world.data(&[parent], "one");
    let id = MessageId::of(&bytes);
    assert_eq!(world.attach(&bytes), id);
    assert_eq!(world.attach(&bytes), id);
    assert_eq!(world.view().counters.known, 1);
    let reader = world.store.latest();
    let arrival = reader.arrival(&id).unwrap().unwrap();
    assert_eq!(
        reader.vertex(arrival).unwrap().unwrap().bytes,
        bytes,
        "the bytes that came are the bytes stored"
    );
    let children = reader.children(reader.arrival(&parent).unwrap().unwrap(), 10).unwrap();
    assert_eq!(children, vec![arrival]);
}

#[test]
fn before_the_first_milestone_nothing_is_taken() {
    let mut world = World::on(genesis_store());
    let bytes = world.data(&[MessageId::NULL], "early");
    assert!(matches!(world.submit(&bytes), Err(SubmitError::NotSynced)));
    world.milestone();
    world.attach(&bytes);
}

#[test]
fn each_rule_has_its_own_answer_and_nothing_is_stored() {
    let mut world = World::new();
    let parent = latest(&mut world);
    let good = world.data(&[parent], "x");
    let next = world.store.latest().next_arrival().unwrap();

    assert!(matches!(world.submit(b"rubbish"), Err(SubmitError::Syntax(_))));
    let mut trailing = good.clone();
    trailing.push(0);
    assert!(matches!(world.submit(&trailing), Err(SubmitError::Syntax(_))));
    let mut foreign = good.clone();
    foreign[..8].copy_from_slice(&NetworkId::of("elsewhere").0.to_le_bytes());
    assert!(matches!(world.submit(&foreign), Err(SubmitError::WrongNetwork { .. })));
    let unknown = MessageId([9; 32]);
    let orphan = world.data(&[unknown], "x");
    assert!(matches!(world.submit(&orphan), Err(SubmitError::ParentNotFound(id)) if id == unknown));

    assert_eq!(world.store.latest().next_arrival().unwrap(), next, "nothing was stored");
    world.attach(&good);
}

#[test]
fn a_parent_below_max_depth_is_refused() {
    let mut world = World::new();
    let old = latest(&mut world);
    let below_max_depth = world.protocol.parameters().below_max_depth;
    for _ in 0..below_max_depth {
        world.milestone();
    }
    let at_the_limit = world.data(&[old], "in time");
    world.attach(&at_the_limit);
    world.milestone();
    let too_late = world.data(&[old], "too late");
    assert!(matches!(world.submit(&too_late), Err(SubmitError::ParentTooOld(id)) if id == old));
    let newest = latest(&mut world);
    let mixed = world.data(&[old, newest], "one old parent is enough");
    assert!(matches!(world.submit(&mixed), Err(SubmitError::ParentTooOld(id)) if id == old));
}

#[test]
fn a_bad_signature_is_stored_and_later_conflicts() {
    let mut world = World::new();
    let parent = latest(&mut world);
    let mut payment = pay(genesis_output(), supply_less(0), 5_000_000, &key(1));
    if let Some(osmia_chrysalis::UnlockBlock::Signature { signature, .. }) = payment.unlock_blocks.first_mut()
    {
        signature.0[0] ^= 1;
    }
    let bytes = world.message(&[parent], Some(Payload::Transaction(Box::new(payment))));
    let id = world.attach(&bytes);
    world.milestone();
    let (_, outcome) = world.outcome(&id).unwrap();
    let invalid = osmia_chrysalis::ledger::ConflictReason::InvalidSignature;
    assert_eq!(outcome, osmia_engine::Outcome::Conflicting(invalid));
    world.assert_sound();
}
