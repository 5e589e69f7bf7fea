//! Everything particular to the Chrysalis generation of the protocol: messages and their payloads, the strict codec and
//! every syntactic rule (TIP-6, TIP-7, TIP-8, TIP-15, TIP-17), milestone keys, snapshot files (TIP-9), JSON shapes (TIP-13) and the ledger.
//!
//! Non-goals: no proof of work, no graph, no storage engine, no clock, no socket. Signatures of transactions are not verified
//! while parsing; whoever confirms brings their verdicts.
//!
//! Invariants: a value that [`Message::parse`] returned satisfies every syntactic rule and packs to exactly the bytes it came from. No
//! length field makes us reserve memory before the bytes it announces are there. No input makes a function panic.
//!
//! Threads: everything is a value or a pure function.

pub mod address;
mod codec;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod message;
pub mod milestone_keys;
pub mod params;
pub mod parents;
pub mod payload;
pub mod rules;
pub mod snapshot;
pub mod syntax_error;

pub use address::{Address, AddressError};
pub use limits::{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, PARENTS_MAX, TOKEN_SUPPLY};
pub use message::Message;
pub use milestone_keys::{KeyRange, MilestoneError, MilestoneKeys};
pub use params::ProtocolParameters;
pub use parents::Parents;
pub use payload::Payload;
pub use payload::indexation::Indexation;
pub use payload::milestone::Milestone;
pub use payload::receipt::{MigratedFunds, Receipt};
pub use payload::transaction::{Essence, Input, Output, OutputId, OutputKind, Transaction, UnlockBlock};
pub use payload::treasury::TreasuryTransaction;
pub use syntax_error::SyntaxError;
