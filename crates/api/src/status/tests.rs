use super::*;

#[test]
fn spans_of_time_are_short_and_readable() {
    for (seconds, text) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3_599, "59 min"),
        (12_000, "3 h 20 min"),
        (90_000, "1 d 1 h"),
        (2_000_000, "23 d 3 h"),
    ] {
        assert_eq!(duration_text(seconds), text);
    }
}

#[test]
fn a_peer_as_operators_see_it_has_pinned_members() {
    let expected = concat!(
        r#"{"id":"12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5","alias":"abc","relation":"known","#,
        r#""addresses":["/dns/abc.com/tcp/15602"],"state":"gossiping","direction":"outbound","#,
        r#""connectedSinceMs":1700000000000,"bannedUntilMs":null,"banReason":null,"lastError":null,"penaltyPoints":3,"#,
        r#""heartbeat":{"solidMilestoneIndex":61527,"prunedMilestoneIndex":61200,"latestMilestoneIndex":61528,"#,
        r#""connectedNeighbors":5,"syncedNeighbors":4},"heartbeatAgeMs":1500,"#,
        r#""metrics":{"newMessages":1,"knownMessages":2,"receivedMessages":3,"receivedMessageRequests":4,"#,
        r#""receivedMilestoneRequests":5,"receivedHeartbeats":6,"sentMessages":7,"sentMessageRequests":8,"#,
        r#""sentMilestoneRequests":9,"sentHeartbeats":10,"droppedPackets":11},"#,
        r#""invalidMessages":12,"receivedBytes":13,"sentBytes":14}"#,
    );
    let peer = crate::peers::tests::gossiping();
    assert_eq!(serde_json::to_string(&PeerStatusJson::from(&peer)).unwrap(), expected);
}

#[test]
fn the_state_of_a_peer_is_what_matters_most_about_it() {
    let gossiping = crate::peers::tests::gossiping();
    assert_eq!(state_of(&gossiping), PeerState::Gossiping);
    let connected = PeerInfo { gossip: None, ..gossiping };
    assert_eq!(state_of(&connected), PeerState::Connected);
    let away = PeerInfo { is_connected: false, ..connected };
    assert_eq!(state_of(&away), PeerState::Dialling);
    assert_eq!(state_of(&PeerInfo { banned_until_ms: Some(7), ..away }), PeerState::Banned);
}

#[test]
fn a_status_has_pinned_members() {
    let status = StatusJson {
        verdict: Verdict::Syncing,
        reason: "it is 90 milestones behind, about 9 s left",
        advice: None,
        is_healthy: false,
        network_name: "chrysalis-mainnet",
        node_name: "Osmia",
        node_version: "0.1.0",
        uptime_seconds: 12,
        milestones: MilestonesJson {
            confirmed_index: 10,
            confirmed_timestamp: 1_700_000_000,
            latest_index: 100,
            latest_timestamp: 1_700_000_900,
            behind: 90,
            claimed_latest_index: Some(101),
            snapshot_index: 1,
            pruning_index: 2,
        },
        sync: SyncJson {
            milestones_per_second: Some(10.5),
            messages_per_second: Some(500.0),
            seconds_left: Some(9),
        },
        peers: Some(PeersJson {
            own_id: "12D3".to_owned(),
            is_running: true,
            connected: 3,
            gossiping: 2,
            synced: 1,
            known: 4,
            banned: 0,
        }),
        messages: MessagesJson { attached: 5, known: 6, rejected: 7, waiting: 8 },
        resources: ResourcesJson { resident_bytes: Some(9), tangle_bytes: 10, database_bytes: None },
        halted: None,
    };
    let expected = concat!(
        r#"{"verdict":"SYNCING","reason":"it is 90 milestones behind, about 9 s left","advice":null,"isHealthy":false,"#,
        r#""networkName":"chrysalis-mainnet","nodeName":"Osmia","nodeVersion":"0.1.0","uptimeSeconds":12,"#,
        r#""milestones":{"confirmedIndex":10,"confirmedTimestamp":1700000000,"latestIndex":100,"#,
        r#""latestTimestamp":1700000900,"behind":90,"claimedLatestIndex":101,"snapshotIndex":1,"pruningIndex":2},"#,
        r#""sync":{"milestonesPerSecond":10.5,"messagesPerSecond":500.0,"secondsLeft":9},"#,
        r#""peers":{"ownId":"12D3","isRunning":true,"connected":3,"gossiping":2,"synced":1,"known":4,"banned":0},"#,
        r#""messages":{"attached":5,"known":6,"rejected":7,"waiting":8},"#,
        r#""resources":{"residentBytes":9,"tangleBytes":10,"databaseBytes":null},"halted":null}"#,
    );
    assert_eq!(serde_json::to_string(&status).unwrap(), expected);
}
