//! The Tangle against naive models, and rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "a test stops at the first failure"
)]

mod cost;
mod deep;
mod graph;
mod heaviest;
mod model;
mod order;
mod restore;
mod tips;
mod waiting;
mod window;
mod world;
