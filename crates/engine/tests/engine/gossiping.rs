//! What the core tells gossip, and what it makes of peers' messages.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use osmia_engine::core::{Core, CoreOptions, Input};
use osmia_engine::protocol::Protocol;
use osmia_engine::verify::{Origin, Unverified, Verifier};
use osmia_engine::{CoordinatorOptions, CoordinatorStart, FatalError, HaltReason, StartError, serve};
use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};
use osmia_wire::handover::{Interest, Invalid, NodeEvent, NodeState, Ticket, Verdict, Wanted};

use crate::world::{INTERVAL_MS, World, coordinator_keys, genesis_store, parameters, protocol};

/// A network's first node: it coordinates and gossips.
fn coordinator() -> World {
    World::gossiping(protocol(), Some(CoordinatorOptions::alone(coordinator_keys(), INTERVAL_MS)))
}

/// A node that knows the genesis only.
fn newcomer() -> World {
    World::gossiping(protocol(), None)
}

/// What the events say, sorted by kind.
#[derive(Default)]
struct Told {
    verdicts: Vec<Verdict>,
    broadcasts: Vec<(Bytes, bool)>,
    wanted: Option<Wanted>,
    state: Option<NodeState>,
}

fn sorted(events: Vec<NodeEvent>) -> Told {
    let mut told = Told::default();
    for event in events {
        match event {
            NodeEvent::Verdict(_, verdict) => told.verdicts.push(verdict),
            NodeEvent::Broadcast { bytes, is_milestone } => told.broadcasts.push((bytes, is_milestone)),
            NodeEvent::Wanted(wanted) => told.wanted = Some(wanted),
            NodeEvent::State(state) => told.state = Some(state),
        }
    }
    told
}

/// Gives a node messages as from a peer.
fn give(to: &mut World, messages: &[Bytes], interest: Interest) -> Told {
    let refused = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&refused);
    let sink = Arc::new(move |events: Vec<NodeEvent>| note.lock().unwrap().extend(events));
    let verifier = Verifier::new(to.protocol.clone(), [4; 32], Some(sink));
    let unverified = |(number, bytes): (u64, &Bytes)| Unverified {
        bytes: bytes.clone(),
        origin: Origin::Gossip(Ticket(number), interest),
    };
    let verified = verifier.verify((0..).zip(messages).map(unverified).collect());
    to.step(Input::Verified(verified));
    let mut events = std::mem::take(&mut *refused.lock().unwrap());
    events.extend(to.core.take_gossip());
    sorted(events)
}

/// Answers everything `to` wants from the store of `from` until it wants nothing more that `from` has.
fn sync(from: &World, to: &mut World, mut wanted: Wanted) -> usize {
    let mut rounds = 0;
    loop {
        let reader = from.store.latest();
        let by_index = wanted.milestones.iter().map(|index| serve::milestone(&reader, *index));
        let milestones: Vec<Bytes> = by_index.filter_map(Result::unwrap).collect();
        let by_id = wanted.messages.iter().map(|(id, _)| serve::message(&reader, id));
        let messages: Vec<Bytes> = by_id.filter_map(Result::unwrap).collect();
        if milestones.is_empty() && messages.is_empty() {
            return rounds;
        }
        rounds += 1;
        let mut told = give(to, &milestones, Interest::RequestedMilestone);
        let after = give(to, &messages, Interest::Requested);
        let sent_on = told.broadcasts.iter().chain(&after.broadcasts);
        assert!(sent_on.into_iter().all(|(bytes, _)| *bytes == newest(from)), "others have the rest");
        told.wanted = after.wanted.or(told.wanted);
        wanted = told.wanted.unwrap_or_default();
    }
}

/// The newest milestone of a node, as it answers a request for it.
fn newest(world: &World) -> Bytes {
    serve::milestone(&world.store.latest(), MilestoneIndex(0)).unwrap().unwrap()
}

#[test]
fn what_is_issued_here_is_sent_on_and_the_state_is_told_once() {
    let mut world = coordinator();
    let issued = world.milestone();
    let told = sorted(world.core.take_gossip());
    let expected: Vec<_> = issued.into_iter().map(|bytes| (Bytes::from(bytes), true)).collect();
    assert_eq!(told.broadcasts, expected);
    let state = told.state.unwrap();
    assert_eq!((state.confirmed, state.latest), (MilestoneIndex(1), MilestoneIndex(1)));
    assert!(state.is_almost_synced);
    assert!(world.core.take_gossip().is_empty());
    let message = world.data(&[MessageId::of(&newest(&world))], "new");
    world.attach(&message);
    let told = sorted(world.core.take_gossip());
    assert_eq!(told.broadcasts, [(Bytes::from(message), false)]);
    assert_eq!((told.state, told.wanted), (None, None), "nothing of it changed");
}

#[test]
fn a_node_without_gossip_collects_nothing() {
    let mut world = World::new();
    assert!(world.core.take_gossip().is_empty());
}

#[test]
fn a_newcomer_learns_the_newest_milestone_and_fetches_everything_below_it() {
    let mut old = coordinator();
    for round in 0..40 {
        old.milestone();
        for number in 0..5 {
            let tip = MessageId::of(&newest(&old));
            let message = old.data(&[tip], &format!("{round} {number}"));
            old.attach(&message);
        }
    }
    let mut new = newcomer();
    let told = give(&mut new, &[newest(&old)], Interest::RequestedMilestone);
    assert_eq!(told.verdicts, [Verdict::New]);
    let state = told.state.unwrap();
    assert_eq!((state.confirmed, state.latest), (MilestoneIndex(0), MilestoneIndex(40)));
    assert!(!state.is_almost_synced);
    let wanted = told.wanted.unwrap();
    let expected: Vec<_> = (1..40).map(MilestoneIndex).collect();
    assert_eq!(wanted.milestones, expected, "milestone 40 is known, it waits");
    assert!(sync(&old, &mut new, wanted) > 1);
    let (confirmed, latest) = { (old.view().confirmed, old.view().latest) };
    assert_eq!((new.view().confirmed, new.view().latest), (confirmed, latest));
    new.assert_sound();
}

#[test]
fn what_lies_beyond_the_window_is_not_asked_for() {
    let mut old = coordinator();
    for _ in 0..200 {
        old.milestone();
    }
    let mut new = newcomer();
    let wanted = give(&mut new, &[newest(&old)], Interest::RequestedMilestone).wanted.unwrap();
    assert_eq!(wanted.milestones.first(), Some(&MilestoneIndex(1)));
    assert_eq!(wanted.milestones.last(), Some(&MilestoneIndex(150)));
    assert_eq!(wanted.messages, [], "the newest milestone's parents come later");
    sync(&old, &mut new, wanted);
    assert_eq!(new.view().confirmed.index, MilestoneIndex(200));
}

#[test]
fn a_node_that_is_behind_takes_only_what_it_asked_for_and_milestones() {
    let mut old = coordinator();
    for _ in 0..5 {
        old.milestone();
    }
    let present = Bytes::from(old.data(&[MessageId::of(&newest(&old))], "present"));
    let mut new = newcomer();
    for interest in [Interest::Gossip, Interest::MilestonesOnly] {
        let told = give(&mut new, std::slice::from_ref(&present), interest);
        assert_eq!(told.verdicts, [Verdict::NotTaken]);
    }
    assert_eq!(give(&mut new, std::slice::from_ref(&present), Interest::Requested).verdicts, [Verdict::New]);
    assert_eq!(give(&mut new, &[present], Interest::Requested).verdicts, [Verdict::Known]);
    let told = give(&mut new, &[newest(&old)], Interest::MilestonesOnly);
    assert_eq!(told.verdicts, [Verdict::New]);
}

#[test]
fn gossip_of_the_present_is_attached_and_sent_on_once() {
    let mut old = coordinator();
    old.milestone();
    let mut new = newcomer();
    let wanted = give(&mut new, &[newest(&old)], Interest::RequestedMilestone).wanted.unwrap_or_default();
    sync(&old, &mut new, wanted);
    let first = Bytes::from(old.data(&[MessageId::of(&newest(&old))], "first"));
    let second = Bytes::from(old.data(&[MessageId::of(&first)], "second"));
    // The child comes first: it waits, and its parent is wanted although no milestone needs it.
    let told = give(&mut new, std::slice::from_ref(&second), Interest::Gossip);
    assert_eq!((told.verdicts, told.broadcasts), (vec![Verdict::New], vec![]));
    assert_eq!(told.wanted.unwrap().messages, [(MessageId::of(&first), None)]);
    let told = give(&mut new, std::slice::from_ref(&first), Interest::Gossip);
    assert_eq!(told.broadcasts, [(first.clone(), false), (second, false)]);
    assert_eq!(told.wanted, Some(Wanted::default()));
    let told = give(&mut new, &[first], Interest::Gossip);
    assert_eq!((told.verdicts, told.broadcasts), (vec![Verdict::Known], vec![]));
}

#[test]
fn proof_of_work_is_judged_unless_a_milestone_vouches_for_the_message() {
    let strict = Protocol::Chrysalis(Arc::new(parameters(1e9)));
    let mut old = coordinator();
    old.milestone();
    let message = Bytes::from(old.data(&[MessageId::of(&newest(&old))], "cheap"));
    let forged = Bytes::from(old.forged(MilestoneIndex(9), &[MessageId([3; 32])], 1));
    let mut new = World::gossiping(strict, None);
    let too_little = [Verdict::Invalid(Invalid::InsufficientPow)];
    for interest in [Interest::Gossip, Interest::RequestedMilestone] {
        assert_eq!(give(&mut new, std::slice::from_ref(&message), interest).verdicts, too_little);
    }
    assert_eq!(give(&mut new, &[message], Interest::Requested).verdicts, [Verdict::New]);
    assert_eq!(give(&mut new, &[newest(&old)], Interest::Gossip).verdicts, too_little);
    let told = give(&mut new, &[newest(&old)], Interest::RequestedMilestone);
    assert_eq!(told.verdicts, [Verdict::New], "its signatures are worth more than work");
    assert_eq!(give(&mut new, std::slice::from_ref(&forged), Interest::MilestonesOnly).verdicts, too_little);
    // A signature that does not count leaves an ordinary message.
    let mut bad = forged.to_vec();
    let place = bad.len() - 20;
    bad[place] ^= 1;
    assert_eq!(give(&mut new, &[bad.into()], Interest::RequestedMilestone).verdicts, too_little);
}

#[test]
fn what_no_honest_peer_sends_is_told_apart() {
    let mut new = newcomer();
    let told = give(&mut new, &[Bytes::from_static(b"rubbish")], Interest::Gossip);
    assert_eq!(told.verdicts, [Verdict::Invalid(Invalid::Syntax)]);
    let mut other = coordinator().data(&[MessageId::NULL], "other network");
    other[0] ^= 1;
    let told = give(&mut new, &[other.into()], Interest::Requested);
    assert_eq!(told.verdicts, [Verdict::Invalid(Invalid::WrongNetwork)]);
}

#[test]
fn two_milestones_of_one_index_halt_a_node_even_while_they_wait() {
    let mut new = newcomer();
    let one = Bytes::from(new.forged(MilestoneIndex(5), &[MessageId([1; 32])], 1));
    let two = Bytes::from(new.forged(MilestoneIndex(5), &[MessageId([2; 32])], 1));
    give(&mut new, std::slice::from_ref(&one), Interest::Gossip);
    give(&mut new, std::slice::from_ref(&one), Interest::Gossip);
    assert_eq!(new.view().halted, None);
    give(&mut new, std::slice::from_ref(&two), Interest::Gossip);
    let (first, second) = (MessageId::of(&one), MessageId::of(&two));
    assert_eq!(
        new.view().halted,
        Some(HaltReason::TwoMilestones { index: MilestoneIndex(5), first, second })
    );
}

fn options(start: CoordinatorStart, quiet_ms: u64) -> CoordinatorOptions {
    CoordinatorOptions { start, quiet_ms, ..CoordinatorOptions::alone(coordinator_keys(), INTERVAL_MS) }
}

#[test]
fn a_coordinator_that_resumes_waits_for_its_network() {
    let mut old = coordinator();
    for _ in 0..3 {
        old.milestone();
    }
    let mut wiped = World::gossiping(protocol(), Some(options(CoordinatorStart::Resume, 3 * INTERVAL_MS)));
    for _ in 0..10 {
        assert_eq!(wiped.interval(), None, "it knows no milestone");
    }
    let wanted = give(&mut wiped, &[newest(&old)], Interest::RequestedMilestone).wanted.unwrap();
    sync(&old, &mut wiped, wanted);
    assert_eq!(wiped.view().confirmed.index, MilestoneIndex(3));
    assert!(wiped.interval().is_none() && wiped.interval().is_none(), "more may follow");
    assert!(wiped.interval().is_some());
}

#[test]
fn a_network_is_begun_once() {
    let mut new = World::gossiping(protocol(), Some(options(CoordinatorStart::Bootstrap, 0)));
    let issued = new.milestone();
    assert_eq!(new.view().confirmed.index, MilestoneIndex(1));
    let again = Core::new(
        Arc::clone(&new.store),
        CoreOptions {
            protocol: protocol(),
            coordinator: Some(options(CoordinatorStart::Bootstrap, 0)),
            gossips: true,
            id_hasher_key: IdHasherKey(3),
        },
    );
    assert!(matches!(again, Err(StartError::NetworkExists(MilestoneIndex(1)))));

    // Its database was lost, but peers have the network.
    let mut core = Core::new(
        genesis_store(),
        CoreOptions {
            protocol: protocol(),
            coordinator: Some(options(CoordinatorStart::Bootstrap, 60_000)),
            gossips: true,
            id_hasher_key: IdHasherKey(3),
        },
    )
    .unwrap();
    let bytes = Bytes::from(issued[0].clone());
    let origin = Origin::Gossip(Ticket(0), Interest::Gossip);
    let verifier = Verifier::new(protocol(), [4; 32], None);
    let verified = verifier.verify(vec![Unverified { bytes, origin }]);
    let stepped = core.step(1, Input::Verified(verified), &mut Default::default());
    assert!(matches!(stepped, Err(FatalError::NetworkExists(MilestoneIndex(1)))));
}
