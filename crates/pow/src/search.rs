//! The search for a nonce, row by row.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use osmia_primitives::blake2b::Digest;

use crate::lanes::Scanner;
use crate::limits::{ROW_WORDS_MAX, SEARCH_ZEROS, THREADS_MAX, ZEROS_MAX};
use crate::{Backend, ring};

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A nonce that proves the work.
    Found(u64),
    /// It was told to stop before it found one.
    Stopped,
    /// No nonce of the range proves the work, or no other than those found before.
    Exhausted,
}

impl Outcome {
    /// The nonce, if one was found.
    #[must_use]
    pub const fn nonce(self) -> Option<u64> {
        match self {
            Outcome::Found(nonce) => Some(nonce),
            Outcome::Stopped | Outcome::Exhausted => None,
        }
    }
}

/// A search on one thread that can go on after a hit and after it was stopped.
///
/// It tries every nonce of its range in ascending order, each once.
#[derive(Debug)]
pub struct Search {
    backend: Backend,
    digest: Digest,
    zeros: u32,
    scanner: Scanner,
    /// The nonces that no row was scanned for yet; `None` when all were.
    left: Option<RangeInclusive<u64>>,
    /// The row scanned last, and its lanes that are still to be looked at.
    row: u64,
    candidates: [u64; ROW_WORDS_MAX],
    tried: u64,
}

impl Search {
    /// A search among `nonces` for those with which the hash of `digest` ends with at least `zeros` zero trits, by
    /// the fastest back end of this processor. The digest is that of the message without its nonce (TIP-12).
    #[must_use]
    pub fn new(digest: &Digest, zeros: u32, nonces: RangeInclusive<u64>) -> Search {
        Self::with_backend(Backend::fastest(), digest, zeros, nonces)
    }

    /// Like [`Search::new`], by the given back end.
    ///
    /// # Panics
    /// When this processor cannot run it ([`Backend::is_available`]).
    #[must_use]
    pub fn with_backend(
        backend: Backend,
        digest: &Digest,
        zeros: u32,
        nonces: RangeInclusive<u64>,
    ) -> Search {
        // No hash has more zeros than trits.
        let is_possible = zeros <= ZEROS_MAX && !nonces.is_empty();
        Search {
            backend,
            digest: *digest,
            zeros,
            scanner: Scanner::new(backend, digest),
            left: is_possible.then_some(nonces),
            row: 0,
            candidates: [0; ROW_WORDS_MAX],
            tried: 0,
        }
    }

    /// The next hit in ascending order. `stop` is looked at before every row of 256 or 512 nonces.
    pub fn next_hit(&mut self, stop: &AtomicBool) -> Outcome {
        self.next_hit_until(|| stop.load(Ordering::Relaxed))
    }

    /// How many nonces were tried since the search was made.
    #[must_use]
    pub const fn tried(&self) -> u64 {
        self.tried
    }

    pub(crate) fn next_hit_until(&mut self, stopped: impl Fn() -> bool) -> Outcome {
        loop {
            while let Some(nonce) = self.take_candidate() {
                // What the scanner found counts only if the other implementation agrees.
                if ring::trailing_zeros(self.backend, &self.digest, nonce) >= self.zeros {
                    return Outcome::Found(nonce);
                }
            }
            let Some(left) = self.left.take() else { return Outcome::Exhausted };
            if stopped() {
                self.left = Some(left);
                return Outcome::Stopped;
            }
            self.scan_row(left);
        }
    }

    /// The lowest candidate of the last row.
    fn take_candidate(&mut self) -> Option<u64> {
        for (lanes, first) in self.candidates.iter_mut().zip((0..).step_by(64)) {
            if *lanes != 0 {
                let nonce = self.row + first + u64::from(lanes.trailing_zeros());
                *lanes &= *lanes - 1;
                return Some(nonce);
            }
        }
        None
    }

    /// Scans the row that holds the first nonce of `left`.
    fn scan_row(&mut self, left: RangeInclusive<u64>) {
        let (start, end) = left.into_inner();
        let last_lane = self.scanner.lanes() - 1;
        let skipped = start & last_lane;
        self.row = start - skipped;
        let row_end = self.row | last_lane;
        let last = row_end.min(end);
        self.candidates = self.scanner.scan(self.row, self.zeros.min(SEARCH_ZEROS) as usize);
        for (lanes, first) in self.candidates.iter_mut().zip((0..).step_by(64)) {
            *lanes &= lanes_from(skipped, first) & !lanes_from(last - self.row + 1, first);
        }
        self.tried = self.tried.saturating_add(last - start + 1);
        self.left = (row_end < end).then(|| row_end + 1..=end);
    }
}

/// The lanes of a word, whose first one is `first`, that are not before `lane`.
fn lanes_from(lane: u64, first: u64) -> u64 {
    let before = u32::try_from(lane.saturating_sub(first)).unwrap_or(u32::MAX);
    u64::MAX.checked_shl(before).unwrap_or(0)
}

/// The first of `nonces` with which the hash of `digest` ends with at least `zeros` zero trits. See [`Search`].
#[must_use]
pub fn search(digest: &Digest, zeros: u32, nonces: RangeInclusive<u64>, stop: &AtomicBool) -> Outcome {
    Search::new(digest, zeros, nonces).next_hit(stop)
}

/// Like [`search`], on `threads` threads (at most [`THREADS_MAX`]), this one among them, each with its part of the
/// range. Which of several possible nonces is returned depends on the threads' speed. If the system refuses a
/// thread, its part is searched after the others.
#[must_use]
pub fn search_threads(
    digest: &Digest,
    zeros: u32,
    nonces: RangeInclusive<u64>,
    threads: NonZeroUsize,
    stop: &AtomicBool,
) -> Outcome {
    search_threads_with(Backend::fastest(), digest, zeros, nonces, threads, stop)
}

/// Like [`search_threads`], by the given back end.
///
/// # Panics
/// When this processor cannot run it ([`Backend::is_available`]).
#[must_use]
pub fn search_threads_with(
    backend: Backend,
    digest: &Digest,
    zeros: u32,
    nonces: RangeInclusive<u64>,
    threads: NonZeroUsize,
    stop: &AtomicBool,
) -> Outcome {
    let found = AtomicBool::new(false);
    let outcomes = Mutex::new(Vec::new());
    let stopped = || stop.load(Ordering::Relaxed) || found.load(Ordering::Relaxed);
    let work = |part: RangeInclusive<u64>| {
        let outcome = Search::with_backend(backend, digest, zeros, part).next_hit_until(stopped);
        if outcome.nonce().is_some() {
            found.store(true, Ordering::Relaxed);
        }
        outcomes.lock().expect("because no thread panics while it holds the lock").push(outcome);
    };
    // Where nothing can be found one thread is enough to see it.
    let threads = if zeros > ZEROS_MAX { 1 } else { threads.get().min(THREADS_MAX) };
    let mut parts = parts(nonces, threads as u64).into_iter();
    let own = parts.next();
    thread::scope(|scope| {
        let work = &work;
        let mut refused = Vec::new();
        for (number, part) in parts.enumerate() {
            let search = part.clone();
            let spawned = thread::Builder::new()
                .name(format!("pow-{}", number + 1))
                .spawn_scoped(scope, move || work(search));
            if spawned.is_err() {
                refused.push(part);
            }
        }
        for part in own.into_iter().chain(refused) {
            work(part);
        }
    });
    let outcomes = outcomes.into_inner().expect("because no thread panics while it holds the lock");
    let hit = outcomes.iter().find(|outcome| outcome.nonce().is_some());
    let stopped = outcomes.iter().find(|outcome| **outcome == Outcome::Stopped);
    *hit.or(stopped).unwrap_or(&Outcome::Exhausted)
}

/// A range in at most `count` parts of equal length, the last one a little longer.
fn parts(nonces: RangeInclusive<u64>, count: u64) -> Vec<RangeInclusive<u64>> {
    let (start, end) = nonces.into_inner();
    let Some(distance) = end.checked_sub(start) else { return Vec::new() };
    let count = count.min(distance.saturating_add(1));
    // At least 1, because there are no more parts than nonces. Too long for 64 bits only if it is the only part.
    let length = (u128::from(distance) + 1) / u128::from(count);
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let first = |part| start + part * length;
    let last = |part| if part + 1 == count { end } else { first(part + 1) - 1 };
    (0..count).map(|part| first(part)..=last(part)).collect()
}

#[cfg(test)]
mod tests;
