//! The store of a node: rows of bytes, ranges of keys and atomic batches over RocksDB, and on top of them messages
//! under the numbers of their arrival, what finds them, and where each stands in the ledger's history.
//!
//! Non-goals: the store knows no message format, no ledger and no rule. The bytes of a message are opaque to it, the
//! ledger's rows and the engine's state rows are defined by the crates that own them. It reads no clock.
//!
//! Invariants:
//! - One [`Batch`] is one commit: all of it is visible and survives a crash, or nothing.
//! - A message's parents have smaller [`Arrival`]s; each message and entry point is found by its whole id, although
//!   16 bytes of it are the usual key.
//! - A damaged row or file is an error that names the fix, never an absent row.
//! - Memory is bounded by [`StoreOptions`]: cache, write buffers and what a caller asks for at once.
//!
//! Threads: a [`Store`] is shared by reference. Any thread reads; one thread builds and commits batches. RocksDB
//! flushes and compacts on threads of its own.

mod audit;
mod batch;
mod cone;
mod error;
mod ids;
mod keys;
pub mod limits;
mod options;
mod page;
mod reader;
mod scan;
mod store;
mod table;
mod vertex;
mod vertices;

pub use audit::{AuditReport, Finding, Problem};
pub use batch::Batch;
pub use error::{EngineError, StoreError};
pub use options::{Recovery, StoreOptions};
pub use reader::Reader;
pub use scan::{Row, Scan, ScanRange, Value};
pub use store::{Durability, MemoryUse, SCHEMA, Store};
pub use table::Table;
pub use vertex::{Arrival, EntryPoint, FIRST_ARRIVAL, IndexHash, NewVertex, Position, StoredVertex};
