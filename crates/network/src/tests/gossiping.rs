//! Messages and milestones travel.

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::tests::world::{Setup, TestNode, wait_for};

fn coordinator(identity: u8) -> TestNode {
    TestNode::start(Setup { is_coordinator: true, ..Setup::of(identity) })
}

fn reaches(node: &TestNode, index: u32) {
    wait_for("the milestone", || {
        assert_eq!(node.node().halt_reason(), None);
        node.node().view().confirmed.index >= MilestoneIndex(index)
    });
}

#[test]
fn two_nodes_confirm_the_same_milestones() {
    let first = coordinator(1);
    let second = TestNode::start(Setup::of(2).with_peers(&[first.address()]));
    reaches(&second, 5);
    let (at_first, at_second) = (first.node().store().latest(), second.node().store().latest());
    let third = MilestoneIndex(3);
    let bytes = osmia_engine::serve::milestone(&at_first, third).unwrap();
    assert!(bytes.is_some());
    assert_eq!(bytes, osmia_engine::serve::milestone(&at_second, third).unwrap());
    wait_for("heartbeats of synced peers", || {
        first.network().summary().synced_peers == 1 && second.network().summary().synced_peers == 1
    });
    wait_for("the counts", || {
        let metrics = second.network().summary().gossip;
        metrics.received_messages >= 5 && metrics.bytes_received > 0 && metrics.sent_heartbeats > 0
    });
    assert_eq!(first.network().summary().misbehaviours + second.network().summary().misbehaviours, 0);
}

#[test]
fn a_message_travels_along_a_line_of_three_nodes_in_both_directions() {
    let first = coordinator(11);
    let second = TestNode::start(Setup::of(12).with_peers(&[first.address()]));
    let third = TestNode::start(Setup::of(13).with_peers(&[second.address()]));
    reaches(&third, 3);
    let there = first.submit("there");
    wait_for("the message at the end", || third.knows(&there));
    let back = third.submit("back");
    wait_for("the message at the start", || first.knows(&back));
    assert!(second.knows(&there) && second.knows(&back));
    assert!(third.peer(first.id()).is_none(), "the ends are not peers of each other");
}

#[test]
fn a_node_that_starts_late_asks_for_what_it_missed() {
    let first = coordinator(21);
    reaches(&first, 2);
    let early: Vec<_> = (0..50).map(|number| first.submit(&format!("early {number}"))).collect();
    let referenced = first.node().view().confirmed.index.0 + 5;
    reaches(&first, referenced);
    let second = TestNode::start(Setup::of(22).with_peers(&[first.address()]));
    reaches(&second, referenced);
    let (here, there) = (first.node().store().latest(), second.node().store().latest());
    let is_referenced = |id: &MessageId| {
        let arrival = here.arrival(id).unwrap().unwrap();
        here.position(arrival).unwrap().is_some()
    };
    let past: Vec<_> = early.iter().filter(|id| is_referenced(id)).collect();
    assert!(!past.is_empty());
    assert!(past.iter().all(|id| there.arrival(id).unwrap().is_some()));
    wait_for("the counts", || {
        let metrics = second.network().summary().gossip;
        metrics.sent_milestone_requests > 0 && metrics.sent_message_requests > 0
    });
}
