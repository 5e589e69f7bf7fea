//! One word for how the node is, with the reason and what can be done. Pure: everything it decides by is an argument.

use osmia_engine::MilestoneMark;
use osmia_primitives::MilestoneIndex;
use serde::Serialize;

use super::duration_text;
use crate::limits::{HEALTHY_MILESTONE_AGE_S, QUIET_S, STARTING_S};
use crate::progress::Pace;

/// How the node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    /// It has what the network has; `/health` answers 200 exactly then.
    Synced,
    /// It is behind and catches up.
    Syncing,
    /// It has not run long enough to tell.
    Starting,
    /// No peer gossips with it.
    Isolated,
    /// It is behind, or its network is, and nothing changes.
    Stalled,
    /// It confirms no milestones any more.
    Halted,
}

/// What a verdict is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// Why the node confirms no milestones any more, when it does not.
    pub(crate) halted: Option<&'a str>,
    /// Whether the node needs a peer to be of use.
    pub(crate) needs_peers: bool,
    /// Its gossip.
    pub(crate) peers: Peers,
    /// The confirmed milestone.
    pub(crate) confirmed: MilestoneMark,
    /// The newest valid milestone known.
    pub(crate) latest: MilestoneMark,
    /// Whether at most two known milestones are not confirmed.
    pub(crate) is_almost_synced: bool,
    /// Messages that wait for parents.
    pub(crate) waiting: u64,
    /// How it gets on.
    pub(crate) pace: Pace,
    /// Seconds of its estimate until it is synced.
    pub(crate) seconds_left: Option<u64>,
    /// The time in unix seconds.
    pub(crate) now_s: u64,
}

/// The part of gossip that verdicts look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peers {
    /// Whether gossip runs.
    pub(crate) is_running: bool,
    /// Peers with a gossip stream.
    pub(crate) gossiping: usize,
    /// Peers that are known.
    pub(crate) known: usize,
    /// Peers that are banned.
    pub(crate) banned: usize,
}

/// A verdict with its reason and what can be done, each one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    /// `None` where there is nothing to do, or nothing but to wait.
    pub(crate) advice: Option<&'static str>,
}

impl Judgement {
    fn new(verdict: Verdict, reason: impl Into<String>, advice: impl Into<Option<&'static str>>) -> Self {
        Self { verdict, reason: reason.into(), advice: advice.into() }
    }
}

/// Judges; the first that applies counts.
pub(crate) fn judge(facts: &Facts<'_>) -> Judgement {
    halted(facts)
        .or_else(|| without_peers(facts))
        .or_else(|| without_milestone(facts))
        .or_else(|| behind(facts))
        .or_else(|| outdated(facts))
        .unwrap_or_else(|| synced(facts))
}

fn halted(facts: &Facts<'_>) -> Option<Judgement> {
    let advice = "keep the data folder, check it with osmia tool audit, and start the node again or with a newer snapshot";
    facts.halted.map(|reason| Judgement::new(Verdict::Halted, reason, advice))
}

fn without_peers(facts: &Facts<'_>) -> Option<Judgement> {
    let Peers { is_running, gossiping, known, banned } = facts.peers;
    if !facts.needs_peers || is_running && gossiping > 0 {
        return None;
    }
    if !is_running {
        let reason = "gossip does not run";
        return Some(Judgement::new(
            Verdict::Isolated,
            reason,
            "read the log for the reason and start the node again",
        ));
    }
    if known == 0 {
        let advice = "add a peer with osmia peers add, or name peers in the configuration";
        return Some(Judgement::new(Verdict::Isolated, "no peer is known and none has connected", advice));
    }
    let peers = counted(known, "known peer");
    if facts.pace.uptime_s < STARTING_S && banned < known {
        let reason = format!("it is connecting to {peers}");
        return Some(Judgement::new(Verdict::Starting, reason, None));
    }
    let bans = if banned == 0 { String::new() } else { format!(" ({banned} banned)") };
    let reason = format!("it has {peers}{bans} and gossips with none");
    let advice = "osmia peers list tells the reason for each; let the other side add this node's peer id";
    Some(Judgement::new(Verdict::Isolated, reason, advice))
}

fn without_milestone(facts: &Facts<'_>) -> Option<Judgement> {
    if facts.latest.index > MilestoneIndex(0) {
        return None;
    }
    if facts.pace.uptime_s < STARTING_S {
        return Some(Judgement::new(Verdict::Starting, "no milestone has come yet", None));
    }
    let reason = format!("no milestone has come in {}", duration_text(facts.pace.uptime_s));
    let advice =
        "check that its peers belong to the same network and are synced, and that the coordinator runs";
    Some(Judgement::new(Verdict::Stalled, reason, advice))
}

fn behind(facts: &Facts<'_>) -> Option<Judgement> {
    if facts.is_almost_synced {
        return None;
    }
    let behind = facts.latest.index.0.saturating_sub(facts.confirmed.index.0);
    let behind = counted(usize::try_from(behind).unwrap_or(usize::MAX), "milestone");
    let quiet_s = facts.pace.without_milestone_s.min(facts.pace.without_message_s);
    if quiet_s < QUIET_S {
        let left = match facts.seconds_left {
            Some(seconds) => format!("about {} left", duration_text(seconds)),
            None => "the time left is not known yet".to_owned(),
        };
        return Some(Judgement::new(Verdict::Syncing, format!("it is {behind} behind, {left}"), None));
    }
    let waiting = if facts.waiting > 0 {
        format!("; {} messages wait for ones that no peer sends", facts.waiting)
    } else {
        String::new()
    };
    let reason = format!("it is {behind} behind and nothing came for {}{waiting}", duration_text(quiet_s));
    let advice = "add a peer that still has these milestones (osmia peers list shows from where on each has them), or \
                  start from a newer snapshot";
    Some(Judgement::new(Verdict::Stalled, reason, advice))
}

fn outdated(facts: &Facts<'_>) -> Option<Judgement> {
    let age_s = facts.now_s.saturating_sub(facts.latest.timestamp);
    if age_s < HEALTHY_MILESTONE_AGE_S {
        return None;
    }
    let newest = format!("the newest milestone it knows is {} old", duration_text(age_s));
    if facts.pace.uptime_s < STARTING_S {
        return Some(Judgement::new(Verdict::Starting, newest, None));
    }
    if facts.pace.without_milestone_s < QUIET_S {
        return Some(Judgement::new(Verdict::Syncing, newest, None));
    }
    let advice =
        "check that the network's coordinator runs, that its peers are synced, and this machine's clock";
    Some(Judgement::new(Verdict::Stalled, newest, advice))
}

fn synced(facts: &Facts<'_>) -> Judgement {
    let age_s = facts.now_s.saturating_sub(facts.latest.timestamp);
    let reason = format!("milestone {} is confirmed, the newest is {age_s} s old", facts.confirmed.index);
    Judgement::new(Verdict::Synced, reason, None)
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Seconds until a node that confirms `milestones_per_second` reaches `target`, which moves away as the network issues
/// milestones: between the confirmed and the latest one it issued them at a rate that their timestamps tell.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate; what it is converted to is checked to be positive and saturates"
)]
pub(crate) fn seconds_left(
    confirmed: MilestoneMark,
    latest: MilestoneMark,
    target: MilestoneIndex,
    milestones_per_second: Option<f64>,
) -> Option<u64> {
    let behind = target.0.saturating_sub(confirmed.index.0);
    let span_s = latest.timestamp.saturating_sub(confirmed.timestamp);
    let span = latest.index.0.saturating_sub(confirmed.index.0);
    let issued_per_second = if span_s == 0 { 0.0 } else { f64::from(span) / span_s as f64 };
    let gained_per_second = milestones_per_second? - issued_per_second;
    // A node that falls behind further never arrives.
    (gained_per_second > 0.0).then(|| (f64::from(behind) / gained_per_second).ceil() as u64)
}

/// What most peers would say the newest milestone is: the lower middle of their claims, which a minority cannot raise.
pub(crate) fn claimed(mut claims: Vec<MilestoneIndex>) -> Option<MilestoneIndex> {
    claims.sort_unstable();
    let middle = claims.len().checked_sub(1)? / 2;
    claims.get(middle).copied()
}

#[cfg(test)]
mod tests;
