//! The Tangle as a value: a window of recent messages in memory, the waiting room of messages whose parents are
//! missing, the white-flag order of a milestone's cone (TIP-2), cone root indexes and tips (TIP-3), and the
//! coordinator's choice of tips.
//!
//! Non-goals: no I/O, no clock, no randomness and no protocol generation. Time and random words are arguments; what has
//! left the window is asked of an [`Ancestors`]; a message is a [`Vertex`], and whether it is valid was decided before.
//! Which messages are worth keeping for their age is not judged here either.
//!
//! Invariants:
//! - Messages are numbered when they become solid, without a gap; parents have smaller numbers than their children. So
//!   number order is a topological order, and one sweep over the window computes what depends on parents or children.
//! - Numbers below [`FIRST_ARRIVAL`] are entry points: they have a milestone index and no parents.
//! - No answer depends on the size of the window, as long as a walk below it stays within
//!   [`limits::OUTSIDE_WALK_MAX`]; only [`Tangle::heaviest`] looks at the window alone.
//! - Every collection has a bound in [`limits`]. No result depends on the order of a hash table, and nothing recurses.
//! - An error of the [`Ancestors`] leaves the Tangle in an unspecified state: the node stops on it.
//!
//! Threads: a [`Tangle`] belongs to the engine's thread. Readers get copies.

mod ancestors;
mod cone;
mod heaviest;
pub mod limits;
mod memory_ancestors;
mod options;
mod outside;
mod pool;
mod restore;
mod tangle;
mod tips;
mod vertex;
mod waiting;
mod window;

pub use ancestors::{Ancestors, Known};
pub use heaviest::Branch;
pub use memory_ancestors::{MemoryAncestors, NoSuchArrival};
pub use options::{RetentionRules, TangleOptions};
pub use restore::Restored;
pub use tangle::Tangle;
pub use tips::{TIPS_SELECTED_MAX, Tips, select_tips};
pub use vertex::{Attached, ConeRoots, FIRST_ARRIVAL, Inserted, ParentError, Vertex};
pub use waiting::Request;
