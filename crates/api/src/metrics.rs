//! Metrics for Prometheus: `GET /metrics` on a listener and a thread of their own, so that they answer while the API is
//! busy and need not be reachable where the API is.

mod text;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use osmia_engine::View;
use osmia_network::{PeerInfo, Summary};
use osmia_wire::PeerMetrics;

use crate::answer::Answer;
use crate::context::Context;
use crate::metrics::text::{Kind, Text};
use crate::mine::Miner;
use crate::{node_info, process, status};

const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// Answers a request to the metrics' listener.
pub(crate) fn answer<B>(context: &Context, request: &Request<B>) -> Answer {
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "there is /metrics only\n");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "metrics are read only\n");
        answer.headers_mut().insert(ALLOW, METHODS);
        return answer;
    }
    let mut answer = Response::new(Full::new(Bytes::from(render(context))));
    answer.headers_mut().insert(CONTENT_TYPE, FORMAT);
    answer
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, PLAIN);
    answer
}

/// All metrics.
fn render(context: &Context) -> String {
    let view = context.node.view();
    let mut text = Text::default();
    node(&mut text, context, &view);
    milestones(&mut text, &view);
    messages(&mut text, &view);
    if let Some(network) = &context.options.network {
        let summary = network.summary();
        gossip(&mut text, &summary);
        streams(&mut text, &summary.gossip);
        connections(&mut text, &summary);
        peers(&mut text, &network.peers());
    }
    if let Some(miner) = &context.miner {
        proof_of_work(&mut text, miner, context.note_progress(&view).nonces_per_second);
    }
    storage(&mut text, context);
    process(&mut text);
    api(&mut text, context);
    text.finish()
}

fn node(text: &mut Text, context: &Context, view: &View) {
    let version: &str = &context.options.node_version;
    let network: &str = &context.node.parameters().network_name;
    let labels = vec![("version", version), ("network", network)];
    text.family(
        "osmia_build_info",
        "Version of the program and name of its network.",
        Kind::Gauge,
        [(labels, 1)],
    );
    text.gauge(
        "osmia_healthy",
        "1 when /health answers 200.",
        u64::from(node_info::is_healthy(context, view)),
    );
    text.gauge(
        "osmia_halted",
        "1 when the node confirms no milestones any more and needs a person.",
        u64::from(status::halt_reason(context, view).is_some()),
    );
    let pace = context.note_progress(view);
    text.gauge("osmia_uptime_seconds", "Seconds since the start.", pace.uptime_s);
    text.gauge(
        "osmia_seconds_without_milestone",
        "Seconds since a milestone was confirmed or a newer one came.",
        pace.without_milestone_s,
    );
}

fn milestones(text: &mut Text, view: &View) {
    let indices = [
        ("osmia_confirmed_milestone_index", "Index of the ledger.", view.confirmed.index),
        ("osmia_latest_milestone_index", "Index of the newest valid milestone known.", view.latest.index),
        (
            "osmia_snapshot_milestone_index",
            "Index of the snapshot the node started from.",
            view.snapshot_index,
        ),
        ("osmia_pruning_milestone_index", "Up to which milestone messages were removed.", view.pruning_index),
    ];
    for (name, help, index) in indices {
        text.gauge(name, help, index.0);
    }
    let confirmed = "Time of the confirmed milestone in unix seconds.";
    text.gauge("osmia_confirmed_milestone_timestamp_seconds", confirmed, view.confirmed.timestamp);
    let latest = "Time of the newest valid milestone known in unix seconds.";
    text.gauge("osmia_latest_milestone_timestamp_seconds", latest, view.latest.timestamp);
    text.fraction(
        "osmia_referenced_messages_percent",
        "Messages the last milestone referenced, as a percentage of the new ones since the one before.",
        Kind::Gauge,
        view.rates.referenced_rate,
    );
}

fn messages(text: &mut Text, view: &View) {
    let counters = &view.counters;
    text.counter("osmia_messages_attached_total", "Messages attached to the Tangle.", counters.attached);
    text.counter("osmia_messages_known_total", "Messages that came and were known already.", counters.known);
    text.counter("osmia_messages_rejected_total", "Messages refused after verification.", counters.rejected);
    text.gauge("osmia_waiting_messages", "Messages that wait for their parents.", counters.waiting);
    text.gauge("osmia_tangle_bytes", "Bytes the Tangle takes in memory.", counters.tangle_bytes);
}

fn gossip(text: &mut Text, summary: &Summary) {
    text.gauge("osmia_gossip_running", "1 while gossip runs.", u64::from(summary.is_running));
    let gauges = [
        ("osmia_gossip_peers", "Peers with an open gossip stream.", summary.gossip_peers),
        ("osmia_gossip_connected_peers", "Peers with a connection.", summary.connected_peers),
        ("osmia_gossip_synced_peers", "Peers that are synced by their own account.", summary.synced_peers),
        ("osmia_gossip_known_peers", "Peers that were configured or added.", summary.known_peers),
        ("osmia_gossip_banned_peers", "Peers that are banned now.", summary.banned),
        (
            "osmia_gossip_pending_connections",
            "Connections that are no gossip peers yet.",
            summary.pending_connections,
        ),
    ];
    for (name, help, count) in gauges {
        text.gauge(name, help, as_u64(count));
    }
}

fn streams(text: &mut Text, total: &PeerMetrics) {
    let counters = [
        ("received_messages", "Messages that peers sent.", total.received_messages),
        ("new_messages", "Messages that peers sent and that were new.", total.new_messages),
        ("known_messages", "Messages that peers sent and that were known already.", total.known_messages),
        (
            "invalid_messages",
            "Messages that peers sent and that no honest peer sends.",
            total.invalid_messages,
        ),
        ("received_message_requests", "Messages that peers asked for.", total.received_message_requests),
        (
            "received_milestone_requests",
            "Milestones that peers asked for.",
            total.received_milestone_requests,
        ),
        ("received_heartbeats", "Heartbeats that peers sent.", total.received_heartbeats),
        ("sent_messages", "Messages sent to peers.", total.sent_messages),
        ("sent_message_requests", "Messages asked of peers.", total.sent_message_requests),
        ("sent_milestone_requests", "Milestones asked of peers.", total.sent_milestone_requests),
        ("sent_heartbeats", "Heartbeats sent to peers.", total.sent_heartbeats),
        ("dropped_packets", "Packets to peers dropped because they read too slowly.", total.dropped_packets),
        (
            "dropped_received",
            "Messages and requests of peers dropped because too many waited.",
            total.dropped_received,
        ),
        ("received_bytes", "Bytes that peers sent.", total.bytes_received),
        ("sent_bytes", "Bytes sent to peers.", total.bytes_sent),
    ];
    for (name, help, total) in counters {
        text.counter(&format!("osmia_gossip_{name}_total"), help, total);
    }
}

fn connections(text: &mut Text, summary: &Summary) {
    let counters = [
        ("osmia_gossip_dials_total", "Attempts to connect to a peer.", summary.dials),
        ("osmia_gossip_dials_failed_total", "Attempts to connect that failed.", summary.dials_failed),
        (
            "osmia_gossip_connections_refused_total",
            "Connections refused: too many.",
            summary.connections_refused,
        ),
        (
            "osmia_gossip_connections_failed_total",
            "Connections that ended before they were gossip peers.",
            summary.connections_failed,
        ),
        ("osmia_gossip_streams_opened_total", "Gossip streams opened.", summary.streams_opened),
        ("osmia_penalties_total", "Misbehaviours of peers that cost them points.", summary.misbehaviours),
        ("osmia_bans_total", "Bans of peers.", summary.bans),
        (
            "osmia_gossip_broadcasts_dropped_total",
            "Messages not broadcast because the network thread was too slow.",
            summary.broadcasts_dropped,
        ),
    ];
    for (name, help, total) in counters {
        text.counter(name, help, total);
    }
}

/// One sample for every peer: there are at most a thousand known ones and 64 streams.
fn peers(text: &mut Text, peers: &[PeerInfo]) {
    let ids: Vec<String> = peers.iter().map(|peer| peer.id.to_string()).collect();
    let labelled = |value: fn(&PeerInfo) -> Option<u64>| {
        let all = peers.iter().zip(&ids);
        all.filter_map(move |(peer, id)| {
            let labels = vec![("peer", id.as_str()), ("alias", peer.alias.as_deref().unwrap_or(""))];
            Some((labels, value(peer)?))
        })
    };
    let connected = labelled(|peer| Some(u64::from(peer.is_connected)));
    text.family("osmia_peer_connected", "1 while there is a connection to the peer.", Kind::Gauge, connected);
    let solid = labelled(|peer| Some(u64::from(peer.gossip.as_ref()?.heartbeat?.0.solid.0)));
    text.family("osmia_peer_solid_milestone_index", "The peer's ledger, as it says.", Kind::Gauge, solid);
    // A stream that is opened anew counts from 0, which Prometheus takes for a restart, as it should.
    let new = labelled(|peer| Some(peer.gossip.as_ref()?.metrics.new_messages));
    text.family("osmia_peer_new_messages_total", "New messages from the peer.", Kind::Counter, new);
    let received = labelled(|peer| Some(peer.gossip.as_ref()?.metrics.received_messages));
    text.family("osmia_peer_received_messages_total", "Messages from the peer.", Kind::Counter, received);
    let sent = labelled(|peer| Some(peer.gossip.as_ref()?.metrics.sent_messages));
    text.family("osmia_peer_sent_messages_total", "Messages to the peer.", Kind::Counter, sent);
    let dropped = labelled(|peer| Some(peer.gossip.as_ref()?.metrics.dropped_packets));
    text.family(
        "osmia_peer_dropped_packets_total",
        "Packets to the peer that were dropped.",
        Kind::Counter,
        dropped,
    );
}

/// Proof of work for clients; nothing where it is off.
fn proof_of_work(text: &mut Text, miner: &Miner, nonces_per_second: Option<f64>) {
    let figures = miner.figures();
    let ends = figures.ends().map(|(end, total)| (vec![("outcome", end)], total));
    text.family("osmia_pow_jobs_total", "Messages to mine, by what became of them.", Kind::Counter, ends);
    let load = miner.load();
    text.gauge("osmia_pow_waiting_jobs", "Messages that wait to be mined.", as_u64(load.waiting));
    text.gauge("osmia_pow_mining_jobs", "Messages that are mined now.", as_u64(load.mining));
    text.counter("osmia_pow_nonces_total", "Nonces tried.", figures.nonces());
    let rate = "Nonces tried per second in the last ten seconds, also those without work.";
    text.fraction("osmia_pow_nonces_per_second", rate, Kind::Gauge, nonces_per_second.unwrap_or(0.0));
    let waiting = "Time from coming in to the begin of the work, of messages that were taken up.";
    text.durations("osmia_pow_waiting_seconds", waiting, &figures.waiting.totals());
    let mining = "Time of the work itself, of messages that were taken up.";
    text.durations("osmia_pow_mining_seconds", mining, &figures.mining.totals());
}

fn storage(text: &mut Text, context: &Context) {
    if let Some(bytes) = status::database_bytes(context) {
        text.gauge("osmia_database_bytes", "Bytes of all files of the database.", bytes);
    }
    match context.node.store().memory_use() {
        Ok(memory) => {
            let cache = "Bytes of the database's cache.";
            text.gauge("osmia_database_cache_bytes", cache, as_u64(memory.cache_bytes));
            let buffers = "Bytes of rows in memory that are not in table files yet.";
            text.gauge("osmia_database_write_buffer_bytes", buffers, as_u64(memory.write_buffer_bytes));
            let readers = "Bytes that open table files take beside the cache.";
            text.gauge("osmia_database_table_reader_bytes", readers, as_u64(memory.table_reader_bytes));
        }
        Err(error) => tracing::warn!(%error, "the memory of the database is not known"),
    }
}

fn process(text: &mut Text) {
    if let Some(bytes) = process::resident_bytes() {
        text.gauge("osmia_process_resident_bytes", "Bytes of memory the process holds.", bytes);
    }
    if let Some(ms) = process::cpu_ms() {
        #[expect(clippy::cast_precision_loss, reason = "processor time in seconds for a graph")]
        let seconds = ms as f64 / 1_000.0;
        let help = "Processor time used, in seconds.";
        text.fraction("osmia_process_cpu_seconds_total", help, Kind::Counter, seconds);
    }
}

fn api(text: &mut Text, context: &Context) {
    let requests = context.requests.totals().map(|(class, total)| (vec![("status", class)], total));
    text.family(
        "osmia_api_requests_total",
        "Requests answered, by class of status.",
        Kind::Counter,
        requests,
    );
    let connections = context.connections.load(std::sync::atomic::Ordering::Relaxed);
    text.gauge("osmia_api_connections", "Connections to the API that are open.", as_u64(connections));
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
