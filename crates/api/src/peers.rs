//! The peers of the node (TIP-13): list, one, add, remove. The JSON is the reference node's.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, ORIGIN};
use osmia_network::{GossipInfo, Network, PeerError, PeerId, PeerInfo, parse_peer_address};
use osmia_wire::PeerMetrics;
use osmia_wire::packet::Heartbeat;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::answer::{Fault, Outcome, data, empty, repeated};
use crate::context::Context;
use crate::cors;
use crate::limits::PEER_BODY_BYTES_MAX;
use crate::request::body_of;

/// A peer. The order of the members is the reference node's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PeerJson<'a> {
    id: String,
    multi_addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    relation: String,
    connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    gossip: Option<GossipJson>,
}

#[derive(Serialize)]
struct GossipJson {
    heartbeat: Option<HeartbeatJson>,
    metrics: MetricsJson,
}

/// A heartbeat as TIP-13 names its members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeartbeatJson {
    solid_milestone_index: u32,
    pruned_milestone_index: u32,
    latest_milestone_index: u32,
    connected_neighbors: u8,
    synced_neighbors: u8,
}

/// The counters of a gossip stream as TIP-13 names them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsJson {
    new_messages: u64,
    known_messages: u64,
    received_messages: u64,
    received_message_requests: u64,
    received_milestone_requests: u64,
    received_heartbeats: u64,
    sent_messages: u64,
    sent_message_requests: u64,
    sent_milestone_requests: u64,
    sent_heartbeats: u64,
    dropped_packets: u64,
}

impl<'a> From<&'a PeerInfo> for PeerJson<'a> {
    fn from(peer: &'a PeerInfo) -> Self {
        Self {
            id: peer.id.to_string(),
            multi_addresses: peer.addresses.iter().map(ToString::to_string).collect(),
            alias: peer.alias.as_deref(),
            relation: peer.relation.to_string(),
            connected: peer.is_connected,
            gossip: peer.gossip.as_ref().map(GossipJson::from),
        }
    }
}

impl From<&GossipInfo> for GossipJson {
    fn from(gossip: &GossipInfo) -> Self {
        let heartbeat = gossip.heartbeat.as_ref().map(|(heartbeat, _age_ms)| heartbeat.into());
        Self { heartbeat, metrics: (&gossip.metrics).into() }
    }
}

impl From<&Heartbeat> for HeartbeatJson {
    fn from(heartbeat: &Heartbeat) -> Self {
        Self {
            solid_milestone_index: heartbeat.solid.0,
            pruned_milestone_index: heartbeat.pruned.0,
            latest_milestone_index: heartbeat.latest.0,
            connected_neighbors: heartbeat.connected_peers,
            synced_neighbors: heartbeat.synced_peers,
        }
    }
}

impl From<&PeerMetrics> for MetricsJson {
    fn from(metrics: &PeerMetrics) -> Self {
        Self {
            new_messages: metrics.new_messages,
            known_messages: metrics.known_messages,
            received_messages: metrics.received_messages,
            received_message_requests: metrics.received_message_requests,
            received_milestone_requests: metrics.received_milestone_requests,
            received_heartbeats: metrics.received_heartbeats,
            sent_messages: metrics.sent_messages,
            sent_message_requests: metrics.sent_message_requests,
            sent_milestone_requests: metrics.sent_milestone_requests,
            sent_heartbeats: metrics.sent_heartbeats,
            dropped_packets: metrics.dropped_packets,
        }
    }
}

/// GET /api/v1/peers: the known peers and the unknown ones that are connected; none for a node without gossip.
pub(crate) fn list(context: &Context) -> Outcome {
    let peers = context.peers();
    data(&peers.iter().map(PeerJson::from).collect::<Vec<_>>())
}

/// GET /api/v1/peers/:peerId.
pub(crate) fn one(context: &Context, id: &str) -> Outcome {
    let id = peer_id(id)?;
    let peers = context.peers();
    let peer = peers.iter().find(|peer| peer.id == id).ok_or_else(|| unknown(id))?;
    data(&PeerJson::from(peer))
}

/// The body of POST /api/v1/peers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddPeerJson {
    multi_address: String,
    #[serde(default)]
    alias: Option<String>,
}

/// POST /api/v1/peers: makes a peer known, from now on and after every restart. 200 with the peer, also while it cannot
/// be reached.
pub(crate) async fn add(context: &Arc<Context>, headers: &HeaderMap, body: Incoming) -> Outcome {
    check_control(context, headers)?;
    let body = body_of(body, PEER_BODY_BYTES_MAX, &context.bodies).await?;
    let wanted: AddPeerJson = serde_json::from_slice(&body)
        .map_err(|error| Fault::bad_request(format!("invalid addPeerRequest: {error}")))?;
    let address = parse_peer_address(&wanted.multi_address).map_err(|error| {
        Fault::bad_request(format!("invalid multiAddress \"{}\": {error}", repeated(&wanted.multi_address)))
    })?;
    let alias = wanted.alias.filter(|alias| !alias.is_empty());
    let network = network(context)?;
    let (sender, receiver) = oneshot::channel();
    network.add_peer(address, alias, Box::new(move |result| drop(sender.send(result))));
    let peer = receiver.await.unwrap_or(Err(PeerError::Stopped)).map_err(|error| refused(&error))?;
    data(&PeerJson::from(&peer))
}

/// DELETE /api/v1/peers/:peerId: 204 when the peer is disconnected and forgotten.
pub(crate) async fn remove(context: &Arc<Context>, headers: &HeaderMap, id: &str) -> Outcome {
    check_control(context, headers)?;
    let id = peer_id(id)?;
    let Some(network) = &context.options.network else { return Err(unknown(id)) };
    let (sender, receiver) = oneshot::channel();
    network.remove_peer(id, Box::new(move |result| drop(sender.send(result))));
    match receiver.await.unwrap_or(Err(PeerError::Stopped)) {
        Ok(()) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(PeerError::NotFound) => Err(unknown(id)),
        Err(error) => Err(refused(&error)),
    }
}

/// Whether this request may change the node. A web page may only when its origin was named: a browser lets every page
/// send requests to the machine it runs on.
fn check_control(context: &Context, headers: &HeaderMap) -> Result<(), Fault> {
    if !context.options.control {
        return Err(Fault::forbidden(
            "routes that change the node are switched off: set api.control to true, and let only those reach the API \
             who may change the node",
        ));
    }
    match headers.get(ORIGIN) {
        Some(origin) if !cors::is_named(&context.options.cors, origin) => Err(Fault::forbidden(
            "web pages may not change the node unless their origin is named in api.allow_origin",
        )),
        Some(_) | None => Ok(()),
    }
}

fn network(context: &Context) -> Result<&Network, Fault> {
    context
        .options
        .network
        .as_ref()
        .ok_or_else(|| Fault::unavailable("this node runs without gossip and can have no peers"))
}

fn peer_id(text: &str) -> Result<PeerId, Fault> {
    text.parse()
        .map_err(|error| Fault::bad_request(format!("invalid peerId \"{}\": {error}", repeated(text))))
}

fn unknown(id: PeerId) -> Fault {
    Fault::not_found(format!("peer not found: {id}"))
}

fn refused(error: &PeerError) -> Fault {
    match error {
        PeerError::NotFound => Fault::not_found(error.to_string()),
        PeerError::MissingPeerId
        | PeerError::Address(_)
        | PeerError::OwnId
        | PeerError::TooMany(_)
        | PeerError::AliasTooLong => Fault::bad_request(format!("the peer cannot be added: {error}")),
        PeerError::Busy | PeerError::Stopped => Fault::unavailable(error.to_string()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
