use super::*;

const fn mark(index: u32, timestamp: u64) -> MilestoneMark {
    MilestoneMark { index: MilestoneIndex(index), timestamp }
}

/// A node that has what its network has, two hours after its start.
fn synced_node() -> Facts<'static> {
    Facts {
        halted: None,
        needs_peers: true,
        peers: Peers { is_running: true, gossiping: 2, known: 3, banned: 0 },
        confirmed: mark(100, 9_990),
        latest: mark(100, 9_990),
        is_almost_synced: true,
        waiting: 0,
        pace: Pace { uptime_s: 7_200, without_milestone_s: 4, ..Pace::default() },
        seconds_left: None,
        now_s: 10_000,
    }
}

fn behind_node() -> Facts<'static> {
    Facts { confirmed: mark(40, 9_000), is_almost_synced: false, ..synced_node() }
}

fn pace(uptime_s: u64, without_milestone_s: u64, without_message_s: u64) -> Pace {
    Pace { uptime_s, without_milestone_s, without_message_s, ..Pace::default() }
}

fn peers(gossiping: usize, known: usize, banned: usize) -> Peers {
    Peers { is_running: true, gossiping, known, banned }
}

type Case = (Facts<'static>, Verdict, &'static str);

fn cases_of_halts_and_peers() -> Vec<Case> {
    let node = synced_node();
    vec![
        (node, Verdict::Synced, "milestone 100 is confirmed, the newest is 10 s old"),
        (
            Facts { halted: Some("milestone 7 was signed twice"), ..node },
            Verdict::Halted,
            "milestone 7 was signed twice",
        ),
        (Facts { halted: Some("full"), peers: peers(0, 0, 0), ..node }, Verdict::Halted, "full"),
        (Facts { peers: peers(0, 0, 0), ..node }, Verdict::Isolated, "no peer is known"),
        (Facts { peers: peers(0, 0, 0), pace: pace(1, 1, 1), ..node }, Verdict::Isolated, "no peer is known"),
        (
            Facts { peers: peers(0, 3, 1), ..node },
            Verdict::Isolated,
            "3 known peers (1 banned) and gossips with none",
        ),
        (Facts { peers: peers(0, 1, 0), ..node }, Verdict::Isolated, "1 known peer and gossips with none"),
        (
            Facts { peers: peers(0, 1, 0), pace: pace(59, 59, 59), ..node },
            Verdict::Starting,
            "connecting to 1 known peer",
        ),
        (Facts { peers: peers(0, 1, 1), pace: pace(5, 5, 5), ..node }, Verdict::Isolated, "(1 banned)"),
        (
            Facts { peers: Peers { is_running: false, ..node.peers }, ..node },
            Verdict::Isolated,
            "gossip does not run",
        ),
        (Facts { peers: peers(0, 0, 0), needs_peers: false, ..node }, Verdict::Synced, "milestone 100"),
    ]
}

fn cases_of_milestones() -> Vec<Case> {
    let node = synced_node();
    vec![
        (
            Facts { latest: mark(0, 0), pace: pace(59, 59, 59), ..behind_node() },
            Verdict::Starting,
            "no milestone has come yet",
        ),
        (
            Facts { latest: mark(0, 0), pace: pace(600, 600, 9), ..behind_node() },
            Verdict::Stalled,
            "no milestone has come in 10 min",
        ),
        (
            Facts { seconds_left: Some(90), ..behind_node() },
            Verdict::Syncing,
            "60 milestones behind, about 90 s left",
        ),
        (behind_node(), Verdict::Syncing, "60 milestones behind, the time left is not known yet"),
        (Facts { pace: pace(7_200, 300, 59), ..behind_node() }, Verdict::Syncing, "60 milestones behind"),
        (Facts { pace: pace(7_200, 59, 300), ..behind_node() }, Verdict::Syncing, "60 milestones behind"),
        (
            Facts { pace: pace(7_200, 60, 120), ..behind_node() },
            Verdict::Stalled,
            "60 milestones behind and nothing came for 60 s",
        ),
        (
            Facts { pace: pace(7_200, 60, 60), waiting: 9, ..behind_node() },
            Verdict::Stalled,
            "9 messages wait for ones that no peer sends",
        ),
        (Facts { now_s: 9_990 + 299, ..node }, Verdict::Synced, "299 s old"),
        (
            Facts { now_s: 9_990 + 300, pace: pace(7_200, 60, 0), ..node },
            Verdict::Stalled,
            "newest milestone it knows is 5 min old",
        ),
        (
            Facts { now_s: 9_990 + 300, pace: pace(7_200, 59, 0), ..node },
            Verdict::Syncing,
            "newest milestone it knows is 5 min old",
        ),
        (
            Facts { now_s: 90_000, pace: pace(59, 59, 59), ..node },
            Verdict::Starting,
            "newest milestone it knows is 22 h 13 min old",
        ),
        (Facts { now_s: 0, ..node }, Verdict::Synced, "0 s old"),
    ]
}

#[test]
fn every_case_has_its_word_and_names_its_reason() {
    for (facts, verdict, reason) in cases_of_halts_and_peers().into_iter().chain(cases_of_milestones()) {
        let judgement = judge(&facts);
        assert_eq!(judgement.verdict, verdict, "{judgement:?} of {facts:?}");
        assert!(judgement.reason.contains(reason), "{judgement:?} instead of {reason}");
        let needs_somebody = [Verdict::Isolated, Verdict::Stalled, Verdict::Halted].contains(&verdict);
        assert_eq!(judgement.advice.is_some(), needs_somebody, "{judgement:?}");
    }
}

#[test]
fn the_time_left_is_that_of_a_target_that_moves_away() {
    // 60 milestones in 990 s of the network: about one in 16 s.
    let left = |target, rate| seconds_left(mark(40, 9_000), mark(100, 9_990), MilestoneIndex(target), rate);
    assert_eq!(left(100, Some(10.0)), Some(7));
    assert_eq!(left(1_040, Some(10.0)), Some(101), "peers claim more");
    assert_eq!(left(100, Some(0.05)), None, "it falls behind further");
    assert_eq!(left(100, Some(0.0)), None);
    assert_eq!(left(100, None), None);
    // Milestones without a time between them issue none per second.
    assert_eq!(seconds_left(mark(0, 5), mark(9, 5), MilestoneIndex(9), Some(1.0)), Some(9));
    assert_eq!(seconds_left(mark(9, 5), mark(9, 5), MilestoneIndex(9), Some(1.0)), Some(0));
    // A claim of a liar gives a number that means nothing, and no panic.
    assert!(left(u32::MAX, Some(10.0)).is_some());
}

#[test]
fn a_minority_of_liars_cannot_raise_what_peers_claim() {
    let of =
        |claims: &[u32]| claimed(claims.iter().copied().map(MilestoneIndex).collect()).map(|index| index.0);
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[7]), Some(7));
    assert_eq!(of(&[u32::MAX, 7]), Some(7));
    assert_eq!(of(&[u32::MAX, 7, 8]), Some(8));
    assert_eq!(of(&[1, 9, u32::MAX, 8]), Some(8));
}
