//! The building blocks every other crate shares: ids, bounded byte readers, BLAKE2b, Ed25519, Merkle roots, Bech32
//! and milestone indexes.
//!
//! Non-goals: nothing here knows a message, a protocol generation, a clock, a file or a socket.
//!
//! Invariants: no function allocates from a length that the input states before the bytes for it are there; no
//! function panics on any input; parsing and packing are exact inverses.
//!
//! Threads: everything is a value or a pure function.

pub mod b1t6;
pub mod bech32;
pub mod blake2b;
pub mod bytes;
pub mod ed25519;
pub mod hex;
pub mod ids;
pub mod merkle;
pub mod milestone_index;

pub use ids::{IdHasherKey, IdMap, IdSet, MessageId, MilestoneId, NetworkId, TransactionId};
pub use milestone_index::MilestoneIndex;
