//! What our back ends do in a second.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, ensure};
use osmia_pow::{Backend, Outcome, Search, score_with, trailing_zeros_of_messages_with};
use osmia_primitives::blake2b;

use crate::workload::{Mined, ZEROS};
use crate::{clock, cores};

/// Nonces of one search of [`search`]: some tenths of a second of the slowest back end.
const NONCES: u64 = 1 << 20;

/// A search for so many zeros finds nothing: 3^40 tries are 1.2e19.
const ZEROS_NEVER_FOUND: u32 = 40;

/// Nonces per second of processor time of searches for the same target as the miner's, each of which goes on after its hits.
pub(crate) fn search(backend: Backend, mined: &Mined, seconds: f64) -> anyhow::Result<f64> {
    let stop = AtomicBool::new(false);
    let digest = blake2b::hash(&mined.body);
    let mut first = None;
    let rate = clock::per_cpu_second(seconds, || {
        let mut search = Search::with_backend(backend, &digest, ZEROS, 0..=NONCES - 1);
        first = search.next_hit(&stop).nonce();
        while let Outcome::Found(nonce) = search.next_hit(&stop) {
            black_box(nonce);
        }
        search.tried()
    });
    ensure!(
        first == Some(mined.first_hit),
        "{backend} found {first:?}, the first hit is {}",
        mined.first_hit
    );
    Ok(rate)
}

/// Messages per second of processor time that are scored one at a time.
pub(crate) fn score_single(backend: Backend, messages: &[Vec<u8>], seconds: f64) -> f64 {
    clock::per_cpu_second(seconds, || {
        for message in messages {
            black_box(score_with(backend, black_box(message)));
        }
        messages.len() as u64
    })
}

/// Messages per second of processor time that are scored all at once.
pub(crate) fn score_batched(backend: Backend, messages: &[Vec<u8>], seconds: f64) -> f64 {
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    clock::per_cpu_second(seconds, || {
        black_box(trailing_zeros_of_messages_with(backend, black_box(&messages)));
        messages.len() as u64
    })
}

/// What threads did together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Together {
    /// Nonces per second by the clock.
    pub(crate) rate: f64,
    /// Processor time per second: as many as there are threads, unless others use the cores as well.
    pub(crate) cores_had: f64,
}

/// Searches with a thread on each of `on_cores`.
pub(crate) fn threads(backend: Backend, on_cores: &[usize], seconds: f64) -> anyhow::Result<Together> {
    let stop = AtomicBool::new(false);
    let begin = Barrier::new(on_cores.len() + 1);
    let work = |core: usize| -> anyhow::Result<u64> {
        let pinned = cores::pin_to(core);
        let digest = blake2b::hash(&core.to_le_bytes());
        let mut search = Search::with_backend(backend, &digest, ZEROS_NEVER_FOUND, 0..=u64::MAX);
        begin.wait();
        let outcome = search.next_hit(&stop);
        ensure!(outcome == Outcome::Stopped, "a search that should find nothing ended with {outcome:?}");
        pinned.map(|()| search.tried())
    };
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = on_cores.iter().map(|core| scope.spawn(move || work(*core))).collect();
        begin.wait();
        let cpu_before = clock::cpu_seconds();
        let seconds = clock::wait(seconds);
        stop.store(true, Ordering::Relaxed);
        let cpu_seconds = clock::cpu_seconds() - cpu_before;
        let mut tried = 0;
        for worker in workers {
            tried += worker.join().ok().context("a thread of the measurement panicked")??;
        }
        Ok(Together { rate: tried as f64 / seconds, cores_had: cpu_seconds / seconds })
    })
}
