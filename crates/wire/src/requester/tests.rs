//! Tests of who is asked for what, and when again.

use super::*;

fn id(number: u32) -> MessageId {
    MessageId::of(&number.to_le_bytes())
}

fn item(number: u32) -> Item {
    Item::Message(id(number))
}

/// Messages `numbers`, all needed by `milestone`.
fn wanted(numbers: std::ops::Range<u32>, milestone: Option<u32>) -> Wanted {
    let messages = numbers.map(|number| (id(number), milestone.map(MilestoneIndex))).collect();
    Wanted { milestones: Vec::new(), messages }
}

fn candidate(slot: u8, pruned: u32, solid: u32, latest: u32) -> Candidate {
    let [pruned, solid, latest] = [pruned, solid, latest].map(MilestoneIndex);
    let heartbeat = Heartbeat { solid, pruned, latest, connected_peers: 0, synced_peers: 0 };
    Candidate { slot: Slot(slot), heartbeat, is_synced: latest.ahead_of(solid) <= 2 }
}

/// A requester, and the peers it may ask.
struct World {
    requester: Requester,
    peers: Vec<Candidate>,
}

impl World {
    fn new(peers: &[Candidate]) -> Self {
        Self { requester: Requester::new(IdHasherKey(1)), peers: peers.to_vec() }
    }

    /// Who is asked for what now, as slots and items.
    fn asks(&mut self, now_ms: u64) -> Vec<(u8, Item)> {
        self.requester.sweep(now_ms);
        let mut asks = Vec::new();
        if self.requester.should_assign(now_ms) {
            self.requester.assign(now_ms, &self.peers, &mut asks);
        }
        asks.into_iter().map(|ask| (ask.slot.0, ask.item)).collect()
    }

    fn want(&mut self, now_ms: u64, wanted: Wanted) -> Vec<(u8, Item)> {
        self.requester.set_wanted(wanted);
        self.asks(now_ms)
    }
}

#[test]
fn the_oldest_are_asked_first_and_spread_over_the_peers_that_have_them() {
    let mut world = World::new(&[
        candidate(0, 0, 10, 10),
        candidate(1, 0, 10, 10),
        candidate(2, 0, 4, 10),
        candidate(3, 5, 10, 10),
    ]);
    assert_eq!(
        world.want(0, wanted(0..4, Some(5))),
        [(0, item(0)), (1, item(1)), (0, item(2)), (1, item(3))],
        "peer 2 is not there yet, peer 3 has removed it"
    );
    assert_eq!(world.requester.in_flight(Slot(0)), 2);
}

#[test]
fn milestones_are_asked_by_index_before_messages() {
    let mut world = World::new(&[candidate(0, 0, 10, 10)]);
    let milestones = vec![MilestoneIndex(4), MilestoneIndex(5)];
    let list = Wanted { milestones, ..wanted(0..1, Some(6)) };
    let by_index = |index| Item::Milestone(MilestoneIndex(index));
    assert_eq!(world.want(0, list), [(0, by_index(4)), (0, by_index(5)), (0, item(0))]);
}

#[test]
fn those_who_may_have_it_are_asked_when_nobody_surely_has_it() {
    let mut world = World::new(&[candidate(0, 0, 4, 4), candidate(1, 0, 4, 5)]);
    assert_eq!(world.want(0, wanted(0..1, Some(5))), [(1, item(0))]);
    assert!(world.want(1, wanted(1..2, Some(6))).is_empty(), "nobody knows milestone 6");
    // Without a milestone, the synced one is asked.
    let mut world = World::new(&[candidate(0, 0, 4, 9), candidate(1, 0, 9, 9)]);
    assert_eq!(world.want(0, wanted(0..2, None)), [(1, item(0)), (1, item(1))]);
}

#[test]
fn nothing_is_asked_again_before_its_time_and_then_of_another() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    let list = || wanted(0..1, Some(5));
    assert_eq!(world.want(0, list()), [(0, item(0))]);
    for now_ms in (0..QUIET_MS).step_by(100) {
        assert!(world.want(now_ms, list()).is_empty(), "at {now_ms}");
    }
    assert_eq!(world.asks(QUIET_MS), [(1, item(0))], "the other one");
    assert_eq!(world.requester.in_flight(Slot(0)), 0);
    for now_ms in (QUIET_MS..QUIET_MS + REQUEST_TIMEOUT_MS).step_by(100) {
        assert!(world.want(now_ms, list()).is_empty(), "at {now_ms}: both were asked");
    }
    assert_eq!(world.asks(QUIET_MS + REQUEST_TIMEOUT_MS + SWEEP_MS), [(0, item(0))], "begin again");
}

#[test]
fn a_peer_that_connects_again_and_again_does_not_keep_others_from_being_asked() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    let mut asked = [0; 2];
    for second in 0..60 {
        let now_ms = second * QUIET_MS;
        for (slot, _) in world.want(now_ms, wanted(0..1, Some(5))) {
            asked[usize::from(slot)] += 1;
        }
        world.requester.on_close(Slot(0));
    }
    assert!(asked[1] >= 5, "{asked:?}");
}

#[test]
fn who_owes_an_answer_is_remembered_when_the_peer_asked_after_it_is_gone() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    assert_eq!(world.want(0, wanted(0..1, Some(5))), [(0, item(0))]);
    assert_eq!(world.asks(REQUEST_TIMEOUT_MS + QUIET_MS), [(1, item(0))]);
    world.requester.on_close(Slot(1));
    world.peers.remove(1);
    world.want(REQUEST_TIMEOUT_MS + 2 * QUIET_MS, Wanted::default());
    let late = world.requester.on_arrival(Slot(0), item(0));
    assert_eq!(late.map(|found| found.was_owed), Some(true));
}

#[test]
fn a_busy_peer_has_more_time_to_answer() {
    let mut world = World::new(&[candidate(0, 0, 9, 9)]);
    let many = QUIET_REQUESTS_MAX + 1;
    let numbers = 0..u32::try_from(many).unwrap();
    assert_eq!(world.want(0, wanted(numbers, Some(5))).len(), many);
    world.peers.push(candidate(1, 0, 9, 9));
    assert!(world.asks(REQUEST_TIMEOUT_MS - 1).is_empty());
    assert_eq!(world.asks(REQUEST_TIMEOUT_MS + SWEEP_MS).len(), many, "the other one");
}

#[test]
fn who_lets_requests_pass_is_asked_last() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    assert_eq!(world.want(0, wanted(0..1, Some(5))), [(0, item(0))]);
    assert_eq!(world.asks(QUIET_MS), [(1, item(0))]);
    assert!(world.requester.on_arrival(Slot(1), item(0)).is_some_and(|found| found.was_owed));
    let later = QUIET_MS + SWEEP_MS;
    let asks = world.want(later, wanted(1..4, Some(5)));
    assert!(asks.iter().all(|(slot, _)| *slot == 1), "{asks:?}");
    // One answer, however late, makes up for it, and then it has the fewest requests.
    assert!(world.requester.on_arrival(Slot(0), item(0)).is_some_and(|found| found.was_owed));
    assert_eq!(world.want(later + 1, wanted(4..5, Some(5))), [(0, item(4))]);
}

#[test]
fn what_was_asked_of_a_peer_that_is_gone_is_asked_of_another_at_once() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    assert_eq!(world.want(0, wanted(0..1, Some(5))), [(0, item(0))]);
    world.requester.on_close(Slot(0));
    world.peers.remove(0);
    assert_eq!(world.asks(1), [(1, item(0))]);
    assert_eq!(world.requester.in_flight(Slot(0)), 0);
    assert_eq!(
        world.requester.on_arrival(Slot(0), item(0)).map(|found| found.was_owed),
        Some(false),
        "a new peer"
    );
}

#[test]
fn nothing_is_asked_while_its_answer_is_with_the_node() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    let list = || wanted(0..1, Some(5));
    world.want(0, list());
    let found = world.requester.on_arrival(Slot(0), item(0));
    assert_eq!(found, Some(Match { was_owed: true, is_needed: true }));
    assert_eq!(world.requester.in_flight(Slot(0)), 0, "its place is free");
    world.requester.on_handed(item(0), Ticket(7));
    assert_eq!(
        world.requester.on_arrival(Slot(1), item(0)),
        Some(Match { was_owed: false, is_needed: false }),
        "a second copy is of no use"
    );
    assert!(world.want(50_000, list()).is_empty());
    world.requester.on_verdict(50_000, item(0), Ticket(6), Verdict::NotTaken);
    assert!(world.want(55_000, list()).is_empty(), "not its ticket");
    world.requester.on_verdict(55_000, item(0), Ticket(7), Verdict::NotTaken);
    assert!(world.want(55_000 + VERDICT_SETTLE_MS - 1, list()).is_empty(), "the list may be older");
    assert_eq!(world.want(55_000 + VERDICT_SETTLE_MS + SWEEP_MS, list()).len(), 1);
}

#[test]
fn an_answer_of_no_use_is_asked_for_again_of_another() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    assert_eq!(world.want(0, wanted(0..1, Some(5))), [(0, item(0))]);
    world.requester.on_arrival(Slot(0), item(0));
    world.requester.on_handed(item(0), Ticket(7));
    world.requester.on_verdict(10, item(0), Ticket(7), Verdict::NotTaken);
    assert_eq!(world.asks(2 * VERDICT_SETTLE_MS), [(1, item(0))]);
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 9, 9)]);
    world.want(0, wanted(0..1, Some(5)));
    world.requester.on_arrival(Slot(0), item(0));
    world.requester.on_handed(item(0), Ticket(7));
    world.requester.on_lost(item(0), Ticket(7));
    assert_eq!(world.asks(10), [(1, item(0))], "of the other, for the first was asked just now");
}

#[test]
fn a_late_answer_is_still_one_that_was_asked_for_though_nobody_wants_it() {
    let mut world = World::new(&[candidate(0, 0, 9, 9)]);
    world.want(0, wanted(0..2, Some(5)));
    world.want(1, Wanted::default());
    world.requester.sweep(REQUEST_TIMEOUT_MS);
    assert_eq!(world.requester.in_flight(Slot(0)), 0);
    world.requester.sweep(REQUEST_MEMORY_MS - 1);
    let late = world.requester.on_arrival(Slot(0), item(0));
    assert_eq!(late, Some(Match { was_owed: true, is_needed: true }));
    world.requester.sweep(REQUEST_MEMORY_MS + SWEEP_MS);
    assert_eq!(world.requester.on_arrival(Slot(0), item(1)), None);
    assert_eq!(world.requester.len(), 0);
    assert!(!world.requester.expects_messages());
}

#[test]
fn what_the_node_took_is_forgotten_soon() {
    let mut world = World::new(&[candidate(0, 0, 9, 9)]);
    world.want(0, wanted(0..1, Some(5)));
    world.requester.on_arrival(Slot(0), item(0));
    world.requester.on_handed(item(0), Ticket(1));
    world.requester.on_verdict(10, item(0), Ticket(1), Verdict::New);
    world.requester.sweep(10 + VERDICT_SETTLE_MS);
    assert_eq!(world.requester.len(), 0);
}

#[test]
fn a_full_peer_is_asked_no_more_until_it_answers() {
    let mut world = World::new(&[candidate(0, 0, 9, 9), candidate(1, 0, 3, 3)]);
    let many = u32::try_from(REQUESTS_IN_FLIGHT_MAX).unwrap() + 10;
    assert_eq!(world.want(0, wanted(0..many, Some(5))).len(), REQUESTS_IN_FLIGHT_MAX);
    assert_eq!(world.requester.in_flight(Slot(0)), REQUESTS_IN_FLIGHT_MAX);
    assert!(world.asks(5).is_empty());
    world.requester.on_arrival(Slot(0), item(3));
    assert_eq!(world.asks(2 * ASSIGN_MS_MIN), [(0, item(many - 10))], "the first that was not asked for");
}

#[test]
fn a_long_list_is_not_looked_through_too_often() {
    let mut world = World::new(&[candidate(0, 0, 9, 9)]);
    assert!(!world.want(1, wanted(0..500, Some(5))).is_empty());
    assert!(world.want(1, wanted(1..501, Some(5))).is_empty(), "within the same millisecond");
    assert_eq!(world.asks(1 + ASSIGN_MS_MIN).len(), 1);
    assert!(world.asks(20).is_empty());
    // A short one is looked through at once: messages that come one by one must not wait.
    assert_eq!(world.want(20, wanted(501..502, Some(5))).len(), 1);
    assert_eq!(world.want(20, wanted(502..503, Some(5))).len(), 1);
}

#[test]
fn no_more_is_remembered_than_the_bound() {
    let peers: Vec<Candidate> = (0..64).map(|slot| candidate(slot, 0, 9, 9)).collect();
    let mut world = World::new(&peers);
    let list = u32::try_from(WANTED_MAX).unwrap();
    let mut asked = 0;
    for round in 0..u32::try_from(REQUESTS_REMEMBERED_MAX).unwrap() / list + 3 {
        let numbers = round * list..(round + 1) * list;
        for (slot, item) in world.want(u64::from(round) * ASSIGN_MS_MIN, wanted(numbers, Some(5))) {
            asked += 1;
            world.requester.on_arrival(Slot(slot), item);
            world.requester.on_handed(item, Ticket(7));
        }
        assert!(world.requester.len() <= REQUESTS_REMEMBERED_MAX);
    }
    assert_eq!(asked, REQUESTS_REMEMBERED_MAX);
    for number in 0..u32::try_from(REQUESTS_REMEMBERED_MAX).unwrap() {
        world.requester.on_lost(item(number), Ticket(7));
    }
    world.requester.sweep(REQUEST_MEMORY_MS);
    world.requester.sweep(REQUEST_MEMORY_MS + REQUEST_TIMEOUT_MS);
    assert_eq!(world.requester.len(), 0);
}
