//! Passes: several rounds in one walk over the cells.
//!
//! A pass of `k` rounds numbers the cells so that what it combines lies close together: the cell `n` of pass `p` is at
//! the place `364^(k p + k) n`, and to make it the pass reads cells near `n`. It walks upwards if `k` is odd and
//! downwards if it is even, so that the far operand of its first round always lies ahead.

use crate::curl::{ROUNDS, stride_power};
use crate::limits::STATE_TRITS;
use crate::sliced::state::LAST_ROUNDS;

/// The passes of an implementation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passes {
    /// Rounds of a pass.
    pub(crate) rounds: usize,
}

/// Three rounds a pass: the second operands lie 4 ahead, 2 back and 1 ahead.
pub(super) const THREE: Passes = Passes { rounds: 3 };

/// Four rounds a pass: along the walk 8 ahead, 4 back, 2 ahead and 1 back.
pub(super) const FOUR: Passes = Passes { rounds: 4 };

impl Passes {
    /// Passes before the last rounds, which are made one by one.
    pub(crate) const fn count(self) -> usize {
        (ROUNDS - LAST_ROUNDS) / self.rounds
    }

    /// The place of the cell `step` steps along the walk of pass `pass`, all around the ring.
    pub(super) const fn place(self, pass: usize, step: usize) -> usize {
        let number = if self.walks_up() { step } else { STATE_TRITS - step % STATE_TRITS };
        number % STATE_TRITS * stride_power(self.rounds * (pass + 1)) % STATE_TRITS
    }

    /// How many steps along the walk the first of these cells is that it comes to.
    pub(super) const fn first_step(self, interval: Interval) -> usize {
        if self.walks_up() { interval.from } else { (2 * STATE_TRITS - interval.last()) % STATE_TRITS }
    }

    /// The cells that the next pass (at first: the first pass) computes from at least one of these, in the numbering of
    /// that pass.
    ///
    /// What has the number `n` before a pass of `k` rounds has the number `(-2)^k n` in it (364 is minus one half). The
    /// pass makes the cell `m` from the `2^k` cells from `m - 2` (three rounds) or `m - 10` (four rounds) to `m + 5`, so
    /// `n` is used from 5 cells before itself on.
    pub(crate) const fn reached(self, interval: Interval) -> Interval {
        const BACK: usize = 5;
        let factor = 1 << self.rounds;
        // The lowest number times the factor, made positive by going round often enough.
        let lowest = if self.walks_up() {
            factor * (2 * STATE_TRITS - interval.last())
        } else {
            factor * interval.from + STATE_TRITS
        };
        let count = factor * interval.count;
        Interval {
            from: (lowest - BACK) % STATE_TRITS,
            count: if count < STATE_TRITS { count } else { STATE_TRITS },
        }
    }

    /// Whether the walk takes the cells by ascending numbers.
    const fn walks_up(self) -> bool {
        self.rounds % 2 == 1
    }
}

/// Neighbouring cells in the numbering of some pass, around the ring of 729.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Number of the first cell, below 729.
    pub(crate) from: usize,
    /// 1 to 729.
    pub(crate) count: usize,
}

impl Interval {
    /// All cells.
    pub(crate) const WHOLE: Interval = Interval { from: 0, count: STATE_TRITS };

    /// The number of its last cell, perhaps beyond the ring.
    const fn last(self) -> usize {
        self.from + self.count - 1
    }
}
