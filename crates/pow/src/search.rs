//! The search for a nonce, row by row.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use osmia_primitives::blake2b::Digest;

use crate::horizontal;
use crate::lanes::{SCANNER_WORDS, Scanner};
use crate::limits::{SEARCH_ZEROS, THREADS_MAX};

/// A search on one thread that can go on after a hit and after it was stopped.
///
/// It tries every nonce from the first one upwards, goes on at 0 after the last, and never ends by itself: with more
/// zeros than anyone can find (also more than the 243 a hash has) it runs until it is stopped.
#[derive(Debug)]
pub struct Search {
    digest: Digest,
    zeros: u32,
    scanner: Scanner,
    /// The row that is scanned next.
    next_row: u64,
    /// The row scanned last, and its lanes that are still to be looked at.
    row: u64,
    candidates: [u64; SCANNER_WORDS],
    /// Lanes of the next row that lie before the first nonce.
    skipped: u64,
    tried: u64,
}

impl Search {
    /// A search for nonces, from `start_nonce` on, with which the hash of `digest` ends with at least `zeros` zero
    /// trits. The digest is that of the message without its nonce (TIP-12).
    #[must_use]
    pub fn new(digest: &Digest, zeros: u32, start_nonce: u64) -> Search {
        let skipped = start_nonce % Scanner::LANES;
        Search {
            digest: *digest,
            zeros,
            scanner: Scanner::new(digest),
            next_row: start_nonce - skipped,
            row: 0,
            candidates: [0; SCANNER_WORDS],
            skipped,
            tried: 0,
        }
    }

    /// The next hit in ascending order; `None` if `stop` was set before one was found. The flag is looked at before
    /// every 256 nonces.
    pub fn next_hit(&mut self, stop: &AtomicBool) -> Option<u64> {
        self.next_hit_until(|| stop.load(Ordering::Relaxed))
    }

    /// How many nonces were tried since the search was made.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.tried
    }

    pub(crate) fn next_hit_until(&mut self, stopped: impl Fn() -> bool) -> Option<u64> {
        loop {
            while let Some(nonce) = self.take_candidate() {
                // What the scanner found counts only if the other implementation agrees.
                if horizontal::trailing_zeros(&self.digest, nonce) >= self.zeros {
                    return Some(nonce);
                }
            }
            if stopped() {
                return None;
            }
            self.scan_row();
        }
    }

    /// The lowest candidate of the last row.
    fn take_candidate(&mut self) -> Option<u64> {
        for (lanes, first) in self.candidates.iter_mut().zip((self.row..).step_by(64)) {
            if *lanes != 0 {
                let nonce = first + u64::from(lanes.trailing_zeros());
                *lanes &= *lanes - 1;
                return Some(nonce);
            }
        }
        None
    }

    fn scan_row(&mut self) {
        self.row = self.next_row;
        self.candidates = self.scanner.scan(self.row, self.zeros.min(SEARCH_ZEROS) as usize);
        for (lanes, first) in self.candidates.iter_mut().zip((0..).step_by(64)) {
            let skipped = self.skipped.saturating_sub(first);
            *lanes &= u64::MAX.checked_shl(u32::try_from(skipped).unwrap_or(u32::MAX)).unwrap_or(0);
        }
        self.tried = self.tried.saturating_add(Scanner::LANES - self.skipped);
        self.skipped = 0;
        self.next_row = self.row.wrapping_add(Scanner::LANES);
    }
}

/// The first nonce from `start_nonce` on (going on at 0 after the last) with which the hash of `digest` ends with at
/// least `zeros` zero trits; `None` if `stop` was set before one was found. See [`Search`].
#[must_use]
pub fn search(digest: &Digest, zeros: u32, start_nonce: u64, stop: &AtomicBool) -> Option<u64> {
    Search::new(digest, zeros, start_nonce).next_hit(stop)
}

/// Like [`search`], on `threads` threads (at most [`THREADS_MAX`]), this one among them, which start at equal
/// distances in the space of nonces, the first at 0. Which of several possible nonces is returned depends on the
/// threads' speed. If the system refuses a thread, the others do the work.
#[must_use]
pub fn search_threads(digest: &Digest, zeros: u32, threads: NonZeroUsize, stop: &AtomicBool) -> Option<u64> {
    let found = AtomicBool::new(false);
    let hit = Mutex::new(None);
    let work = |start_nonce| {
        let stopped = || stop.load(Ordering::Relaxed) || found.load(Ordering::Relaxed);
        if let Some(nonce) = Search::new(digest, zeros, start_nonce).next_hit_until(stopped) {
            found.store(true, Ordering::Relaxed);
            hit.lock().expect("because no thread panics while it holds the lock").get_or_insert(nonce);
        }
    };
    let threads = threads.get().min(THREADS_MAX) as u64;
    let distance = u64::MAX / threads;
    thread::scope(|scope| {
        for thread in 1..threads {
            let work = &work;
            let spawned = thread::Builder::new()
                .name(format!("pow-{thread}"))
                .spawn_scoped(scope, move || work(thread * distance));
            if spawned.is_err() {
                break;
            }
        }
        work(0);
    });
    hit.into_inner().expect("because no thread panics while it holds the lock")
}

#[cfg(test)]
mod tests;
