//! The 729 cells of a state, and which implementation makes the rounds over them.

use crate::Backend;
use crate::curl::{ROUNDS, stride_power};
use crate::limits::STATE_TRITS;
use crate::sliced::passes::{FOUR, Interval, Passes, THREE};
#[cfg(target_arch = "x86_64")]
use crate::sliced::x86;
use crate::sliced::{Cell, Word, portable};

/// The array is longer than the 729 places in use so that a mask keeps every index inside it, and for the cells that a
/// pass keeps behind the ring.
pub(super) const CELLS: usize = STATE_TRITS.next_power_of_two();

/// Rounds that [`State::last_rounds`] makes one by one: three turns of the codes.
pub(super) const LAST_ROUNDS: usize = 9;

/// The most trits at the end of the hash that [`State::last_rounds`] can give: the cells that reach them through nine
/// rounds, the trits and 511 more, must not meet around the ring of 729.
pub(super) const LAST_TRITS_MAX: usize = STATE_TRITS - ((1 << LAST_ROUNDS) - 1);

/// Where the trits of a finished hash are: trit `i` at `364^81 i`.
pub(crate) const HASH_STRIDE: usize = stride_power(ROUNDS);

/// The states of `64 N` hashes, and the back end that computes them.
#[derive(Clone, Debug)]
pub(crate) struct State<const N: usize> {
    memory: Box<Memory<N>>,
    backend: Backend,
}

/// Begins with a cache line, so that no cell lies across two.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Memory<const N: usize> {
    pub(super) cells: [Cell<N>; CELLS],
}

impl<const N: usize> State<N> {
    /// All trits zero.
    ///
    /// # Panics
    /// When this processor cannot run the back end.
    pub(crate) fn new(backend: Backend) -> State<N> {
        assert!(backend.is_available(), "this processor cannot run the back end {backend}");
        State { memory: Box::new(Memory { cells: [Cell::ZERO; CELLS] }), backend }
    }

    /// All trits from `place` on zero again.
    pub(crate) fn clear_from(&mut self, place: usize) {
        self.memory.cells.iter_mut().skip(place).for_each(|cell| *cell = Cell::ZERO);
    }

    /// The cell at `place`, below 729.
    pub(crate) fn cell(&self, place: usize) -> &Cell<N> {
        self.memory.cells.get(place).expect("because a place is below 729")
    }

    /// The cell at `place`, below 729.
    pub(crate) fn cell_mut(&mut self, place: usize) -> &mut Cell<N> {
        self.memory.cells.get_mut(place).expect("because a place is below 729")
    }

    /// How the passes of the back end go.
    pub(crate) const fn passes(&self) -> Passes {
        match self.backend {
            Backend::Portable | Backend::Avx2 => THREE,
            Backend::Avx512 => FOUR,
        }
    }

    /// Pass `pass` (from 0) of a hash, for all cells.
    pub(crate) fn pass(&mut self, pass: usize) {
        match self.backend {
            Backend::Portable => portable::pass(&mut self.memory, pass),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => x86::pass_avx2(&mut self.memory, pass),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => x86::pass_avx512(&mut self.memory, pass),
            #[cfg(not(target_arch = "x86_64"))]
            Backend::Avx2 | Backend::Avx512 => unreachable!("{} is of other processors", self.backend),
        }
    }

    /// One of the first three passes of a hash from the cells of another state, and only for the cells of `interval` (and
    /// perhaps some next to it).
    pub(crate) fn pass_of(&mut self, before: &State<N>, pass: usize, interval: Interval) {
        let passes = self.passes();
        let (first, count) = (passes.first_step(interval), interval.count);
        match self.backend {
            Backend::Portable => {
                portable::pass_of(&mut self.memory, &before.memory, pass, first, count);
            }
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => x86::pass_of_avx2(&mut self.memory, &before.memory, pass, first, count),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => x86::pass_of_avx512(&mut self.memory, &before.memory, pass, first, count),
            #[cfg(not(target_arch = "x86_64"))]
            Backend::Avx2 | Backend::Avx512 => unreachable!("{} is of other processors", self.backend),
        }
    }

    /// The last nine rounds, only for the cells that the last `trits` (at most 218) trits of the hash depend on.
    pub(crate) fn last_rounds(&mut self, trits: usize) {
        match self.backend {
            Backend::Portable => portable::last_rounds(&mut self.memory, trits),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => x86::last_rounds_avx2(&mut self.memory, trits),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => x86::last_rounds_avx512(&mut self.memory, trits),
            #[cfg(not(target_arch = "x86_64"))]
            Backend::Avx2 | Backend::Avx512 => unreachable!("{} is of other processors", self.backend),
        }
    }

    /// After all rounds: the lanes in which trit `trit` of the hash is not zero.
    pub(crate) fn nonzero(&self, trit: usize) -> Word<N> {
        let cell = self.cell(trit * HASH_STRIDE % STATE_TRITS);
        cell.high.or(cell.low)
    }
}
