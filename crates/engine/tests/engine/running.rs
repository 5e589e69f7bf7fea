//! A running node with its threads: every reply is called exactly once, nothing answered is lost, stopping ends.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use osmia_chrysalis::{Indexation, Message, Parents, Payload};
use osmia_engine::verify::Origin;
use osmia_engine::{
    Clock, CoordinatorOptions, Node, NodeOptions, QuestionError, RunningNode, StartError, SubmitError,
};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Store, StoreOptions};

use crate::clock;
use crate::failing::poison;
use crate::world::{Answer, World, coordinator_keys, genesis_store, key, load_genesis, parameters};

fn options(min_pow_score: f64, clock: Clock, secret_keys: Vec<SecretKey>) -> NodeOptions {
    NodeOptions {
        parameters: parameters(min_pow_score),
        coordinator: Some(CoordinatorOptions::alone(secret_keys, 20)),
        gossip: None,
        verify_threads: 2,
        seed: [5; 32],
        clock,
    }
}

/// A node on `store` with a coordinator that issues a milestone every 20 ms.
fn start(store: &Arc<Store>) -> RunningNode {
    let options = options(0.0, clock::now_ms, coordinator_keys());
    Node::start(Arc::clone(store), options).unwrap()
}

fn wait_for_milestone(node: &Node, index: u32) {
    while node.view().confirmed.index < MilestoneIndex(index) {
        assert_eq!(node.halt_reason(), None);
        std::thread::yield_now();
    }
}

/// A message that no other call makes.
fn data(node: &Node, parents: &[MessageId], name: &str) -> Vec<u8> {
    let parents = Parents::sorted(parents.iter().copied()).unwrap();
    let indexation = Indexation { index: b"running".to_vec(), data: name.as_bytes().to_vec() };
    let network_id = node.parameters().network_id;
    Message { network_id, parents, payload: Some(Payload::Indexation(indexation)), nonce: 0 }.pack()
}

/// Answers by submission.
#[derive(Default)]
struct Answers(Mutex<Vec<(MessageId, Vec<Answer>)>>);

impl Answers {
    /// A place for one more submission.
    fn open(self: &Arc<Self>, id: MessageId) -> Box<dyn FnOnce(Answer) + Send> {
        let place = {
            let mut answers = self.0.lock().unwrap();
            answers.push((id, Vec::new()));
            answers.len() - 1
        };
        let this = Arc::clone(self);
        Box::new(move |answer| this.0.lock().unwrap()[place].1.push(answer))
    }

    /// The ids answered with Ok; every submission has exactly one answer.
    fn accepted(&self) -> Vec<MessageId> {
        let mut accepted = Vec::new();
        for (id, answers) in &*self.0.lock().unwrap() {
            match answers.as_slice() {
                [Ok(answered)] => {
                    assert_eq!(answered, id);
                    accepted.push(*id);
                }
                // A thread that waited long may build on what is too old by then.
                [Err(SubmitError::Busy | SubmitError::Stopped(_) | SubmitError::ParentTooOld(_))] => {}
                other => panic!("{id} was answered {other:?}"),
            }
        }
        accepted
    }
}

/// Submits until the node has stopped; every other message waits for a place in the queue.
fn submit_until_stopped(node: &Node, name: &str, answers: &Arc<Answers>, submitted: &AtomicU64) {
    for number in 0.. {
        let parents = match node.view().tips.as_ref() {
            [] => vec![node.view().latest_message_id.unwrap()],
            tips => tips.iter().rev().take(4).copied().collect(),
        };
        let bytes = Bytes::from(data(node, &parents, &format!("{name} {number}")));
        let id = MessageId::of(&bytes);
        submitted.fetch_add(1, Ordering::Relaxed);
        if number % 2 == 0 {
            node.submit(bytes, answers.open(id));
            continue;
        }
        let (sender, receiver) = sync_channel(1);
        let reply = answers.open(id);
        let tell = move |answer: Answer| {
            sender.send(matches!(answer, Err(SubmitError::Stopped(_)))).unwrap();
            reply(answer);
        };
        let is_taken = node.submit_waiting(bytes, Origin::Submission(Box::new(tell))).is_ok();
        if !is_taken {
            // The caller was told directly, so the reply is not called.
            let untold = answers.0.lock().unwrap().pop().unwrap();
            assert!(untold.0 == id && untold.1.is_empty());
            return;
        }
        if receiver.recv().unwrap() {
            return;
        }
    }
}

fn open(folder: &Path) -> Arc<Store> {
    Arc::new(Store::open(folder, &StoreOptions::small_machine()).unwrap())
}

#[test]
fn what_was_answered_before_a_stop_under_load_is_in_the_reopened_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    load_genesis(&store);
    let running = start(&store);
    wait_for_milestone(running.node(), 1);
    let all: Vec<Arc<Answers>> = (0..4).map(|_| Arc::default()).collect();
    let submitted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (number, answers) in all.iter().enumerate() {
            let (node, submitted) = (running.node().clone(), &submitted);
            scope.spawn(move || submit_until_stopped(&node, &number.to_string(), answers, submitted));
        }
        while submitted.load(Ordering::Relaxed) < 2_000 {
            std::thread::yield_now();
        }
        wait_for_milestone(running.node(), 4);
        running.stop();
    });
    Arc::into_inner(store).expect("because every thread of the node has ended").close().unwrap();

    let store = open(folder.path());
    let reader = store.latest();
    let accepted: Vec<MessageId> = all.iter().flat_map(|answers| answers.accepted()).collect();
    assert!(!accepted.is_empty());
    for id in &accepted {
        let arrival = reader.arrival(id).unwrap().expect("because it was answered");
        assert_eq!(MessageId::of(&reader.vertex(arrival).unwrap().unwrap().bytes), *id);
    }
    drop(reader);
    // The next start goes on.
    let mut world = World::on(Arc::clone(&store));
    let confirmed = world.view().confirmed.index;
    assert!(confirmed >= MilestoneIndex(4));
    world.now_ms = clock::now_ms();
    while world.view().confirmed.index < MilestoneIndex(confirmed.0 + 3) {
        assert!(!world.milestone().is_empty());
    }
    world.assert_sound();
}

#[test]
fn when_the_store_fails_everybody_is_told_and_the_node_stops() {
    let store = genesis_store();
    let running = start(&store);
    wait_for_milestone(running.node(), 1);
    let parent = running.node().view().latest_message_id.unwrap();
    let fatal = data(running.node(), &[parent], "nobody can look me up");
    running.stop();
    poison(&store, &MessageId::of(&fatal));

    let running = start(&store);
    let answers: Vec<Arc<Answers>> = (0..3).map(|_| Arc::default()).collect();
    let submitted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (number, answers) in answers.iter().enumerate() {
            let (node, submitted) = (running.node().clone(), &submitted);
            scope.spawn(move || submit_until_stopped(&node, &number.to_string(), answers, submitted));
        }
        while submitted.load(Ordering::Relaxed) < 500 {
            std::thread::yield_now();
        }
        let (sender, receiver) = sync_channel(1);
        let reply = move |answer: Answer| sender.send(answer).unwrap();
        let origin = Origin::Submission(Box::new(reply));
        running.node().submit_waiting(Bytes::from(fatal), origin).unwrap();
        assert!(matches!(receiver.recv().unwrap(), Err(SubmitError::Stopped(_))));
    });
    // Every submitter has returned, because it was told.
    let reason = running.node().halt_reason().unwrap();
    assert!(reason.contains("ids"), "{reason}");
    assert_eq!(question(running.node(), MessageId::NULL), Err(QuestionError::Stopped(reason)));
    running.stop();
    for answers in &answers {
        answers.accepted();
    }
}

fn question(node: &Node, id: MessageId) -> Result<Option<osmia_engine::ConeRoots>, QuestionError> {
    let (sender, receiver) = sync_channel(1);
    node.cone_roots(id, Box::new(move |answer| sender.send(answer).unwrap()));
    receiver.recv().unwrap()
}

#[test]
fn an_engine_that_panics_tells_why_and_answers_everybody() {
    let store = genesis_store();
    let running = Node::start(Arc::clone(&store), options(0.0, clock::broken, coordinator_keys())).unwrap();
    let answers: Arc<Answers> = Arc::default();
    submit_until_stopped_without_tips(running.node(), &answers);
    let reason = running.node().halt_reason().unwrap();
    assert!(reason.contains("the clock broke"), "{reason}");
    running.stop();
    assert_eq!(answers.accepted(), Vec::new());
}

/// Submits messages on the entry point until the node has stopped.
fn submit_until_stopped_without_tips(node: &Node, answers: &Arc<Answers>) {
    for number in 0.. {
        let bytes = Bytes::from(data(node, &[MessageId::NULL], &number.to_string()));
        let id = MessageId::of(&bytes);
        node.submit(bytes, answers.open(id));
        if node.halt_reason().is_some() {
            return;
        }
    }
}

/// Asks again from within the reply, so that a question always waits.
fn ask_for_ever(node: Node, answered: Arc<AtomicU64>) {
    let again = node.clone();
    let reply = move |answer: Result<_, QuestionError>| {
        answered.fetch_add(1, Ordering::Relaxed);
        if answer.is_ok() {
            ask_for_ever(again, answered);
        }
    };
    node.cone_roots(MessageId::NULL, Box::new(reply));
}

#[test]
fn questions_without_end_delay_neither_answers_nor_milestones_nor_a_stop() {
    let store = genesis_store();
    let running = start(&store);
    wait_for_milestone(running.node(), 1);
    let answered: Arc<AtomicU64> = Arc::default();
    ask_for_ever(running.node().clone(), Arc::clone(&answered));
    let parent = running.node().view().latest_message_id.unwrap();
    let bytes = Bytes::from(data(running.node(), &[parent], "in between"));
    let (sender, receiver) = sync_channel(1);
    let reply = move |answer: Answer| sender.send(answer).unwrap();
    running.node().submit_waiting(bytes, Origin::Submission(Box::new(reply))).unwrap();
    receiver.recv().unwrap().unwrap();
    let confirmed = running.node().view().confirmed.index.0;
    wait_for_milestone(running.node(), confirmed + 2);
    running.stop();
    assert!(answered.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_question_is_answered_while_the_node_runs_and_refused_afterwards() {
    let store = genesis_store();
    let running = start(&store);
    wait_for_milestone(running.node(), 1);
    let node = running.node().clone();
    let id = node.view().latest_message_id.unwrap();
    assert!(question(&node, id).unwrap().unwrap().oldest >= MilestoneIndex(1));
    assert_eq!(question(&node, MessageId([9; 32])), Ok(None));
    running.stop();
    assert!(matches!(question(&node, id), Err(QuestionError::Stopped(_))));
    let answers: Arc<Answers> = Arc::default();
    let bytes = data(&node, &[id], "late");
    node.submit(Bytes::from(bytes.clone()), answers.open(MessageId::of(&bytes)));
    assert_eq!(answers.accepted(), Vec::new());
    assert_eq!(node.halt_reason(), None, "it was asked to stop");
}

#[test]
fn a_stop_does_not_wait_for_proof_of_work() {
    let store = genesis_store();
    // No nonce reaches this score.
    let running = Node::start(store, options(1e30, clock::now_ms, coordinator_keys())).unwrap();
    let (sender, receiver) = sync_channel(1);
    let reply = move |answer: Answer| sender.send(answer).unwrap();
    let bytes = Bytes::from(data(running.node(), &[MessageId::NULL], "without work"));
    running.node().submit(bytes, Box::new(reply));
    assert!(matches!(receiver.recv().unwrap(), Err(SubmitError::InsufficientPow { .. })));
    running.stop();
}

#[test]
fn a_coordinator_with_the_wrong_keys_does_not_start() {
    let started = Node::start(genesis_store(), options(0.0, clock::now_ms, vec![key(1), key(2)]));
    assert!(matches!(started, Err(StartError::CoordinatorKeys(_))));
}
