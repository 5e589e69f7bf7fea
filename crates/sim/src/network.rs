//! Whole networks in virtual time: one thread, one seed, the real engine core, verifier, gossip and store.
//!
//! What is replaced: threads (each is a stage that the schedule runs, see `node`), sockets (`link`), the network crate's
//! mailbox, dialling and punishment (`mailbox`, `connections`), clocks and randomness. A seed decides how many nodes
//! and hostile peers there are, who is connected with whom, and which kinds of fault and attack there are.
//!
//! What is checked after every step: nodes agree about every milestone they have in common (cone, outcomes, changes; every few
//! milestones the whole ledger), none stops confirming, everything told to gossip or to users is stored, all bounds are
//! kept, and no node reports one that keeps to the protocol. At the end faults stop; then everybody must get to the newest
//! milestone, want nothing any more, keep the supply, and agree with the naive [`Oracle`](crate::Oracle). Some time after
//! faults stopped, no connection ends any more and milestones are fast; in a run without faults every message that a user
//! sent gets to everybody.
//!
//! What is not simulated: a store that fails or loses what was written (an in-memory store does neither), and two
//! milestones of one index, which only a coordinator can sign.

mod attacker;
mod checks;
mod connections;
mod dice;
mod ending;
mod faults;
mod link;
mod mailbox;
mod mint;
mod node;
mod plan;
mod report;
mod schedule;
mod spammer;
mod world;

pub use plan::{Plan, Sabotage};
pub use report::{Failure, Summary};

/// Runs a plan to its end.
///
/// # Errors
/// When something happened that never may.
pub fn run(plan: Plan) -> Result<Summary, Box<Failure>> {
    world::run(plan)
}
