//! Gossip with real peers: a libp2p host, the list of peers and the streams of [`osmia_wire`].
//!
//! Non-goals: no rule of the gossip protocol (that is [`osmia_wire`]), no rule of the ledger, no discovery of peers.
//!
//! Invariants:
//! - One thread owns the swarm, the roster of peers and all of gossip: there is no lock among them, and no reading of
//!   the database on it.
//! - Everything a stranger can make grow is bounded ([`limits`]): connections, half-open ones, streams, identities with
//!   a ban, questions.
//! - A known peer is dialled for ever. Only misbehaviour keeps a peer away, and only for a time that ends by itself.
//! - Nothing here decides by the order of a hash table; whom to dial is decided by a state machine without sockets.
//! - A command's reply is called once, whatever happens.
//!
//! Threads: `network` (a tokio runtime of one thread), and `serve`, which reads what peers ask for and writes
//! `peers.json`.

mod address;
mod behaviour;
mod clock;
mod handle;
mod handler;
mod host;
mod hub;
mod identity;
mod info;
pub mod limits;
mod link;
mod muxer;
mod options;
pub mod probe;
mod pump;
mod roster;
mod roster_file;
mod serve;
mod transport;

pub use address::{AddressError, parse_peer_address};
pub use handle::{Network, RunningNetwork, start};
pub use identity::{Identity, IdentityError};
pub use info::{Direction, GossipInfo, PeerInfo, Relation, Summary};
pub use libp2p::{Multiaddr, PeerId};
pub use link::Link;
pub use options::{NetworkError, NetworkOptions, PeerError, StaticPeer};

#[cfg(test)]
mod tests;
