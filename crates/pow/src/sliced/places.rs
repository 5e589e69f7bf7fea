//! The order in which the passes for wide registers take the cells, as tables.
//!
//! A pass of `k` rounds numbers the cells so that what it combines lies close together: the cell `n` of pass `p` is at
//! the place `364^(k p + k) n`, and to make it the pass reads cells near `n`. It walks upwards if `k` is odd and
//! downwards if it is even, so that the far operand of its first round always lies ahead. A table has the places along
//! the walk.

#![expect(clippy::indexing_slicing, reason = "tables are made, and their indices checked, at build time")]

use crate::curl::{ROUNDS, stride_power};
use crate::limits::STATE_TRITS;
use crate::sliced::state::{CELLS, LAST_ROUNDS};

/// A place as the passes use it: multiplied so that four or eight times it is the distance in bytes of cells of 64 or
/// 128 bytes.
pub(super) type Offset = u16;

/// What a place is multiplied by.
const OFFSET_UNIT: usize = 16;

/// The first place behind the ring of 729. A pass that overwrites what it reads keeps its first cells here, because
/// the last ones read them again.
pub(super) const SAVED: usize = STATE_TRITS;

/// How the passes of an implementation walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passes {
    /// Rounds of a pass.
    pub(crate) rounds: usize,
    /// Where the reading begins: that many cells before the first one that is made.
    pub(super) before: usize,
    /// The furthest cell along the walk that is read to make one.
    pub(super) ahead: usize,
    /// Cells are made that many at a time, so sometimes a few more than asked for.
    pub(super) turn: usize,
}

/// Three rounds: the second operands lie 4 ahead, 2 back and 1 ahead.
pub(super) const THREE: Passes = Passes { rounds: 3, before: 6, ahead: 5, turn: 6 };

/// Four rounds: along the walk 8 ahead, 4 back, 2 ahead and 1 back.
pub(super) const FOUR: Passes = Passes { rounds: 4, before: 6, ahead: 10, turn: 8 };

impl Passes {
    /// Passes before the last rounds, which are made one by one.
    pub(crate) const fn count(self) -> usize {
        (ROUNDS - LAST_ROUNDS) / self.rounds
    }

    /// Turns for `cells` cells.
    pub(super) const fn turns(self, cells: usize) -> usize {
        cells.div_ceil(self.turn)
    }

    /// Entries of a table for walks of up to `cells` cells.
    pub(super) const fn entries(self, cells: usize) -> usize {
        self.before + self.turns(cells) * self.turn + self.ahead
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

/// Entries of the table of a pass in place.
pub(super) const fn whole_entries(passes: Passes) -> usize {
    passes.entries(STATE_TRITS)
}

/// Entries of the table of a pass that begins anywhere and goes around the ring once.
pub(super) const fn around_entries(passes: Passes) -> usize {
    STATE_TRITS + passes.entries(STATE_TRITS)
}

/// The passes that are made for a part of the cells or from another state: the first ones.
pub(super) const AROUND_PASSES: usize = 3;

/// The tables of all passes in place; those of the walk's cell 0 at the entry [`Passes::before`]. What the last cells
/// read beyond the ring is behind it, from [`SAVED`] on.
pub(super) const fn in_place<const ENTRIES: usize, const PASSES: usize>(
    passes: Passes,
) -> [[Offset; ENTRIES]; PASSES] {
    let mut tables = around(passes);
    let mut pass = 0;
    while pass < PASSES {
        let mut entry = passes.before + STATE_TRITS;
        while entry < ENTRIES {
            tables[pass][entry] = offset(SAVED + entry - passes.before - STATE_TRITS);
            entry += 1;
        }
        pass += 1;
    }
    tables
}

/// The tables of the first passes, all around the ring; those of the walk's cell 0 at the entry [`Passes::before`].
pub(super) const fn around<const ENTRIES: usize, const PASSES: usize>(
    passes: Passes,
) -> [[Offset; ENTRIES]; PASSES] {
    let mut tables = [[0; ENTRIES]; PASSES];
    let mut pass = 0;
    while pass < PASSES {
        let stride = passes.place(pass, 1);
        let mut place = passes.place(pass, STATE_TRITS - passes.before);
        let mut entry = 0;
        while entry < ENTRIES {
            tables[pass][entry] = offset(place);
            place = (place + stride) % STATE_TRITS;
            entry += 1;
        }
        pass += 1;
    }
    tables
}

/// The place that an entry of a table stands for.
pub(super) fn place_of(entry: Offset) -> usize {
    usize::from(entry) / OFFSET_UNIT
}

#[expect(clippy::cast_possible_truncation, reason = "1024 times 16 is below 2^16")]
const fn offset(place: usize) -> Offset {
    assert!(place < CELLS, "a place must lie inside the array of cells");
    (place * OFFSET_UNIT) as Offset
}
