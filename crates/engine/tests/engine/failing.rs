//! What a core that must stop leaves behind.

use std::sync::{Arc, Mutex};

use osmia_engine::core::{ConeRootsQuestion, Input, Outbox};
use osmia_engine::verify::Origin;
use osmia_engine::{QuestionError, SubmitError};
use osmia_primitives::MessageId;
use osmia_store::{Batch, Durability, Store, Table};

use crate::world::{Answer, World};

/// Damages `store` so that looking up the message `id` fails: a row of its id leads to nowhere.
pub(crate) fn poison(store: &Store, id: &MessageId) {
    let mut batch = Batch::new();
    batch.put(Table::Ids, &id.0[..16], &u64::MAX.to_be_bytes());
    store.commit(batch, Durability::Logged).unwrap();
}

#[test]
fn a_step_that_fails_leaves_an_answer_for_every_message_of_its_group() {
    let mut world = World::new();
    let parent = world.view().latest_message_id.unwrap();
    let messages: Vec<Vec<u8>> = (0..5).map(|number| world.data(&[parent], &number.to_string())).collect();
    poison(&world.store, &MessageId::of(&messages[2]));
    let answers: Arc<Mutex<Vec<(usize, Answer)>>> = Arc::default();
    let mut group = Vec::new();
    for (number, bytes) in messages.iter().enumerate() {
        let note = Arc::clone(&answers);
        let origin = Origin::Submission(Box::new(move |answer| note.lock().unwrap().push((number, answer))));
        group.extend(world.verify(bytes, origin));
    }
    let mut outbox = Outbox::default();
    assert!(world.core.step(world.now_ms, Input::Verified(group), &mut outbox).is_err());
    assert!(answers.lock().unwrap().is_empty(), "nothing is answered before it is durable");
    outbox.refuse(&"the disk is damaged".into());
    let answers = answers.lock().unwrap();
    assert_eq!(answers.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(answers.iter().all(|(_, answer)| matches!(answer, Err(SubmitError::Stopped(_)))), "{answers:?}");
}

#[test]
fn a_question_that_fails_is_answered_with_the_reason() {
    let mut world = World::new();
    let id = MessageId([5; 32]);
    poison(&world.store, &id);
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let reply = Box::new(move |answer| sender.send(answer).unwrap());
    let question = Input::ConeRoots(ConeRootsQuestion { id, reply });
    assert!(world.core.step(world.now_ms, question, &mut Outbox::default()).is_err());
    assert!(matches!(receiver.recv().unwrap(), Err(QuestionError::Stopped(_))));
}
