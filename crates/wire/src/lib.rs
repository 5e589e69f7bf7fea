//! The gossip protocol of the Chrysalis network without sockets: the packets, the state of each peer, who is asked for
//! what, and what misbehaviour costs. [`Gossip`] is one value for all peers of a node: bytes of streams and
//! [`NodeEvent`](handover::NodeEvent)s go in; bytes for streams, [`Incoming`](handover::Incoming) messages,
//! [`Question`]s and [`Report`]s come out.
//!
//! Non-goals: no sockets, no clock, no threads and no randomness but a secret key that is an argument. Peers have no
//! identity here, only a [`Slot`] while their stream is open: identities, bans and reconnection are the business of
//! whoever owns the streams, with [`Standing`] as the arithmetic of punishment. Messages are not parsed: what they are
//! worth is the node's [`Verdict`](handover::Verdict).
//!
//! Invariants:
//! - Every collection has a bound in [`limits`], whatever peers send; no length that a peer states buys memory.
//! - While its verdict is awaited, a message is handed on once more only when it was asked for in the meantime, however
//!   many peers send it. Every message handed on ends by its verdict or after [`limits::VERDICT_MS_MAX`].
//! - Only messages with a good verdict enter the duplicate filter, so messages without proof of work displace nothing.
//! - Nothing is asked of a peer a second time before its timeout, and nothing at all while its answer is with the node.
//! - One peer's flood delays others by at most one turn ([`limits::TURN_BYTES`] and one message), and fills its own
//!   queues only.
//! - The same calls with the same arguments give the same results.
//!
//! Threads: a [`Gossip`] belongs to one thread.

mod filter;
mod gossip;
pub mod handover;
pub mod limits;
pub mod packet;
mod peer;
mod requester;
mod standing;

pub use gossip::{Asked, Gossip, GossipOptions, Question, Report, Unhealthy};
pub use peer::{PeerMetrics, PeerStatus, Slot};
pub use standing::{Ban, Misbehaviour, Standing};
