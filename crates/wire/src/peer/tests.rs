//! Tests of the parts of a peer.

use bytes::Bytes;
use osmia_primitives::MessageId;

use super::*;
use crate::gossip::Asked;
use crate::limits::*;
use crate::packet::{MESSAGE_BYTES_MAX, PACKET_BYTES_MAX, Packet};

fn packets(mut stream: &[u8]) -> Vec<Packet> {
    let mut decoder = Decoder::new();
    std::iter::from_fn(|| decoder.next(&mut stream).unwrap()).collect()
}

/// All that waits, taken `bytes_max` at a time.
fn take_all(outbound: &mut Outbound, metrics: &mut PeerMetrics, bytes_max: usize) -> Vec<Packet> {
    let mut all = Vec::new();
    while !outbound.is_empty() {
        let before = outbound.packets();
        let mut out = Vec::new();
        outbound.take(&mut out, bytes_max, &Heartbeat::default(), metrics);
        assert!(outbound.packets() < before, "each call takes something");
        assert!(out.len() <= bytes_max.max(PACKET_BYTES_MAX) + 64);
        all.extend(packets(&out));
    }
    assert_eq!(outbound.bytes(), 0);
    all
}

fn message(number: usize, bytes: usize) -> Bytes {
    let mut message = vec![0; bytes];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message.into()
}

#[test]
fn the_most_valuable_goes_first() {
    let mut metrics = PeerMetrics::default();
    let mut outbound = Outbound::default();
    outbound.push_broadcast(message(1, 20), &mut metrics);
    outbound.push_answer(message(2, 20), &mut metrics);
    outbound.push_milestone(message(3, 20), &mut metrics);
    outbound.push_message_request(MessageId([4; 32]), true, &mut metrics);
    outbound.push_milestone_request(MilestoneIndex(5), true, &mut metrics);
    outbound.push_heartbeat();
    let expected = vec![
        Packet::Heartbeat(Heartbeat::default()),
        Packet::MilestoneRequest(MilestoneIndex(5)),
        Packet::MessageRequest(MessageId([4; 32])),
        Packet::Message(message(3, 20)),
        Packet::Message(message(2, 20)),
        Packet::Message(message(1, 20)),
    ];
    for bytes_max in [1, 30, 16_384] {
        let mut same = Outbound::default();
        std::mem::swap(&mut same, &mut outbound);
        assert_eq!(take_all(&mut same, &mut metrics, bytes_max), expected);
        outbound.push_broadcast(message(1, 20), &mut metrics);
        outbound.push_answer(message(2, 20), &mut metrics);
        outbound.push_milestone(message(3, 20), &mut metrics);
        outbound.push_message_request(MessageId([4; 32]), true, &mut metrics);
        outbound.push_milestone_request(MilestoneIndex(5), true, &mut metrics);
        outbound.push_heartbeat();
    }
    assert_eq!(metrics.sent_messages, 9);
    assert_eq!((metrics.sent_heartbeats, metrics.sent_message_requests), (3, 3));
    assert_eq!((metrics.sent_milestone_requests, metrics.dropped_packets), (3, 0));
}

#[test]
fn the_oldest_broadcasts_are_dropped_first() {
    let mut metrics = PeerMetrics::default();
    let mut outbound = Outbound::default();
    let room = OUTBOUND_BYTES_MAX / (1_000 + MESSAGE_OVERHEAD_BYTES);
    for number in 0..room + 10 {
        outbound.push_broadcast(message(number, 1_000), &mut metrics);
        assert!(outbound.bytes() <= OUTBOUND_BYTES_MAX);
    }
    assert_eq!(metrics.dropped_packets, 10);
    outbound.push_answer(message(9_000, 1_000), &mut metrics);
    outbound.push_milestone(message(9_001, 1_000), &mut metrics);
    assert_eq!(metrics.dropped_packets, 12);
    let all = take_all(&mut outbound, &mut metrics, 16_384);
    assert_eq!(all.len(), room);
    assert_eq!(all[0], Packet::Message(message(9_001, 1_000)));
    assert_eq!(all[1], Packet::Message(message(9_000, 1_000)));
    assert_eq!(all[2], Packet::Message(message(12, 1_000)), "0 to 11 are gone");
}

#[test]
fn milestones_find_room_among_answers_and_broadcasts_do_not() {
    let mut metrics = PeerMetrics::default();
    let mut outbound = Outbound::default();
    let size = MESSAGE_BYTES_MAX;
    let room = OUTBOUND_BYTES_MAX / (size + MESSAGE_OVERHEAD_BYTES);
    for number in 0..=room {
        outbound.push_answer(message(number, size), &mut metrics);
    }
    assert_eq!((outbound.packets(), metrics.dropped_packets), (room, 1), "the newest answer found no room");
    outbound.push_broadcast(message(500, size), &mut metrics);
    assert_eq!((outbound.packets(), metrics.dropped_packets), (room, 2));
    outbound.push_milestone(message(600, size), &mut metrics);
    assert_eq!((outbound.packets(), metrics.dropped_packets), (room, 3));
    let all = take_all(&mut outbound, &mut metrics, 1);
    assert_eq!(all[0], Packet::Message(message(600, size)));
    assert_eq!(all[1], Packet::Message(message(1, size)), "the oldest answer made room");
}

#[test]
fn requests_that_are_not_read_are_bounded() {
    let mut metrics = PeerMetrics::default();
    let mut outbound = Outbound::default();
    for number in 0..REQUESTS_IN_FLIGHT_MAX + 5 {
        outbound.push_message_request(MessageId::of(&number.to_le_bytes()), false, &mut metrics);
    }
    assert_eq!((outbound.packets(), metrics.dropped_packets), (REQUESTS_IN_FLIGHT_MAX, 5));
}

#[test]
fn questions_are_served_at_their_rate() {
    let mut questions = Questions::new(0);
    let serve = |questions: &mut Questions, now_ms: u64| {
        let mut served = 0;
        loop {
            while questions.push(Asked::LatestMilestone) {}
            if questions.take(now_ms, usize::MAX).is_none() {
                return served;
            }
            questions.on_answer(100);
            served += 1;
        }
    };
    assert_eq!(serve(&mut questions, 0), QUESTIONS_BURST);
    assert_eq!(serve(&mut questions, 0), 0);
    assert_eq!(serve(&mut questions, 100), QUESTIONS_PER_SECOND / 10);
    assert_eq!(serve(&mut questions, 60_000), QUESTIONS_BURST, "a pause allows no more than a burst");
    assert_eq!(serve(&mut questions, 1_000), 0, "time does not go back");
    assert_eq!(questions.len(), QUESTIONS_MAX);
}

#[test]
fn questions_wait_for_answers_and_for_room() {
    let mut questions = Questions::new(0);
    while questions.push(Asked::LatestMilestone) {}
    let large = MESSAGE_BYTES_MAX + MESSAGE_OVERHEAD_BYTES;
    assert!(questions.take(0, 2 * large).is_some());
    assert!(questions.take(0, 2 * large).is_some());
    assert!(questions.take(0, 2 * large).is_none(), "two of the largest answers fill the room");
    for _ in 0..100 {
        questions.on_answer(300);
    }
    let mut open = 0;
    while questions.take(0, usize::MAX).is_some() {
        open += 1;
    }
    assert_eq!(open, QUESTIONS_OPEN_MAX);
    questions.on_answer(300);
    assert!(questions.take(0, 1_000 * QUESTIONS_OPEN_MAX).is_some(), "small answers need little room");
}

#[test]
fn a_flood_of_requests_is_noticed_after_ten_seconds() {
    let seconds = |rate: u64, pause_at: u64| {
        let mut questions = Questions::new(0);
        (0..60 * rate).find(|number| {
            let now_ms = number * 1_000 / rate;
            let is_paused = now_ms / 1_000 == pause_at;
            !is_paused && questions.count(now_ms)
        })
    };
    let rate = FLOOD_PER_SECOND + FLOOD_PER_SECOND / 10;
    let at = seconds(rate, 1_000).expect("a flood") / rate;
    assert!((9..=11).contains(&at), "after {at} seconds");
    assert!(seconds(rate, 5).expect("a flood") / rate >= 15, "a pause ends a flood");
    assert_eq!(seconds(FLOOD_PER_SECOND / 2, 1_000), None);
}

#[test]
fn only_many_repetitions_count_and_not_those_we_caused() {
    let mut repeats = Repeats::default();
    repeats.allow_one();
    let reported: Vec<u64> = (0..=3_500).filter(|_| repeats.count(5)).collect();
    assert_eq!(reported, [1_001, 2_001, 3_001], "one was allowed, then each thousand");
    let reported: Vec<u64> = (0..1_000).filter(|_| repeats.count(REPEATS_MS)).collect();
    assert!(reported.is_empty(), "a new minute");
}

#[test]
fn a_peer_that_only_talks_never_answers() {
    let mut unanswered = Unanswered::default();
    let mut noticed = None;
    for second in 0..60 {
        if second % 5 == 0 {
            unanswered.on_sent(second * 1_000, 2);
        }
        if unanswered.on_other(second * 1_000) {
            noticed.get_or_insert(second);
        }
    }
    assert_eq!(noticed, Some(30));
}

#[test]
fn a_peer_that_answers_once_in_a_while_or_is_silent_or_is_not_asked_is_spared() {
    let runs = |answers_at: u64, talks: bool, asks_until: u64| {
        let mut unanswered = Unanswered::default();
        (0..200_u64).any(|second| {
            if second % 5 == 0 && second < asks_until {
                unanswered.on_sent(second * 1_000, 2);
            }
            if second % 25 == answers_at {
                unanswered.on_answer();
            }
            let hears = talks || second % 120 == 119;
            hears && unanswered.on_other(second * 1_000)
        })
    };
    assert!(!runs(24, true, 200), "it answers every 25 seconds");
    assert!(!runs(99, false, 200), "a connection that was broken for two minutes");
    assert!(!runs(99, true, 15), "not asked any more, for the others answered");
    assert!(runs(99, true, 200));
}

#[test]
fn heartbeats_follow_changes_but_not_too_fast() {
    let mut timer = HeartbeatTimer::default();
    assert!(timer.is_due(0), "none was sent yet");
    timer.on_sent(0);
    assert!(!timer.is_due(HEARTBEAT_MS_MAX - 1));
    assert!(timer.is_due(HEARTBEAT_MS_MAX));
    timer.on_change();
    assert!(!timer.is_due(HEARTBEAT_MS_MIN - 1));
    assert!(timer.is_due(HEARTBEAT_MS_MIN));
    timer.on_sent(HEARTBEAT_MS_MIN);
    assert!(!timer.is_due(2 * HEARTBEAT_MS_MIN), "the change was told");
}

#[test]
fn a_set_of_slots_is_walked_in_order() {
    let places: Vec<u8> = slots(1 << 63 | 1 << 5 | 1).map(|slot| slot.0).collect();
    assert_eq!(places, [0, 5, 63]);
    assert_eq!(slots(0).next(), None);
    assert_eq!(Slot(64).bit(), 0, "no slot");
}
