//! The rounds in portable form: three rounds a pass.

#![expect(
    clippy::indexing_slicing,
    reason = "every index is masked to the length of the array, which costs the loops less than a checked branch"
)]

use crate::limits::{HASH_TRITS, STATE_TRITS};
use crate::sliced::Cell;
use crate::sliced::passes::THREE;
use crate::sliced::state::{CELLS, HASH_STRIDE, LAST_ROUNDS, LAST_TRITS_MAX, Memory};

const INDEX_MASK: usize = CELLS - 1;

/// The distance of neighbours in the numbering of each pass.
const STRIDES: [usize; THREE.count()] = {
    let mut strides = [0; THREE.count()];
    let mut pass = 0;
    while pass < strides.len() {
        strides[pass] = THREE.place(pass, 1);
        pass += 1;
    }
    strides
};

/// Every `stride`-th place around the ring of 729, starting anywhere.
#[derive(Clone, Copy)]
struct Walk {
    place: usize,
    stride: usize,
}

impl Walk {
    /// The walk over the places `number * stride`, from `number` (below 729) on.
    #[inline(always)]
    fn from(number: usize, stride: usize) -> Walk {
        Walk { place: number % STATE_TRITS * stride % STATE_TRITS, stride }
    }

    #[inline(always)]
    fn next(&mut self) -> usize {
        let place = self.place;
        let ahead = place.wrapping_add(self.stride);
        self.place = if ahead >= STATE_TRITS { ahead.wrapping_sub(STATE_TRITS) } else { ahead };
        place & INDEX_MASK
    }
}

/// The results inside a pass that later cells need: of its first round the last two, of its second the last one.
struct Pass<const N: usize> {
    first_before: Cell<N>,
    first: Cell<N>,
    second: Cell<N>,
}

impl<const N: usize> Pass<N> {
    /// Takes in the next cell and the one 4 ahead of it; gives the finished cell before it.
    #[inline(always)]
    fn push(&mut self, near: Cell<N>, ahead: Cell<N>) -> Cell<N> {
        let first = Cell::round_first(near, ahead);
        let second = Cell::round_second(first, self.first_before);
        let finished = Cell::round_third(self.second, second);
        *self = Pass { first_before: self.first, first, second };
        finished
    }
}

/// The numbers `[from, from + 3)` of a state taken through the first two rounds of a pass.
#[inline(always)]
fn start<const N: usize>(cells: &[Cell<N>; CELLS], from: usize, stride: usize) -> Pass<N> {
    let mut near = Walk::from(from + STATE_TRITS - 2, stride);
    let mut ahead = Walk::from(from + 2, stride);
    let mut first = || Cell::round_first(cells[near.next()], cells[ahead.next()]);
    let (two_before, first_before, first) = (first(), first(), first());
    Pass { first_before, first, second: Cell::round_second(first, two_before) }
}

/// Pass `pass` (from 0) of a hash, for all cells: rounds `3 pass + 1` to `3 pass + 3`.
#[inline(never)]
pub(super) fn pass<const N: usize>(memory: &mut Memory<N>, pass: usize) {
    let stride = STRIDES[pass];
    // The walk comes back to its beginning: the first cells are needed once more after they were overwritten.
    let overwritten = [0, 1, 2, 3].map(|number| memory.cells[(number * stride % STATE_TRITS) & INDEX_MASK]);
    let mut running = start(&memory.cells, 0, stride);
    let cells = &mut memory.cells;
    let second_of_first_cell = running.second;

    // A place is the far operand first, four cells later the near one, then the result's.
    let mut walk = Walk::from(0, stride);
    let mut places = [0; 9].map(|_| walk.next());
    for _ in 0..(STATE_TRITS - 5) / 4 {
        // Four cells per turn of the loop, so that whatever is passed on keeps its register.
        for step in 0..4 {
            cells[places[step]] = running.push(cells[places[step + 1]], cells[places[step + 5]]);
        }
        let [.., a, b, c, d, e] = places;
        places = [a, b, c, d, e, walk.next(), walk.next(), walk.next(), walk.next()];
    }
    for (step, ahead) in overwritten.into_iter().enumerate() {
        cells[places[step]] = running.push(cells[places[step + 1]], ahead);
    }
    cells[places[4]] = Cell::round_third(running.second, second_of_first_cell);
}

/// Like [`pass`](pass()), but only for the cells that the pass numbers `from`, `from + 1` … (`count` of them), and from
/// the cells of another state.
#[inline(never)]
pub(super) fn pass_of<const N: usize>(
    memory: &mut Memory<N>,
    before: &Memory<N>,
    pass: usize,
    from: usize,
    count: usize,
) {
    let stride = STRIDES[pass];
    let (cells, source) = (&mut memory.cells, &before.cells);
    let mut running = start(source, from, stride);
    let mut near = Walk::from(from + 1, stride);
    let mut ahead = Walk::from(from + 5, stride);
    let mut out = Walk::from(from, stride);
    for _ in 0..count / 2 {
        cells[out.next()] = running.push(source[near.next()], source[ahead.next()]);
        cells[out.next()] = running.push(source[near.next()], source[ahead.next()]);
    }
    if count % 2 == 1 {
        cells[out.next()] = running.push(source[near.next()], source[ahead.next()]);
    }
}

/// The last nine rounds, only for the cells that the last `trits` trits of the hash depend on.
///
/// Numbered by [`HASH_STRIDE`], the second operand of round 81 lies 1 ahead, of round 80 2 back, of round 79 4 ahead,
/// and so on. Each round leaves an interval; the operands outside of it are read before they change because the interval
/// is walked towards them.
#[inline(always)]
pub(super) fn last_rounds<const N: usize>(memory: &mut Memory<N>, trits: usize) {
    assert!(trits <= LAST_TRITS_MAX.min(HASH_TRITS), "more trits than the last rounds can give");
    let mut interval = (STATE_TRITS + HASH_TRITS - trits, STATE_TRITS + HASH_TRITS);
    let mut intervals = [(0, 0); LAST_ROUNDS];
    for (back, slot) in intervals.iter_mut().enumerate() {
        *slot = interval;
        let reach = 1 << back;
        interval =
            if back % 2 == 0 { (interval.0, interval.1 + reach) } else { (interval.0 - reach, interval.1) };
    }
    for (back, (from, to)) in intervals.into_iter().enumerate().rev() {
        let places = if back % 2 == 0 {
            // Ahead: walk up.
            let reach = 1 << back;
            (Walk::from(from, HASH_STRIDE), Walk::from(from + reach, HASH_STRIDE))
        } else {
            // Back: walk down, by the stride that leads the other way round.
            let other_way =
                |number: usize| Walk { stride: STATE_TRITS - HASH_STRIDE, ..Walk::from(number, HASH_STRIDE) };
            (other_way(to - 1), other_way(to - 1 - (1 << back)))
        };
        match back % THREE.rounds {
            2 => round(memory, places, to - from, Cell::round_first),
            1 => round(memory, places, to - from, Cell::round_second),
            _ => round(memory, places, to - from, Cell::round_third),
        }
    }
}

/// One round for `count` cells and their second operands.
#[inline(always)]
fn round<const N: usize>(
    memory: &mut Memory<N>,
    (mut near, mut other): (Walk, Walk),
    count: usize,
    substitute: impl Fn(Cell<N>, Cell<N>) -> Cell<N>,
) {
    let cells = &mut memory.cells;
    for _ in 0..count {
        let place = near.next();
        cells[place] = substitute(cells[place], cells[other.next()]);
    }
}
