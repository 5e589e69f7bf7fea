use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;

use osmia_primitives::NetworkId;

use super::*;

/// Zeros a search can look for and never finds: more than there are nonces for.
const NEVER: f64 = 1e16;

fn draft(own_parents: bool) -> Draft {
    let parents = Parents::new(vec![MessageId([1; 32])]).unwrap();
    Draft { message: Message { network_id: NetworkId(7), parents, payload: None, nonce: 0 }, own_parents }
}

/// Ground whose parents tell how often tips were chosen, and where a milestone is confirmed between two slices.
struct Moving {
    chosen: Cell<u8>,
    asked: Cell<u32>,
    /// How many milestones are confirmed after so many questions for them.
    milestones: fn(u32) -> u32,
}

impl Moving {
    fn new(milestones: fn(u32) -> u32) -> Self {
        Self { chosen: Cell::new(0), asked: Cell::new(0), milestones }
    }
}

impl Ground for Moving {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        self.chosen.set(self.chosen.get() + 1);
        (vec![MessageId([self.chosen.get(); 32])], MilestoneIndex((self.milestones)(self.asked.get())))
    }

    fn confirmed(&self) -> MilestoneIndex {
        self.asked.set(self.asked.get() + 1);
        MilestoneIndex((self.milestones)(self.asked.get()))
    }
}

/// Ground without tips.
struct Bare;

impl Ground for Bare {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        (Vec::new(), MilestoneIndex(1))
    }

    fn confirmed(&self) -> MilestoneIndex {
        MilestoneIndex(1)
    }
}

fn mine_on(ground: &dyn Ground, own_parents: bool, score: f64) -> Result<Bytes, MineError> {
    mine(draft(own_parents), score, ground, &Figures::default(), &AtomicBool::new(false))
}

#[test]
fn a_mined_message_has_the_score_and_keeps_its_parents() {
    let ground = Moving::new(|asked| asked);
    let bytes = mine_on(&ground, false, 20.0).unwrap();
    assert!(osmia_pow::score(&bytes) >= 20.0);
    let mined = Message::parse(&bytes).unwrap();
    assert_eq!(mined.parents.as_slice(), [MessageId([1; 32])]);
    assert_eq!(ground.chosen.get(), 0);
}

#[test]
fn own_parents_are_chosen_when_the_work_begins() {
    let ground = Moving::new(|_| 1);
    let bytes = mine_on(&ground, true, 1.0).unwrap();
    assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice(), [MessageId([1; 32])]);
    assert_eq!(ground.chosen.get(), 1);
    assert_eq!(mine_on(&Bare, true, 1.0), Err(MineError::NoTips));
    assert!(mine_on(&Bare, false, 1.0).is_ok(), "parents that are given need no tips");
}

#[test]
fn parents_are_chosen_again_with_a_milestone() {
    // A milestone comes with every slice. The score takes some slices, always the same ones.
    let ground = Moving::new(|asked| asked);
    let bytes = mine_on(&ground, true, 20_000.0).unwrap();
    assert!(osmia_pow::score(&bytes) >= 20_000.0);
    let chosen = ground.chosen.get();
    assert!(chosen > 1);
    assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice(), [MessageId([chosen; 32])]);
}

#[test]
fn a_nonce_that_was_found_too_late_is_looked_for_again() {
    // The nonce is in the first slice, and the first question comes when it was found.
    let ground = Moving::new(|asked| if asked == 0 { 10 } else { 13 });
    let bytes = mine_on(&ground, true, 1.0).unwrap();
    assert_eq!(ground.chosen.get(), 2, "three milestones came meanwhile");
    assert_eq!(Message::parse(&bytes).unwrap().parents.as_slice(), [MessageId([2; 32])]);

    let ground = Moving::new(|asked| if asked == 0 { 10 } else { 12 });
    mine_on(&ground, true, 1.0).unwrap();
    assert_eq!(ground.chosen.get(), 1, "two milestones are no harm");
}

#[test]
fn milestones_that_come_faster_than_slices_do_not_keep_it_searching_for_ever() {
    // Three milestones come between any slice and its result.
    let ground = Moving::new(|asked| asked * 3);
    mine_on(&ground, true, 1.0).unwrap();
    assert_eq!(u32::from(ground.chosen.get()), POW_ATTEMPTS_MAX);
}

/// Stops the search when tips are asked for the third time, and keeps the figures at that moment.
struct Stopping<'a> {
    stop: &'a AtomicBool,
    figures: &'a Figures,
    tried: RefCell<Vec<u64>>,
}

impl Ground for Stopping<'_> {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        let mut tried = self.tried.borrow_mut();
        tried.push(self.figures.nonces());
        self.stop.store(tried.len() == 3, Ordering::Relaxed);
        // The same parents each time: the same nonces must not be tried again.
        (vec![MessageId([9; 32])], MilestoneIndex(u32::try_from(tried.len()).unwrap()))
    }

    fn confirmed(&self) -> MilestoneIndex {
        // A milestone comes with every slice.
        let slices = self.figures.nonces() / POW_SLICE_NONCES;
        MilestoneIndex(u32::try_from(slices).unwrap() + 1)
    }
}

#[test]
fn nonces_go_on_where_they_were_and_are_counted() {
    let (stop, figures) = (AtomicBool::new(false), Figures::default());
    let ground = Stopping { stop: &stop, figures: &figures, tried: RefCell::default() };
    assert_eq!(mine(draft(true), NEVER, &ground, &figures, &stop), Err(MineError::Stopped));
    assert_eq!(*ground.tried.borrow(), [0, POW_SLICE_NONCES, 2 * POW_SLICE_NONCES]);

    let mut nonces = Nonces { next: Some(u64::MAX - 5), figures: &figures, stop: &AtomicBool::new(false) };
    let digest = [3; 32];
    assert_eq!(nonces.search_slice(&digest, 40), Ok(None), "the last slice is a short one");
    assert_eq!(nonces.search_slice(&digest, 40), Err(MineError::Exhausted));
    assert_eq!(figures.nonces(), 2 * POW_SLICE_NONCES + 6);

    // Any nonce will do.
    let mut nonces = Nonces { next: Some(41), figures: &figures, stop: &AtomicBool::new(false) };
    assert_eq!(nonces.search_slice(&digest, 0), Ok(Some(41)));
    assert_eq!(nonces.search_slice(&digest, 0), Ok(Some(42)), "what was found is not found again");
}

#[test]
fn a_score_that_no_nonce_reaches_is_an_error_at_once() {
    assert_eq!(mine_on(&Bare, false, f64::INFINITY), Err(MineError::TooHard));
    let stopped = AtomicBool::new(true);
    let zeros = osmia_pow::required_zeros(draft(false).message.pack().len(), NEVER);
    assert!(zeros <= POW_ZEROS_MAX, "{zeros}");
    let mined = mine(draft(false), NEVER, &Bare, &Figures::default(), &stopped);
    assert_eq!(mined, Err(MineError::Stopped), "it would have been tried");
}

#[test]
fn a_search_ends_when_its_flag_is_raised_during_it() {
    let (stop, figures) = (Arc::new(AtomicBool::new(false)), Arc::new(Figures::default()));
    let search = {
        let (stop, figures) = (Arc::clone(&stop), Arc::clone(&figures));
        std::thread::spawn(move || mine(draft(false), NEVER, &Bare, &figures, &stop))
    };
    while figures.nonces() == 0 {
        std::thread::yield_now();
    }
    stop.store(true, Ordering::Relaxed);
    assert_eq!(search.join().unwrap(), Err(MineError::Stopped));
}
