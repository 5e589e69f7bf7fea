//! Agreement with published crates of the same protocol generation, on real messages and on many thousands of generated and damaged ones.
//!
//! Every disagreement fails a test, except those that docs/decisions/0010-differences-from-bee.md lists; each of these has a test that it
//! is still there, so that the list cannot grow stale.

mod bech32;
mod ed25519;
mod known;
mod messages;
mod pow;
#[path = "../../../crates/chrysalis/tests/codec/samples.rs"]
mod samples;
#[path = "../../../crates/chrysalis/tests/codec/strategies.rs"]
mod strategies;
