use super::*;

fn answer() -> Value {
    json!({
        "verdict": "SYNCING", "reason": "it is 90 milestones behind, about 9 s left", "advice": null, "isHealthy": false,
        "networkName": "chrysalis-mainnet", "nodeName": "Osmia", "nodeVersion": "0.1.0", "uptimeSeconds": 3_700,
        "milestones": {
            "confirmedIndex": 10, "confirmedTimestamp": 9_000, "latestIndex": 100, "latestTimestamp": 9_990, "behind": 90,
            "claimedLatestIndex": 101, "snapshotIndex": 1, "pruningIndex": 2,
        },
        "sync": { "milestonesPerSecond": 10.5, "messagesPerSecond": 500.0, "secondsLeft": 9 },
        "peers": {
            "ownId": "12D3KooWme", "isRunning": true, "connected": 3, "gossiping": 2, "synced": 1, "known": 4, "banned": 0,
        },
        "messages": { "attached": 5, "known": 6, "rejected": 7, "waiting": 8 },
        "resources": { "residentBytes": 150_000_000, "tangleBytes": 12_345_678, "databaseBytes": 2_500_000_000_u64 },
        "halted": null,
    })
}

#[test]
fn the_screen_begins_with_the_verdict_and_fits() {
    let status = Status::deserialize(&answer()).unwrap();
    let expected = "\
SYNCING  it is 90 milestones behind, about 9 s left

  Network      chrysalis-mainnet
  Node         Osmia 0.1.0 at http://127.0.0.1:14265, up 1 h 1 min
  Confirmed    milestone 10, 16 min old
  Newest       milestone 100, 10 s old
  Peers claim  milestone 101
  History      ledger of the snapshot of milestone 1, messages pruned up to 2
  Rate         10.5 milestones/s, 500.0 messages/s
  Messages     5 attached, 8 waiting for parents
  Peers        2 gossiping (1 synced), 3 connected, 4 known, 0 banned
  Peer id      12D3KooWme
  Memory       150 MB, 12.3 MB of it the Tangle
  Database     2.50 GB
";
    assert_eq!(screen(&status, API, 10_000, false), expected);
}

#[test]
fn a_lone_node_without_numbers_has_a_screen_too() {
    let mut answer = answer();
    answer["verdict"] = json!("STALLED");
    answer["advice"] = json!("look\u{1b}[2J after it");
    answer["peers"] = Value::Null;
    answer["sync"] = json!({ "milestonesPerSecond": null, "messagesPerSecond": null, "secondsLeft": null });
    answer["resources"] = json!({ "residentBytes": null, "tangleBytes": 0, "databaseBytes": null });
    answer["milestones"]["confirmedTimestamp"] = json!(0);
    let text = screen(&Status::deserialize(&answer).unwrap(), API, 10_000, true);
    assert!(text.starts_with("\u{1b}[31mSTALLED\u{1b}[0m  it is"), "{text}");
    assert!(text.contains("\nTo do: look?[2J after it\n"), "{text}");
    assert!(
        text.contains("this node runs without gossip") && text.contains("  Confirmed    milestone 10\n"),
        "{text}"
    );
    assert!(!text.contains("Memory") && !text.contains("Rate"));
}

#[test]
fn only_a_synced_node_ends_with_0() {
    assert_eq!(exit_of("SYNCED"), Exit::Success);
    for verdict in ["SYNCING", "STARTING", "ISOLATED", "STALLED", "HALTED", "NEW"] {
        assert_eq!(exit_of(verdict), Exit::Findings);
    }
}
