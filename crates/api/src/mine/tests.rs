use std::cell::Cell;

use osmia_primitives::{MessageId, NetworkId};

use super::*;

fn draft(own_parents: bool) -> Draft {
    let parents = Parents::new(vec![MessageId([1; 32])]).unwrap();
    Draft { message: Message { network_id: NetworkId(7), parents, payload: None, nonce: 0 }, own_parents }
}

#[test]
fn a_mined_message_has_the_score_and_keeps_its_parents() {
    let mut draft = draft(false);
    let bytes =
        mine(&mut draft, 20.0, &Control::default(), &|| panic!("parents were given")).unwrap().unwrap();
    assert!(osmia_pow::score(&bytes) >= 20.0);
    let mined = Message::parse(&bytes).unwrap();
    assert_eq!(mined.parents.as_slice(), [MessageId([1; 32])]);
}

#[test]
fn own_parents_are_chosen_when_the_work_begins() {
    let tips = vec![MessageId([4; 32]), MessageId([5; 32])];
    let bytes = mine(&mut draft(true), 1.0, &Control::default(), &|| tips.clone()).unwrap().unwrap();
    assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice(), tips);
    let none = mine(&mut draft(true), 1.0, &Control::default(), &Vec::new);
    assert!(matches!(none, Some(Err(MineError::NoTips))));
}

#[test]
fn a_stopped_search_goes_on_with_fresh_parents() {
    let control = Control::default();
    let rounds = Cell::new(0u8);
    // The first search is stopped before it begins; an unreachable score would keep it searching for ever.
    let fresh_tips = || {
        rounds.set(rounds.get() + 1);
        control.stop.store(rounds.get() == 1, Ordering::SeqCst);
        vec![MessageId([rounds.get(); 32])]
    };
    let bytes = mine(&mut draft(true), 100.0, &control, &fresh_tips).unwrap().unwrap();
    assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice(), [MessageId([rounds.get(); 32])]);
    assert!(osmia_pow::score(&bytes) >= 100.0);
}

#[test]
fn work_nobody_waits_for_ends() {
    let control = Arc::new(Control::default());
    drop(CancelOnDrop(Arc::clone(&control)));
    assert!(mine(&mut draft(false), f64::INFINITY, &control, &Vec::new).is_none());
}

#[test]
fn a_search_ends_when_its_client_goes_away_during_it() {
    let control = Arc::new(Control::default());
    let cancel = CancelOnDrop(Arc::clone(&control));
    // No nonce reaches an infinite score: only the cancellation can end this thread.
    let searching =
        std::thread::spawn(move || mine(&mut draft(false), f64::INFINITY, &control, &Vec::new).is_none());
    drop(cancel);
    assert!(searching.join().unwrap());
}

#[test]
fn a_full_queue_and_one_that_ended_are_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // Nobody takes a job from this queue, and it has no room.
    let (jobs, receiver) = sync_channel(0);
    let miner = Miner { jobs };
    assert!(matches!(runtime.block_on(miner.mine(draft(false))), Err(MineError::Busy)));
    drop(receiver);
    assert!(matches!(runtime.block_on(miner.mine(draft(false))), Err(MineError::Stopped)));
}

#[test]
fn a_job_that_is_dropped_unanswered_means_the_end() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for own_parents in [true, false] {
        let (jobs, receiver) = sync_channel(1);
        let taking = std::thread::spawn(move || drop(receiver.recv()));
        assert!(matches!(runtime.block_on(Miner { jobs }.mine(draft(own_parents))), Err(MineError::Stopped)));
        taking.join().unwrap();
    }
}
