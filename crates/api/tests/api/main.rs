//! The API over real sockets, with a real engine on an in-memory store behind it.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    reason = "helpers of tests fail tests, also outside of test functions"
)]

mod bad_input;
mod client;
mod clock;
mod gossip;
mod http;
mod ledger;
mod messages;
mod network;
mod node;
mod pow;
