use osmia_primitives::MilestoneIndex;
use osmia_wire::handover::{Ticket, Verdict};

use super::*;

fn plain(number: usize) -> NodeEvent {
    broadcast(number.to_be_bytes().to_vec(), false)
}

fn broadcast(bytes: Vec<u8>, is_milestone: bool) -> NodeEvent {
    NodeEvent::Broadcast { bytes: bytes.into(), is_milestone }
}

fn verdict(ticket: u64) -> NodeEvent {
    NodeEvent::Verdict(Ticket(ticket), Verdict::New)
}

fn state(confirmed: u32) -> NodeEvent {
    NodeEvent::State(NodeState { confirmed: MilestoneIndex(confirmed), ..NodeState::default() })
}

fn numbers(events: &[NodeEvent]) -> Vec<usize> {
    let number = |event: &NodeEvent| {
        let NodeEvent::Broadcast { bytes, is_milestone: false } = event else { return None };
        Some(usize::from_be_bytes(bytes.as_ref().try_into().unwrap()))
    };
    events.iter().filter_map(number).collect()
}

#[test]
fn events_come_out_in_their_order_and_once() {
    let mailbox = Mailbox::default();
    mailbox.push(vec![verdict(1), plain(2), verdict(3)]);
    mailbox.push(vec![plain(4)]);
    let events = mailbox.take();
    assert!(matches!(events[0], NodeEvent::Verdict(Ticket(1), _)));
    assert!(matches!(events[2], NodeEvent::Verdict(Ticket(3), _)));
    assert_eq!(numbers(&events), [2, 4]);
    assert!(mailbox.take().is_empty());
}

#[test]
fn only_the_newest_state_and_wanted_list_are_kept() {
    let mailbox = Mailbox::default();
    for confirmed in 1..1_000 {
        let wanted = Wanted { milestones: vec![MilestoneIndex(confirmed)], messages: Vec::new() };
        mailbox.push(vec![state(confirmed), NodeEvent::Wanted(wanted)]);
    }
    let events = mailbox.take();
    assert_eq!(events.len(), 2);
    assert!(matches!(events[0], NodeEvent::State(NodeState { confirmed: MilestoneIndex(999), .. })));
    assert!(matches!(&events[1], NodeEvent::Wanted(wanted) if wanted.milestones == [MilestoneIndex(999)]));
}

#[test]
fn too_many_broadcasts_drop_the_oldest_plain_ones_and_nothing_else() {
    let mailbox = Mailbox::default();
    mailbox.push(vec![broadcast(vec![1], true), verdict(7)]);
    mailbox.push((0..BROADCASTS_MAX + 100).map(plain).collect());
    assert_eq!(mailbox.dropped(), 101);
    let events = mailbox.take();
    assert!(matches!(events[0], NodeEvent::Broadcast { is_milestone: true, .. }));
    assert!(matches!(events[1], NodeEvent::Verdict(Ticket(7), _)));
    let numbers = numbers(&events);
    assert_eq!((numbers.first(), numbers.len()), (Some(&101), BROADCASTS_MAX - 1));
}

#[test]
fn the_bytes_of_broadcasts_are_bounded_too() {
    let mailbox = Mailbox::default();
    let size = 32 << 10;
    let fit = BROADCASTS_BYTES_MAX / size;
    mailbox.push((0..fit + 3).map(|_| broadcast(vec![0; size], false)).collect());
    assert_eq!(mailbox.dropped(), 3);
    assert_eq!(mailbox.take().len(), fit);
    mailbox.push((0..fit + 2).map(|_| broadcast(vec![0; size], true)).collect());
    assert_eq!(mailbox.dropped(), 5, "milestones are dropped when nothing else is left");
}

#[test]
fn a_mailbox_that_nobody_empties_stays_small() {
    let mailbox = Mailbox::default();
    for round in 0..40 {
        mailbox.push((0..BROADCASTS_MAX / 4).map(|number| plain(round * number)).collect());
    }
    assert_eq!(mailbox.lock().plain.messages.len(), BROADCASTS_MAX);
    assert_eq!(mailbox.take().len(), BROADCASTS_MAX);
    mailbox.push(vec![plain(1)]);
    assert_eq!(mailbox.take().len(), 1);
}

#[test]
fn a_closed_mailbox_keeps_nothing() {
    let mailbox = Mailbox::default();
    mailbox.push(vec![plain(1)]);
    mailbox.close();
    mailbox.push(vec![plain(2), state(3)]);
    assert!(mailbox.take().is_empty());
}

#[test]
fn the_network_thread_is_woken_once_for_many_events() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let link = Link::new([1; 32]);
    let sink = link.sink();
    runtime.block_on(async {
        sink(vec![plain(1)]);
        sink(vec![plain(2)]);
        link.mailbox.woken().await;
        assert_eq!(link.mailbox.take().len(), 2);
        let pushing = std::thread::spawn(move || sink(vec![plain(3)]));
        link.mailbox.woken().await;
        pushing.join().unwrap();
        assert_eq!(numbers(&link.mailbox.take()), [3]);
    });
}
