//! Loading snapshot files: against a naive ledger, after interruptions, and from files that lie.

#![allow(clippy::unwrap_in_result, clippy::panic_in_result_fn, reason = "a test stops at the first failure")]

#[cfg(test)]
mod continuing;
#[cfg(test)]
mod history;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod mutated;
#[cfg(test)]
mod refused;
