//! One run of each figure. Rates are of threads that begin together and are told to stop; verification is of one thread.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use osmia_pow::{Backend, Outcome, Search, score_with, trailing_zeros_of_messages_with};
use osmia_primitives::blake2b;

use super::processor;
use crate::bench::measure::{own_thread_cpu_seconds, process_cpu_seconds};
use crate::bench::workload::Noise;
use crate::clock;

/// A search for so many zeros finds nothing: 3^40 tries are 1.2e19.
const ZEROS_NEVER_FOUND: u32 = 40;

/// Messages that are verified one after the other; with 300 bytes each they fit a second-level cache.
const MESSAGES: usize = 512;

/// Verifications between two looks at the clock, which takes about 0.3 µs.
const BETWEEN_CLOCKS: usize = 64;

/// Nonces per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// By the clock.
    pub(super) per_second: f64,
    /// By the processor time of the process.
    pub(super) per_cpu_second: f64,
}

/// Random messages that are all different.
pub(super) fn messages(bytes: usize) -> Vec<Vec<u8>> {
    let mut noise = Noise::new(7);
    let mut byte = || u8::try_from(noise.below(256)).unwrap_or(0);
    (0..MESSAGES).map(|_| (0..bytes).map(|_| byte()).collect()).collect()
}

/// The hash rate of `threads` threads together, for `seconds`, thread by thread on the cores of `pinned` when there are as
/// many.
pub(super) fn rate(backend: Backend, threads: usize, seconds: f64, pinned: &[usize]) -> anyhow::Result<Rate> {
    let stop = AtomicBool::new(false);
    let begin = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let (stop, begin) = (&stop, &begin);
                let core = pinned.get(number).copied().filter(|_| threads <= pinned.len());
                scope.spawn(move || search_until(backend, number, core, begin, stop))
            })
            .collect();
        begin.wait();
        let started = clock::Stopwatch::start();
        let cpu_before = process_cpu_seconds();
        clock::pause(Duration::from_secs_f64(seconds));
        stop.store(true, Ordering::Relaxed);
        let seconds = started.seconds();
        let mut tried = 0.0;
        for worker in workers {
            tried += worker.join().ok().context("a thread of the measurement panicked")??;
        }
        let cpu_seconds = process_cpu_seconds() - cpu_before;
        Ok(Rate { per_second: tried / seconds, per_cpu_second: tried / cpu_seconds })
    })
}

/// Searches in vain from the common beginning until it is told to stop; how many nonces it tried.
#[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
fn search_until(
    backend: Backend,
    number: usize,
    core: Option<usize>,
    begin: &Barrier,
    stop: &AtomicBool,
) -> anyhow::Result<f64> {
    if let Some(core) = core {
        // Where the system refuses, the thread runs where it can.
        processor::pin_to(core);
    }
    let digest = blake2b::hash(&number.to_le_bytes());
    let mut search = Search::with_backend(backend, &digest, ZEROS_NEVER_FOUND, 0..=u64::MAX);
    begin.wait();
    let outcome = search.next_hit(stop);
    ensure!(outcome == Outcome::Stopped, "a search that should find nothing ended with {outcome:?}");
    Ok(search.tried() as f64)
}

/// Processor time of verifying one message, in ns, when they come one at a time.
pub(super) fn verify_single(backend: Backend, messages: &[Vec<u8>], seconds: f64) -> f64 {
    nanoseconds_per_message(messages, BETWEEN_CLOCKS, seconds, |group| {
        for message in group {
            black_box(score_with(backend, message));
        }
    })
}

/// The same when they come in batches of `batch`.
pub(super) fn verify_batched(backend: Backend, messages: &[Vec<u8>], batch: usize, seconds: f64) -> f64 {
    nanoseconds_per_message(messages, batch, seconds, |group| {
        black_box(trailing_zeros_of_messages_with(backend, group));
    })
}

/// Calls `verify` with `group` messages at a time, over and over.
#[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
fn nanoseconds_per_message(
    messages: &[Vec<u8>],
    group: usize,
    seconds: f64,
    verify: impl Fn(&[&[u8]]),
) -> f64 {
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let mut verified = 0;
    let started = own_thread_cpu_seconds();
    for group in messages.chunks_exact(group).cycle() {
        verify(black_box(group));
        verified += group.len();
        let passed = own_thread_cpu_seconds() - started;
        if passed >= seconds {
            return passed * 1e9 / verified as f64;
        }
    }
    // Only without messages.
    f64::NAN
}
