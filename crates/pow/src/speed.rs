//! How fast this machine computes proof of work. Time comes from the caller's clock.

use std::hint::black_box;
use std::time::Duration;

use osmia_primitives::blake2b::{self, Digest};

use crate::horizontal;
use crate::lanes::Verifier;
use crate::{Search, ZEROS_UNREACHABLE, trailing_zeros, trailing_zeros_batch};

/// The fastest of many short runs on one thread; other work on the machine only ever makes a run slower.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Nonces tried per second in a search.
    pub search_nonces_per_second: f64,
    /// Nanoseconds per hash, trit by trit (the reference).
    pub scalar_ns: f64,
    /// Nanoseconds per hash, one at a time.
    pub horizontal_ns: f64,
    /// Nanoseconds for one group of hashes in sliced form, whether it is full or not.
    pub sliced_group_ns: f64,
    /// Hashes in a full group.
    pub sliced_group_hashes: usize,
}

impl Speed {
    /// Nanoseconds per hash in a full group.
    #[must_use]
    pub fn sliced_ns(&self) -> f64 {
        self.sliced_group_ns / self.sliced_group_hashes as f64
    }
}

/// Measures each implementation for about `budget` by `clock`, which gives the time since any fixed moment.
#[must_use]
pub fn measure(budget: Duration, clock: &dyn Fn() -> Duration) -> Speed {
    let items = inputs(Verifier::LANES);
    let mut verifier = Verifier::new();
    let mut counts = Vec::with_capacity(items.len());
    let sliced_group_ns = fastest_ns(budget, clock, 4, || {
        counts.clear();
        verifier.trailing_zeros(black_box(&items), &mut counts);
    });
    let one = |of: fn(&Digest, u64) -> u32| {
        let mut items = items.iter().cycle();
        fastest_ns(budget, clock, 64, || {
            if let Some((digest, nonce)) = items.next() {
                black_box(of(digest, *nonce));
            }
        })
    };
    Speed {
        search_nonces_per_second: search_speed(budget, clock),
        scalar_ns: one(trailing_zeros),
        horizontal_ns: one(horizontal::trailing_zeros),
        sliced_group_ns,
        sliced_group_hashes: Verifier::LANES,
    }
}

/// Nanoseconds per hash of [`trailing_zeros_batch`] for a batch of `len`, measured as in [`measure`].
#[must_use]
pub fn measure_batch(len: usize, budget: Duration, clock: &dyn Fn() -> Duration) -> f64 {
    let items = inputs(len);
    let ns = fastest_ns(budget, clock, 1, || {
        black_box(trailing_zeros_batch(black_box(&items)));
    });
    ns / len.max(1) as f64
}

/// A search for more zeros than exist, interrupted again and again.
fn search_speed(budget: Duration, clock: &dyn Fn() -> Duration) -> f64 {
    let digest = blake2b::hash(b"speed");
    let mut search = Search::new(&digest, ZEROS_UNREACHABLE, 0);
    let mut fastest = 0.0f64;
    let begin = clock();
    let mut now = begin;
    while now - begin < budget {
        let before = (now, search.tried());
        for _ in 0..256 {
            let rows = std::cell::Cell::new(1);
            assert!(search.next_hit_until(|| rows.replace(0) == 0).is_none(), "nothing has so many zeros");
        }
        now = clock();
        let seconds = (now - before.0).as_secs_f64();
        if seconds > 0.0 {
            fastest = fastest.max((search.tried() - before.1) as f64 / seconds);
        }
    }
    fastest
}

/// The fewest nanoseconds per call of `work`, in runs of `calls` calls.
fn fastest_ns(budget: Duration, clock: &dyn Fn() -> Duration, calls: u32, mut work: impl FnMut()) -> f64 {
    let mut fastest = f64::MAX;
    let begin = clock();
    let mut now = begin;
    while now - begin < budget {
        let before = now;
        for _ in 0..calls {
            work();
        }
        now = clock();
        fastest = fastest.min((now - before).as_secs_f64());
    }
    fastest * 1e9 / f64::from(calls)
}

fn inputs(len: usize) -> Vec<(Digest, u64)> {
    (0..len as u64)
        .map(|nonce| (blake2b::hash(&nonce.to_le_bytes()), nonce.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect()
}
