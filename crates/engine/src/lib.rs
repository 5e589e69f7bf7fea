//! The core of a node: it attaches messages, confirms milestones, keeps the ledger and, on the coordinator's node,
//! issues milestones.
//!
//! Non-goals: no socket, no clock, no HTTP and no protocol on the wire. Time and randomness come in as arguments.
//!
//! Invariants:
//! - One thread, the engine thread, owns every piece of mutable state ([`core`]); everybody else reads the store and the
//!   latest [`View`], or sends an input.
//! - What a message had to prove (syntax, network, proof of work, signatures) is settled by the verify pool
//!   ([`verify`]) before the engine thread sees it; confirming checks no signature and no proof of work.
//! - A reply leaves only after the batch that it reports is committed. Everything a milestone changes is one commit.
//! - A storage error, or a broken invariant, stops the node and is told; it is never swallowed.
//!
//! Threads: the engine thread, the verify pool's threads and, on a coordinator's node, one thread that mines its messages.

mod ancestors;
mod confirm;
mod coordinator;
pub mod core;
mod error;
pub mod genesis;
pub mod ledger;
pub mod limits;
pub mod milestones;
mod node;
mod outcome;
pub mod protocol;
mod rates;
pub mod serve;
pub mod snapshot;
mod state;
pub mod verify;
mod view;

pub use coordinator::{CoordinatorOptions, CoordinatorStart};
pub use error::{FatalError, HaltReason, QuestionError, StartError, SubmitError};
pub use node::{Clock, GossipSink, Node, NodeOptions, Reply, RunningNode};
pub use osmia_tangle::ConeRoots;
pub use outcome::Outcome;
pub use rates::Rates;
pub use view::{Counters, MilestoneMark, View};
