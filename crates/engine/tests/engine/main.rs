//! The engine driven from outside: the core over an in-memory store, and a running node with its threads.

#![allow(
    clippy::unwrap_in_result,
    clippy::panic_in_result_fn,
    clippy::type_complexity,
    reason = "a test stops at the first failure"
)]

#[cfg(test)]
mod agreeing;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod confirming;
#[cfg(test)]
mod coordinating;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod gossiping;
#[cfg(test)]
mod restarting;
#[cfg(test)]
mod running;
#[cfg(test)]
mod submitting;
#[cfg(test)]
mod world;
