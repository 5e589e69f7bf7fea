//! Heartbeats, ours and theirs.

use osmia_primitives::MilestoneIndex;
use osmia_wire::handover::Verdict;
use osmia_wire::limits::{
    BEHIND_PEER_MS, FIRST_HEARTBEAT_MS_MAX, HEARTBEAT_AGE_MS_MAX, HEARTBEAT_MS_MAX, LATEST_REQUEST_MS_MIN,
};
use osmia_wire::packet::{Heartbeat, Packet};
use osmia_wire::{Misbehaviour, Report, Slot, Unhealthy};

use crate::world::{LATEST, World, heartbeat, message};

fn our_heartbeats(packets: &[Packet]) -> Vec<Heartbeat> {
    let heartbeats = packets.iter().filter_map(|packet| match packet {
        Packet::Heartbeat(heartbeat) => Some(*heartbeat),
        Packet::Message(_) | Packet::MessageRequest(_) | Packet::MilestoneRequest(_) => None,
    });
    heartbeats.collect()
}

fn unhealthy(world: &mut World) -> Vec<(Slot, Unhealthy)> {
    let reports = std::iter::from_fn(|| world.gossip.next_report());
    reports
        .filter_map(|report| match report {
            Report::Unhealthy { slot, why } => Some((slot, why)),
            Report::Misbehaved { .. } | Report::Heartbeat { .. } => None,
        })
        .collect()
}

#[test]
fn a_new_stream_begins_with_our_heartbeat_and_a_question() {
    let mut world = World::new();
    let other = world.peer();
    let slot = world.gossip.open(world.now_ms).unwrap();
    let says = Heartbeat { connected_peers: 2, synced_peers: 1, ..heartbeat(LATEST, LATEST) };
    let expected = [Packet::Heartbeat(says), Packet::MilestoneRequest(MilestoneIndex(0))];
    assert_eq!(world.output(slot), expected);
    assert!(world.output(other).is_empty(), "that a peer came is no news for the others");
}

#[test]
fn changes_are_told_at_once_but_at_most_every_tenth_of_a_second() {
    let mut world = World::new();
    let slot = world.peer();
    world.pass(1_000);
    world.state(LATEST, LATEST + 1);
    assert_eq!(our_heartbeats(&world.output(slot)).len(), 1, "at once");
    let mut told = Vec::new();
    for confirmed in LATEST + 1..LATEST + 301 {
        world.now_ms += 1;
        world.state(confirmed, confirmed);
        world.gossip.tick(world.now_ms);
        told.extend(our_heartbeats(&world.output(slot)));
    }
    assert!((2..=3).contains(&told.len()), "{} in 300 ms", told.len());
    world.pass(200);
    told.extend(our_heartbeats(&world.output(slot)));
    assert_eq!(told.last().unwrap().solid, MilestoneIndex(LATEST + 300), "the last change is always told");
    world.state(LATEST + 300, LATEST + 300);
    world.pass(1_000);
    assert!(world.output(slot).is_empty(), "the same again is no change");
}

#[test]
fn without_news_a_heartbeat_goes_every_half_minute() {
    let mut world = World::new();
    let slot = world.peer();
    let mut count = 0;
    for _ in 0..10 {
        world.pass(HEARTBEAT_MS_MAX / 2);
        count += our_heartbeats(&world.output(slot)).len();
    }
    assert_eq!(count, 5);
}

#[test]
fn only_the_newest_heartbeat_waits_and_it_says_what_is_true_then() {
    let mut world = World::new();
    let slot = world.peer();
    for confirmed in LATEST..LATEST + 5 {
        world.pass(500);
        world.state(confirmed, LATEST + 9);
    }
    let told = our_heartbeats(&world.output(slot));
    assert_eq!(told.iter().map(|told| told.solid.0).collect::<Vec<_>>(), [LATEST + 4]);
}

#[test]
fn a_peer_without_heartbeat_is_unhealthy_once() {
    let mut world = World::new();
    let slot = world.gossip.open(world.now_ms).unwrap();
    world.pass(FIRST_HEARTBEAT_MS_MAX);
    assert!(unhealthy(&mut world).is_empty());
    world.pass(1_000);
    assert_eq!(unhealthy(&mut world), [(slot, Unhealthy::NoHeartbeat)]);
    world.pass(60_000);
    assert!(unhealthy(&mut world).is_empty());
}

#[test]
fn a_peer_whose_heartbeats_stop_is_unhealthy() {
    let mut world = World::new();
    let slot = world.peer();
    world.pass(HEARTBEAT_AGE_MS_MAX - 1_000);
    world.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST)));
    world.pass(HEARTBEAT_AGE_MS_MAX);
    assert!(unhealthy(&mut world).is_empty());
    // Messages are no heartbeats.
    world.send_message(slot, &message(1));
    world.judge_next(Verdict::New);
    world.pass(1_000);
    assert_eq!(unhealthy(&mut world), [(slot, Unhealthy::OldHeartbeat)]);
}

#[test]
fn a_heartbeat_that_contradicts_itself_is_misbehaviour_and_not_believed() {
    for (pruned, solid, latest) in [(0, 9, 8), (6, 5, 9)] {
        let mut world = World::new();
        let slot = world.gossip.open(world.now_ms).unwrap();
        let [pruned, solid, latest] = [pruned, solid, latest].map(MilestoneIndex);
        let lie = Heartbeat { solid, pruned, latest, connected_peers: 0, synced_peers: 0 };
        world.send(slot, &Packet::Heartbeat(lie));
        assert_eq!(world.misbehaved(), [(slot, Misbehaviour::ContradictingHeartbeat)]);
        assert_eq!(world.status(slot).heartbeat, None);
    }
}

#[test]
fn heartbeats_are_reported_the_newest_only() {
    let mut world = World::new();
    let slot = world.gossip.open(world.now_ms).unwrap();
    world.send(slot, &Packet::Heartbeat(heartbeat(1, 2)));
    world.send(slot, &Packet::Heartbeat(heartbeat(3, 4)));
    let newest = heartbeat(3, 4);
    assert_eq!(world.gossip.next_report(), Some(Report::Heartbeat { slot, heartbeat: newest }));
    assert_eq!(world.gossip.next_report(), None);
    assert_eq!(world.status(slot).heartbeat, Some((newest, world.now_ms)));
    assert_eq!(world.status(slot).metrics.received_heartbeats, 2);
}

#[test]
fn a_milestone_that_only_a_peer_has_is_asked_for_after_a_second() {
    let mut world = World::new();
    let slot = world.peer();
    world.pass(5_000);
    world.output(slot);
    world.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST + 1)));
    world.pass(BEHIND_PEER_MS - 100);
    assert!(world.output(slot).is_empty(), "gossip may bring it");
    world.pass(300);
    let question = [Packet::MilestoneRequest(MilestoneIndex(0))];
    assert_eq!(world.output(slot), question);
    world.pass(LATEST_REQUEST_MS_MIN - 300);
    assert!(world.output(slot).is_empty());
    world.pass(600);
    assert_eq!(world.output(slot), question, "again after two seconds");
    world.state(LATEST, LATEST + 1);
    world.output(slot);
    world.pass(10_000);
    assert!(world.output(slot).is_empty(), "we have it");
}

#[test]
fn synced_peers_are_those_near_the_newest_milestone() {
    let mut world = World::new();
    let slots = [world.peer(), world.peer(), world.peer()];
    world.send(slots[0], &Packet::Heartbeat(heartbeat(LATEST - 2, LATEST - 2)));
    world.send(slots[1], &Packet::Heartbeat(heartbeat(LATEST - 3, LATEST - 3)));
    world.send(slots[2], &Packet::Heartbeat(heartbeat(LATEST, LATEST + 3)));
    assert_eq!(world.gossip.synced_peers(), 1);
    assert!(world.status(slots[0]).is_synced);
    assert_eq!(world.gossip.connected_peers(), 3);
}
