//! The program as people run it: real processes on scratch folders, killed, starved of disk space and started again.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail tests and speak to whoever runs them, also outside of test functions"
)]

mod bench;
mod command_line;
mod config;
mod crash;
mod damaged_log;
mod full_disk;
mod http;
mod load;
mod nodes;
mod pow;
mod private_net;
mod process;
mod random;
mod status;
mod wait;
mod wallet;
