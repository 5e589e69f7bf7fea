//! The messages: bytes without a meaning, always the same ones.

use std::sync::atomic::AtomicBool;

use anyhow::Context;
use osmia_pow::{NONCE_BYTES, required_zeros, search};
use osmia_primitives::blake2b;

/// Bytes of the message that is mined.
pub(crate) const MINED_BYTES: usize = 500;

/// The score it is mined for: 100 000 tries, so 11 zeros.
pub(crate) const SCORE: u32 = 200;

/// The zeros that follow from it.
pub(crate) const ZEROS: u32 = 11;

/// Bytes of the messages that are verified.
pub(crate) const VERIFIED_BYTES: usize = 300;

/// Messages that are verified, one by one or all at once.
pub(crate) const VERIFIED: usize = 512;

/// The tries that a message to be mined takes: bee-pow is busy with them for 0.3 to 1 s on a processor of today.
const TRIES: std::ops::Range<u64> = 250_000..500_000;

/// How many messages are looked at for one that takes as many tries; about one in six does.
const LOOKED_AT_MAX: u64 = 1_000;

/// A message without its nonce, and the first nonce that gives it the score.
#[derive(Debug)]
pub(crate) struct Mined {
    pub(crate) body: Vec<u8>,
    pub(crate) first_hit: u64,
}

/// The message of a round, one that takes neither few nor many tries.
pub(crate) fn mined(round: usize) -> anyhow::Result<Mined> {
    assert_eq!(required_zeros(MINED_BYTES, f64::from(SCORE)), ZEROS, "the constants belong together");
    let stop = AtomicBool::new(false);
    let found = (0..LOOKED_AT_MAX).find_map(|number| {
        let body = bytes(round as u64, number, MINED_BYTES - NONCE_BYTES);
        let first_hit = search(&blake2b::hash(&body), ZEROS, 0..=TRIES.end - 1, &stop).nonce()?;
        TRIES.contains(&first_hit).then_some(Mined { body, first_hit })
    });
    found.context("no message takes as many tries as wanted")
}

/// The messages that are verified.
pub(crate) fn verified() -> Vec<Vec<u8>> {
    (0..VERIFIED as u64).map(|number| bytes(u64::MAX, number, VERIFIED_BYTES)).collect()
}

/// Bytes without a pattern, different for each pair of numbers.
fn bytes(series: u64, number: u64, length: usize) -> Vec<u8> {
    let blocks =
        (0..).flat_map(|block: u64| blake2b::hash(&[series, number, block].map(u64::to_le_bytes).concat()));
    blocks.take(length).collect()
}
