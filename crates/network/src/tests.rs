//! Whole nodes over real TCP on the loopback interface.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    clippy::panic_in_result_fn,
    reason = "helpers of tests fail tests, also outside of test functions"
)]

mod gossiping;
mod hostile;
mod peering;
mod stranger;
mod world;
