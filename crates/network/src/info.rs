//! What the network shows of itself and of its peers.

use std::fmt;
use std::sync::Arc;

use libp2p::{Multiaddr, PeerId};
use osmia_wire::PeerMetrics;
use osmia_wire::packet::Heartbeat;

/// What the node thinks of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It was configured, or added at run time: it is dialled for ever.
    Known,
    /// It came by itself and takes one of few places.
    Unknown,
}

impl fmt::Display for Relation {
    /// As in TIP-13.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
        })
    }
}

/// Who made a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The peer did.
    Inbound,
    /// This node did.
    Outbound,
}

/// A peer: a known one, or an unknown one that is connected.
#[derive(Clone, Debug)]
pub struct PeerInfo {
    /// Its id.
    pub id: PeerId,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Whether it is known.
    pub relation: Relation,
    /// Where it can be dialled, or for an unknown one where it came from; without `/p2p/` and the id.
    pub addresses: Vec<Multiaddr>,
    /// Whether there is a connection.
    pub is_connected: bool,
    /// Its gossip, while there is a gossip stream.
    pub gossip: Option<GossipInfo>,
    /// When its ban ends, in milliseconds since the unix epoch, while it is banned.
    pub banned_until_ms: Option<u64>,
    /// Why it is banned, while it is.
    pub ban_reason: Option<String>,
    /// Who made the connection, while there is one.
    pub direction: Option<Direction>,
    /// Since when it is connected, in milliseconds since the unix epoch.
    pub connected_since_ms: Option<u64>,
    /// Penalty points now; they fall with time.
    pub penalty_points: u32,
    /// Why the last attempt to dial it, or its last connection, ended; `None` while it is connected.
    pub last_error: Option<Arc<str>>,
}

/// The gossip with a peer.
#[derive(Clone, Copy, Debug)]
pub struct GossipInfo {
    /// Its last heartbeat, and how old that is in milliseconds.
    pub heartbeat: Option<(Heartbeat, u64)>,
    /// What went to and fro on this stream.
    pub metrics: PeerMetrics,
}

/// The network in numbers. Totals count from the start of the node.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Whether the network's threads run.
    pub is_running: bool,
    /// Peers with a connection.
    pub connected_peers: usize,
    /// Peers with an open gossip stream.
    pub gossip_peers: usize,
    /// Peers with a gossip stream that are synced by their own account.
    pub synced_peers: usize,
    /// Peers that were configured or added.
    pub known_peers: usize,
    /// Peers that are banned now.
    pub banned: usize,
    /// Connections that came in and are no gossip peers (yet).
    pub pending_connections: usize,
    /// Total of all streams, closed ones included.
    pub gossip: PeerMetrics,
    /// Total of attempts to dial a peer.
    pub dials: u64,
    /// Total of attempts that failed.
    pub dials_failed: u64,
    /// Total of connections refused because there were too many.
    pub connections_refused: u64,
    /// Total of connections that ended before they were gossip peers: a failed handshake, the wrong network, silence.
    pub connections_failed: u64,
    /// Total of gossip streams opened.
    pub streams_opened: u64,
    /// Total of misbehaviours of peers.
    pub misbehaviours: u64,
    /// Total of bans.
    pub bans: u64,
    /// Total of messages that were not broadcast because the network thread was too slow.
    pub broadcasts_dropped: u64,
}
