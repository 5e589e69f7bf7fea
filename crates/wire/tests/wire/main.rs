//! Gossip as a whole, rule by rule and under random steps; the seeds of its fuzz targets.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "a test stops at the first failure"
)]

mod corpus;
mod duplicates;
mod fairness;
mod heartbeats;
mod misbehaviour;
mod questions;
mod requests;
mod world;
