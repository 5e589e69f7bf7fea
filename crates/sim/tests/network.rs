//! Simulated networks: every seed must keep every promise, and every check must be able to fail.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use osmia_sim::network::{Plan, Sabotage, run};

/// Networks of one run of the tests; `cargo xtask sim --seeds N` runs as many as are wanted.
const SEEDS: u64 = 100;

/// Everything that should happen in them at least once. A simulation in which nothing happens would prove nothing.
const EXPECTED: &[&str] = &[
    "bans",
    "below max depth",
    "breaks",
    "cheap parents",
    "churn",
    "clock jumps",
    "conflicting transfers",
    "contradicting heartbeat",
    "crashes",
    "data messages",
    "died before commit",
    "duplicates",
    "empty messages",
    "forged milestones",
    "garbage",
    "insufficient proof of work",
    "invalid message",
    "invalid messages",
    "large messages",
    "lying heartbeats",
    "message of another network",
    "mute",
    "no work",
    "not reading",
    "nothing could be written",
    "other network",
    "partitions",
    "request floods",
    "slow nodes",
    "stalls",
    "submissions stored",
    "transfers",
    "unhealthy",
    "unknown packet type",
    "unknown parents",
    "unknown types",
    "wipes",
    "withholding",
    "wrapped milestones",
    "wrong answers",
    "wrong lengths",
    "wrong packet length",
];

#[test]
fn a_hundred_networks_keep_every_promise() {
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    let counts = Mutex::new(BTreeMap::<&str, u64>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= SEEDS {
                        return;
                    }
                    match run(Plan::of_seed(seed)) {
                        Ok(summary) => {
                            let mut counts = counts.lock().unwrap();
                            for (name, count) in summary.counts {
                                *counts.entry(name).or_default() += count;
                            }
                        }
                        Err(failure) => failures.lock().unwrap().push(failure),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    for failure in &failures {
        println!("{failure}\n");
    }
    assert_eq!(failures.len(), 0, "networks that failed");
    let counts = counts.into_inner().unwrap();
    let missing: Vec<_> = EXPECTED.iter().filter(|name| !counts.contains_key(**name)).collect();
    assert_eq!(missing, [""; 0].iter().collect::<Vec<_>>(), "never happened; {counts:?}");
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    let of = |seed| run(Plan::of_seed(seed)).unwrap();
    assert_eq!(of(4), of(4));
    assert_eq!(of(19), of(19));
    assert_ne!(of(4).digest, of(5).digest);
}

#[test]
fn without_faults_every_message_gets_to_everybody() {
    for seed in 0..10 {
        let summary = run(Plan::of_seed(seed).undisturbed()).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(summary.counts["submissions stored"] > 20 && summary.counts["transfers"] > 10);
        assert!(summary.slowest_ms < 500, "{summary}");
    }
}

/// The run of `seed` without any disturbance but `sabotage` must fail, and say so.
#[track_caller]
fn assert_caught(sabotage: Sabotage, what: &str) {
    for seed in 0..3 {
        let Err(failure) = run(Plan::of_seed(seed).undisturbed().with(sabotage)) else {
            panic!("{sabotage:?} was not found");
        };
        assert!(failure.what.contains(what), "{sabotage:?} was found otherwise: {failure}");
        assert!(failure.to_string().contains(&format!("cargo xtask sim --seed {seed}")));
    }
}

#[test]
fn a_changed_row_of_one_ledger_is_found() {
    assert_caught(Sabotage::LedgerRow, "another ledger");
}

#[test]
fn a_commit_that_was_told_and_lost_is_found() {
    assert_caught(Sabotage::LostCommit, "not stored");
}

#[test]
fn an_engine_that_takes_nothing_is_found() {
    assert_caught(Sabotage::DeafEngine, "faults ended, but");
}

#[test]
fn a_node_with_other_rules_is_found() {
    assert_caught(Sabotage::OtherRules, "stopped confirming");
}

#[test]
fn an_honest_node_that_is_reported_is_found() {
    assert_caught(Sabotage::BadPacket, "reports the honest node");
}
