use super::*;

fn peers() -> Vec<Peer> {
    let answer = json!([
        {
            "id": "12D3KooWaaaaaaaaAAAA1111", "alias": "alice", "relation": "known",
            "addresses": ["/dns/a.example/tcp/15600", "/ip4/203.0.113.7/tcp/15600"], "state": "gossiping",
            "direction": "outbound", "connectedSinceMs": 1, "bannedUntilMs": null, "banReason": null, "lastError": null,
            "penaltyPoints": 0,
            "heartbeat": { "solidMilestoneIndex": 100, "prunedMilestoneIndex": 1, "latestMilestoneIndex": 101,
                "connectedNeighbors": 1, "syncedNeighbors": 1 },
            "heartbeatAgeMs": 4_200,
            "metrics": { "newMessages": 1, "knownMessages": 2, "receivedMessages": 3, "sentMessages": 12_345 },
        },
        {
            "id": "12D3KooWbbbbbbbbBBBB2222", "alias": null, "relation": "known", "addresses": [], "state": "banned",
            "bannedUntilMs": 700_000, "banReason": "it sent \u{1b}garbage", "lastError": "closed", "heartbeat": null,
            "heartbeatAgeMs": null, "metrics": null,
        },
    ]);
    Vec::deserialize(&answer).unwrap()
}

#[test]
fn the_table_has_a_line_for_each_peer_and_one_for_each_trouble() {
    let expected = "\
PEER            RELATION  STATE              ADDRESS                        SOLID  LATEST  NEW  KNOWN  RECEIVED   SENT  HEARTBEAT
alice AAAA1111  known     gossiping          /dns/a.example/tcp/15600 (+1)    100     101    1      2         3  12345        4 s
BBBB2222        known     banned for 10 min  -                                  -       -    -      -         -      -          -

BBBB2222: it sent ?garbage
";
    assert_eq!(table::table(&peers(), 100_000), expected);
    assert!(table::table(&[], 0).contains("osmia peers add"));
}

#[test]
fn a_peer_is_found_by_what_the_table_shows() {
    let peers = peers();
    for wanted in ["12D3KooWaaaaaaaaAAAA1111", "alice", "AAAA1111", "AA1111"] {
        assert_eq!(find(&peers, wanted), Ok("12D3KooWaaaaaaaaAAAA1111"), "{wanted}");
    }
    for wanted in ["", "1111", "bob", "12D3KooW"] {
        assert!(find(&peers, wanted).unwrap_err().contains("no peer is"), "{wanted}");
    }
    let twins: Vec<Peer> = [self::peers(), self::peers()].into_iter().flatten().collect();
    assert!(find(&twins, "alice").unwrap_err().contains("several"));
}
