//! Models the real node is tested against: the Tangle and the ledger by their definitions, and whole networks in virtual
//! time ([`network`]).
//!
//! Non-goals: speed, memory and robustness. The models recurse, recount everything they are asked, grow without bound and
//! panic on what a test should not do. Nothing of them is part of the program.
//!
//! Invariants: the models of Tangle and ledger share no code with what they are compared to, except types, the codec and
//! cryptography; the networks run the real engine, gossip and store.
//!
//! Threads: everything is a value.

pub mod network;
pub mod oracle;
pub mod transfer;

pub use oracle::ledger::{Ledger, Unspent};
pub use oracle::{Confirmation, Oracle};
