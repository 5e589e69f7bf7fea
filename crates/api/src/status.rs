//! What operators ask: how the node is in one word, why, how long it still takes, and every peer with what is wrong with
//! it. Routes of our own below /api/osmia/v1; docs/formats/status.md describes the JSON.

mod verdict;

use osmia_engine::{HaltReason, View};
use osmia_network::{Direction, PeerInfo};
use osmia_primitives::MilestoneIndex;
use serde::Serialize;

use crate::answer::{Outcome, data};
use crate::clock::unix_seconds;
use crate::context::Context;
use crate::node_info;
use crate::peers::{HeartbeatJson, MetricsJson};
use crate::process;
use crate::progress::Pace;
use crate::status::verdict::{Facts, Judgement, Peers, Verdict, claimed, judge, seconds_left};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusJson<'a> {
    verdict: Verdict,
    reason: &'a str,
    advice: Option<&'a str>,
    is_healthy: bool,
    network_name: &'a str,
    node_name: &'a str,
    node_version: &'a str,
    uptime_seconds: u64,
    milestones: MilestonesJson,
    sync: SyncJson,
    peers: Option<PeersJson>,
    messages: MessagesJson,
    resources: ResourcesJson,
    halted: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MilestonesJson {
    confirmed_index: u32,
    confirmed_timestamp: u64,
    latest_index: u32,
    latest_timestamp: u64,
    behind: u32,
    claimed_latest_index: Option<u32>,
    snapshot_index: u32,
    pruning_index: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncJson {
    milestones_per_second: Option<f64>,
    messages_per_second: Option<f64>,
    seconds_left: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PeersJson {
    own_id: String,
    is_running: bool,
    connected: usize,
    gossiping: usize,
    synced: usize,
    known: usize,
    banned: usize,
}

#[derive(Serialize)]
struct MessagesJson {
    attached: u64,
    known: u64,
    rejected: u64,
    waiting: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourcesJson {
    resident_bytes: Option<u64>,
    tangle_bytes: u64,
    database_bytes: Option<u64>,
}

/// GET /api/osmia/v1/status. It lists the files of the database, so it belongs on a thread for reading.
pub(crate) fn status(context: &Context) -> Outcome {
    let view = context.node.view();
    let pace = context.note_progress(&view);
    let halted = halt_reason(context, &view);
    let claimed = claimed_latest(context, &view);
    let target = claimed.unwrap_or(view.latest.index);
    let seconds_left = seconds_left(view.confirmed, view.latest, target, pace.milestones_per_second);
    let Judgement { verdict, reason, advice } =
        judge(&facts(context, &view, pace, halted.as_deref(), seconds_left));
    data(&StatusJson {
        verdict,
        reason: &reason,
        advice,
        is_healthy: node_info::is_healthy(context, &view),
        network_name: &context.node.parameters().network_name,
        node_name: &context.options.node_name,
        node_version: &context.options.node_version,
        uptime_seconds: pace.uptime_s,
        milestones: milestones(&view, claimed),
        sync: SyncJson {
            milestones_per_second: pace.milestones_per_second,
            messages_per_second: pace.messages_per_second,
            // A node that is where the network is has nothing left to do.
            seconds_left: seconds_left.filter(|_| verdict == Verdict::Syncing),
        },
        peers: peers(context),
        messages: MessagesJson {
            attached: view.counters.attached,
            known: view.counters.known,
            rejected: view.counters.rejected,
            waiting: view.counters.waiting,
        },
        resources: resources(context, &view),
        halted: halted.as_deref(),
    })
}

/// Why the node no longer confirms milestones, or stopped altogether.
pub(crate) fn halt_reason(context: &Context, view: &View) -> Option<String> {
    let stopped = context.node.halt_reason().map(|reason| reason.to_string());
    stopped.or_else(|| view.halted.as_ref().map(HaltReason::to_string))
}

fn facts<'a>(
    context: &Context,
    view: &View,
    pace: Pace,
    halted: Option<&'a str>,
    seconds_left: Option<u64>,
) -> Facts<'a> {
    let summary = context.options.network.as_ref().map(osmia_network::Network::summary);
    Facts {
        halted,
        needs_peers: !context.options.healthy_without_peers,
        peers: summary.map_or_else(Peers::default, |summary| Peers {
            is_running: summary.is_running,
            gossiping: summary.gossip_peers,
            known: summary.known_peers,
            banned: summary.banned,
        }),
        confirmed: view.confirmed,
        latest: view.latest,
        is_almost_synced: view.is_almost_synced(),
        waiting: view.counters.waiting,
        pace,
        seconds_left,
        now_s: unix_seconds(),
    }
}

/// The newest milestone that most peers claim to know, when it is beyond the newest valid one. It serves the estimate of
/// the time left and nothing else.
fn claimed_latest(context: &Context, view: &View) -> Option<MilestoneIndex> {
    let heartbeats = context.peers();
    let claims =
        heartbeats.iter().filter_map(|peer| peer.gossip.as_ref()?.heartbeat.map(|(beat, _)| beat.latest));
    claimed(claims.collect()).filter(|claimed| *claimed > view.latest.index)
}

fn milestones(view: &View, claimed: Option<MilestoneIndex>) -> MilestonesJson {
    MilestonesJson {
        confirmed_index: view.confirmed.index.0,
        confirmed_timestamp: view.confirmed.timestamp,
        latest_index: view.latest.index.0,
        latest_timestamp: view.latest.timestamp,
        behind: view.latest.index.0.saturating_sub(view.confirmed.index.0),
        claimed_latest_index: claimed.map(|index| index.0),
        snapshot_index: view.snapshot_index.0,
        pruning_index: view.pruning_index.0,
    }
}

fn peers(context: &Context) -> Option<PeersJson> {
    let network = context.options.network.as_ref()?;
    let summary = network.summary();
    Some(PeersJson {
        own_id: network.peer_id().to_string(),
        is_running: summary.is_running,
        connected: summary.connected_peers,
        gossiping: summary.gossip_peers,
        synced: summary.synced_peers,
        known: summary.known_peers,
        banned: summary.banned,
    })
}

fn resources(context: &Context, view: &View) -> ResourcesJson {
    ResourcesJson {
        resident_bytes: process::resident_bytes(),
        tangle_bytes: view.counters.tangle_bytes,
        database_bytes: database_bytes(context),
    }
}

/// Bytes of the database; `None`, and a line in the log, when its folder cannot be read.
pub(crate) fn database_bytes(context: &Context) -> Option<u64> {
    let bytes = context.node.store().size_on_disk();
    bytes.inspect_err(|error| tracing::warn!(%error, "the size of the database is not known")).ok()
}

/// A span of time for people: 45 s, 12 min, 3 h 20 min, 2 d 4 h.
fn duration_text(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0 | 1) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// What a peer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum PeerState {
    /// There is a gossip stream.
    Gossiping,
    /// There is a connection and no gossip stream yet.
    Connected,
    /// It is kept away for a time.
    Banned,
    /// It is dialled again and again.
    Dialling,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PeerStatusJson<'a> {
    id: String,
    alias: Option<&'a str>,
    relation: String,
    addresses: Vec<String>,
    state: PeerState,
    direction: Option<&'static str>,
    connected_since_ms: Option<u64>,
    banned_until_ms: Option<u64>,
    ban_reason: Option<&'a str>,
    last_error: Option<&'a str>,
    penalty_points: u32,
    heartbeat: Option<HeartbeatJson>,
    heartbeat_age_ms: Option<u64>,
    metrics: Option<MetricsJson>,
    invalid_messages: Option<u64>,
    #[serde(rename = "receivedBytes")]
    bytes_received: Option<u64>,
    #[serde(rename = "sentBytes")]
    bytes_sent: Option<u64>,
}

/// GET /api/osmia/v1/peers.
pub(crate) fn peer_list(context: &Context) -> Outcome {
    let peers = context.peers();
    data(&peers.iter().map(PeerStatusJson::from).collect::<Vec<_>>())
}

impl<'a> From<&'a PeerInfo> for PeerStatusJson<'a> {
    fn from(peer: &'a PeerInfo) -> Self {
        let gossip = peer.gossip.as_ref();
        let metrics = gossip.map(|gossip| &gossip.metrics);
        let heartbeat = gossip.and_then(|gossip| gossip.heartbeat.as_ref());
        Self {
            id: peer.id.to_string(),
            alias: peer.alias.as_deref(),
            relation: peer.relation.to_string(),
            addresses: peer.addresses.iter().map(ToString::to_string).collect(),
            state: state_of(peer),
            direction: peer.direction.map(|direction| match direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            }),
            connected_since_ms: peer.connected_since_ms,
            banned_until_ms: peer.banned_until_ms,
            ban_reason: peer.ban_reason.as_deref(),
            last_error: peer.last_error.as_deref(),
            penalty_points: peer.penalty_points,
            heartbeat: heartbeat.map(|(heartbeat, _)| heartbeat.into()),
            heartbeat_age_ms: heartbeat.map(|(_, age_ms)| *age_ms),
            metrics: metrics.map(MetricsJson::from),
            invalid_messages: metrics.map(|metrics| metrics.invalid_messages),
            bytes_received: metrics.map(|metrics| metrics.bytes_received),
            bytes_sent: metrics.map(|metrics| metrics.bytes_sent),
        }
    }
}

fn state_of(peer: &PeerInfo) -> PeerState {
    match (peer.gossip.is_some(), peer.is_connected, peer.banned_until_ms.is_some()) {
        (true, _, _) => PeerState::Gossiping,
        (false, _, true) => PeerState::Banned,
        (false, true, false) => PeerState::Connected,
        (false, false, false) => PeerState::Dialling,
    }
}

#[cfg(test)]
mod tests;
