use osmia_network::{Direction, Identity, Relation};
use osmia_primitives::MilestoneIndex;

use super::*;

/// A peer that gossips, with a different number in every member.
pub(crate) fn gossiping() -> PeerInfo {
    let heartbeat = Heartbeat {
        solid: MilestoneIndex(61_527),
        pruned: MilestoneIndex(61_200),
        latest: MilestoneIndex(61_528),
        connected_peers: 5,
        synced_peers: 4,
    };
    let metrics = PeerMetrics {
        new_messages: 1,
        known_messages: 2,
        received_messages: 3,
        received_message_requests: 4,
        received_milestone_requests: 5,
        received_heartbeats: 6,
        sent_messages: 7,
        sent_message_requests: 8,
        sent_milestone_requests: 9,
        sent_heartbeats: 10,
        dropped_packets: 11,
        invalid_messages: 12,
        bytes_received: 13,
        bytes_sent: 14,
        ..PeerMetrics::default()
    };
    PeerInfo {
        id: Identity::from_seed([1; 32]).peer_id(),
        alias: Some("abc".to_owned()),
        relation: Relation::Known,
        addresses: vec!["/dns/abc.com/tcp/15602".parse().unwrap()],
        is_connected: true,
        gossip: Some(GossipInfo { heartbeat: Some((heartbeat, 1_500)), metrics }),
        banned_until_ms: None,
        ban_reason: None,
        direction: Some(Direction::Outbound),
        connected_since_ms: Some(1_700_000_000_000),
        penalty_points: 3,
        last_error: None,
    }
}

#[test]
fn a_peer_has_the_members_of_the_reference_node_in_its_order() {
    let expected = concat!(
        r#"{"id":"12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5","multiAddresses":["/dns/abc.com/tcp/15602"],"#,
        r#""alias":"abc","relation":"known","connected":true,"gossip":{"heartbeat":{"solidMilestoneIndex":61527,"#,
        r#""prunedMilestoneIndex":61200,"latestMilestoneIndex":61528,"connectedNeighbors":5,"syncedNeighbors":4},"#,
        r#""metrics":{"newMessages":1,"knownMessages":2,"receivedMessages":3,"receivedMessageRequests":4,"#,
        r#""receivedMilestoneRequests":5,"receivedHeartbeats":6,"sentMessages":7,"sentMessageRequests":8,"#,
        r#""sentMilestoneRequests":9,"sentHeartbeats":10,"droppedPackets":11}}}"#,
    );
    assert_eq!(serde_json::to_string(&PeerJson::from(&gossiping())).unwrap(), expected);
}

#[test]
fn a_peer_without_gossip_or_heartbeat_says_so_as_the_reference_node_does() {
    let mut peer = gossiping();
    peer.gossip.as_mut().unwrap().heartbeat = None;
    let json = serde_json::to_value(PeerJson::from(&peer)).unwrap();
    assert_eq!(json["gossip"]["heartbeat"], serde_json::Value::Null);
    peer = PeerInfo { alias: None, gossip: None, is_connected: false, relation: Relation::Unknown, ..peer };
    let json = serde_json::to_string(&PeerJson::from(&peer)).unwrap();
    assert!(
        json.ends_with(
            r#""multiAddresses":["/dns/abc.com/tcp/15602"],"relation":"unknown","connected":false}"#
        )
    );
}

#[test]
fn every_refusal_of_the_network_has_its_status() {
    for (error, status) in [
        (PeerError::NotFound, StatusCode::NOT_FOUND),
        (PeerError::MissingPeerId, StatusCode::BAD_REQUEST),
        (PeerError::OwnId, StatusCode::BAD_REQUEST),
        (PeerError::TooMany("peers"), StatusCode::BAD_REQUEST),
        (PeerError::AliasTooLong, StatusCode::BAD_REQUEST),
        (PeerError::Busy, StatusCode::SERVICE_UNAVAILABLE),
        (PeerError::Stopped, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(refused(&error).status(), status, "{error}");
    }
}
