//! What our back ends mine and score, by the published crate.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use bee_pow::providers::miner::MinerBuilder;
use bee_pow::providers::{NonceProvider, NonceProviderBuilder};
use bee_pow::score::PoWScorer;
use osmia_pow::{
    Backend, NONCE_BYTES, Search, required_zeros, score_of, score_with, search_threads_with,
    trailing_zeros_of_messages_with,
};
use osmia_primitives::blake2b;
use proptest::collection::vec;
use proptest::prelude::*;

/// The nonce that a back end finds first for a message of these bytes and a nonce.
fn mine(backend: Backend, body: &[u8], zeros: u32, nonces: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let stop = AtomicBool::new(false);
    Search::with_backend(backend, &blake2b::hash(body), zeros, nonces).next_hit(&stop).nonce()
}

fn with_nonce(body: &[u8], nonce: u64) -> Vec<u8> {
    [body, &nonce.to_le_bytes()].concat()
}

/// A score that a message of `length` bytes reaches with as many zeros and not with fewer: `part` of the best one.
fn score_for(zeros: u32, length: usize, part: f64) -> f64 {
    let score = score_of(zeros, length) * part;
    assert_eq!(required_zeros(length, score), zeros);
    score
}

#[test]
fn what_every_back_end_mines_for_the_main_network_has_the_score() {
    for backend in Backend::available() {
        for body in [&b"a short one"[..], &[7; 492], &[1; 32_000]] {
            let zeros = required_zeros(body.len() + NONCE_BYTES, 4_000.0).min(14);
            let nonce = mine(backend, body, zeros, 0..=u64::MAX).unwrap();
            let score = PoWScorer::new().score(&with_nonce(body, nonce));
            assert!(score >= score_of(zeros, body.len() + NONCE_BYTES), "{backend}: {score}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn mined_nonces_have_the_score(
        body in vec(any::<u8>(), 0..2_000),
        zeros in 0..9u32,
        part in 0.34..1.0,
        start: u64,
    ) {
        let target = score_for(zeros, body.len() + NONCE_BYTES, part);
        let mut firsts = Vec::new();
        for backend in Backend::available() {
            // Beginning anywhere in the first half of the numbers, so that one is always ahead.
            let nonce = mine(backend, &body, zeros, start.min(1 << 63)..=u64::MAX).unwrap();
            let score = PoWScorer::new().score(&with_nonce(&body, nonce));
            prop_assert!(score >= target, "{}: {} is below {}", backend, score, target);
            firsts.push(nonce);
        }
        firsts.dedup();
        prop_assert_eq!(firsts.len(), 1, "the same nonce by all back ends");
    }

    #[test]
    fn what_several_threads_find_has_the_score(body in vec(any::<u8>(), 0..600), zeros in 0..9u32, threads in 1..5usize) {
        let target = score_for(zeros, body.len() + NONCE_BYTES, 0.9);
        for backend in Backend::available() {
            let threads = NonZeroUsize::new(threads).unwrap();
            let stop = AtomicBool::new(false);
            let digest = blake2b::hash(&body);
            let outcome = search_threads_with(backend, &digest, zeros, 0..=u64::MAX, threads, &stop);
            let score = PoWScorer::new().score(&with_nonce(&body, outcome.nonce().unwrap()));
            prop_assert!(score >= target, "{}: {} is below {}", backend, score, target);
        }
    }

    #[test]
    fn random_messages_have_the_same_score(messages in vec(vec(any::<u8>(), 8..700), 1..40)) {
        let mut scorer = PoWScorer::new();
        let expected: Vec<f64> = messages.iter().map(|message| scorer.score(message)).collect();
        let borrowed: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        for backend in Backend::available() {
            let single: Vec<f64> = messages.iter().map(|message| score_with(backend, message)).collect();
            prop_assert_eq!(&single, &expected);
            let zeros = trailing_zeros_of_messages_with(backend, &borrowed);
            let batched: Vec<f64> = zeros
                .into_iter()
                .zip(&messages)
                .map(|(zeros, message)| score_of(zeros.unwrap(), message.len()))
                .collect();
            prop_assert_eq!(&batched, &expected);
        }
    }
}

proptest! {
    // The miner of the published crate takes some milliseconds for each.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_first_hit_is_not_after_theirs(body in vec(any::<u8>(), 0..600), score in 1..20u32) {
        let theirs = MinerBuilder::new().with_num_workers(1).finish().nonce(&body, score).unwrap();
        let zeros = required_zeros(body.len() + NONCE_BYTES, f64::from(score));
        for backend in Backend::available() {
            let ours = mine(backend, &body, zeros, 0..=u64::MAX).unwrap();
            prop_assert!(ours <= theirs, "{}: {} is after {}", backend, ours, theirs);
            let found = PoWScorer::new().score(&with_nonce(&body, ours));
            prop_assert!(found >= f64::from(score), "{}: {} is below {}", backend, found, score);
        }
    }
}
