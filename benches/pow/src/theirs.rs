//! What the published crates do in a second.

use std::hint::black_box;

use anyhow::ensure;
use bee_pow::providers::miner::MinerBuilder;
use bee_pow::providers::{NonceProvider, NonceProviderBuilder};
use bee_pow::score::PoWScorer;
use bee_ternary::{T1B1Buf, TritBuf, b1t6};
use crypto::hashes::ternary::HASH_LENGTH;
use crypto::hashes::ternary::curl_p::{BATCH_SIZE, CurlPBatchHasher};
use osmia_primitives::blake2b;

use crate::clock;
use crate::workload::{Mined, SCORE};

/// Nonces per second of processor time of the miner with one worker, until it finds one. It begins with nonce 0 and looks
/// at whole batches of 64.
pub(crate) fn miner(mined: &Mined) -> anyhow::Result<f64> {
    let miner = MinerBuilder::new().with_num_workers(1).finish();
    let started = clock::cpu_seconds();
    let nonce = miner.nonce(&mined.body, SCORE)?;
    let passed = clock::cpu_seconds() - started;
    ensure!(nonce == mined.first_hit, "bee-pow found {nonce}, the first hit is {}", mined.first_hit);
    let batches = nonce / BATCH_SIZE as u64 + 1;
    Ok((batches * BATCH_SIZE as u64) as f64 / passed)
}

/// Hashes per second of processor time of the batch hasher alone: inputs encoded beforehand, hashes read as trits.
pub(crate) fn batch_hasher(mined: &Mined, seconds: f64) -> f64 {
    let inputs: Vec<TritBuf<T1B1Buf>> = (0..BATCH_SIZE as u64)
        .map(|nonce| {
            let mut input = b1t6::encode::<T1B1Buf>(&blake2b::hash(&mined.body));
            input.append(b1t6::encode::<T1B1Buf>(&nonce.to_le_bytes()).as_slice());
            input.append(TritBuf::<T1B1Buf>::zeros(HASH_LENGTH - input.len()).as_slice());
            input
        })
        .collect();
    let mut hasher = CurlPBatchHasher::<T1B1Buf>::new(HASH_LENGTH);
    clock::per_cpu_second(seconds, || {
        for input in &inputs {
            hasher.add(input.clone());
        }
        for hash in hasher.hash() {
            black_box(hash);
        }
        BATCH_SIZE as u64
    })
}

/// Messages per second of processor time that the scorer scores.
pub(crate) fn scorer(messages: &[Vec<u8>], seconds: f64) -> f64 {
    let mut scorer = PoWScorer::new();
    clock::per_cpu_second(seconds, || {
        for message in messages {
            black_box(scorer.score(black_box(message)));
        }
        messages.len() as u64
    })
}
