//! In which order the passes in instructions take the cells: tables of places, made and checked at build time.

#![expect(
    clippy::indexing_slicing,
    reason = "tables are made at build time, and passes are numbers of this crate"
)]

use crate::limits::STATE_TRITS;
use crate::sliced::passes::{FOUR, Passes, THREE};
use crate::sliced::state::CELLS;

/// A place, multiplied so that four or eight times it is the distance in bytes of cells of 64 or 128 bytes.
type Entry = u16;

/// What a place is multiplied by.
const ENTRY_UNIT: usize = 16;

/// The first place behind the ring of 729. A pass that overwrites what it reads keeps its first cells here, because
/// the last ones read them again.
pub(super) const SAVED: usize = STATE_TRITS;

/// The first passes are made for a part of the cells, or from another state, too.
const AROUND_PASSES: usize = 3;

/// Where the reading begins: so many cells before the first one that is made. A pass fills its registers in one turn,
/// which makes nothing; one of eight steps ends with the reading two cells ahead of the writing.
const BEFORE: usize = 6;

/// How a walk goes.
struct Walk {
    passes: Passes,
    /// The furthest cell along the walk that is read to make one.
    ahead: usize,
    /// Cells are made that many at a time, so sometimes a few more than asked for.
    turn: usize,
}

const WALK_OF_THREE: Walk = Walk { passes: THREE, ahead: 5, turn: 6 };
const WALK_OF_FOUR: Walk = Walk { passes: FOUR, ahead: 10, turn: 8 };

static THREE_IN_PLACE: [[Entry; WALK_OF_THREE.entries(STATE_TRITS)]; THREE.count()] =
    WALK_OF_THREE.in_place();
static THREE_AROUND: [[Entry; STATE_TRITS + WALK_OF_THREE.entries(STATE_TRITS)]; AROUND_PASSES] =
    WALK_OF_THREE.around();
static FOUR_IN_PLACE: [[Entry; WALK_OF_FOUR.entries(STATE_TRITS)]; FOUR.count()] = WALK_OF_FOUR.in_place();
static FOUR_AROUND: [[Entry; STATE_TRITS + WALK_OF_FOUR.entries(STATE_TRITS)]; AROUND_PASSES] =
    WALK_OF_FOUR.around();

/// An order for a pass of so many rounds: the places along a walk, from [`BEFORE`] before the first cell that is made to
/// the furthest cell that its last turn reads.
///
/// Invariants, which instructions rely on: it has the entries for its turns, at least one turn, and every entry is 16
/// times a place below 1024. Only this module makes one.
#[derive(Clone, Copy)]
pub(super) struct Order<const PASS_ROUNDS: usize> {
    entries: &'static [Entry],
    turns: usize,
}

impl<const PASS_ROUNDS: usize> Order<PASS_ROUNDS> {
    /// The first of its entries.
    pub(super) const fn as_ptr(self) -> *const u16 {
        self.entries.as_ptr()
    }

    /// How many turns it is for.
    pub(super) const fn turns(self) -> usize {
        self.turns
    }

    /// The order for `count` (1 to 729) cells from the cell `first` (below 729) of a table on.
    fn part(walk: &Walk, table: &'static [Entry], first: usize, count: usize) -> Self {
        assert!(count > 0, "a walk makes at least one cell");
        let entries =
            table.get(first..first + walk.entries(count)).expect("because a walk lies in its table");
        Self { entries, turns: walk.turns(count) }
    }
}

impl Order<3> {
    /// Pass `pass` for all cells, in place; the first cells must have been saved.
    pub(super) fn whole(pass: usize) -> Self {
        Self::part(&WALK_OF_THREE, &THREE_IN_PLACE[pass], 0, STATE_TRITS)
    }

    /// One of the first passes for `count` steps from the step `first` of its walk on.
    pub(super) fn around(pass: usize, first: usize, count: usize) -> Self {
        Self::part(&WALK_OF_THREE, &THREE_AROUND[pass], first, count)
    }

    /// The places of the cells to be saved before pass `pass` in place.
    pub(super) fn saved(pass: usize) -> impl Iterator<Item = usize> {
        WALK_OF_THREE.saved(&THREE_IN_PLACE[pass])
    }
}

impl Order<4> {
    /// Pass `pass` for all cells, in place; the first cells must have been saved.
    pub(super) fn whole(pass: usize) -> Self {
        Self::part(&WALK_OF_FOUR, &FOUR_IN_PLACE[pass], 0, STATE_TRITS)
    }

    /// One of the first passes for `count` steps from the step `first` of its walk on.
    pub(super) fn around(pass: usize, first: usize, count: usize) -> Self {
        Self::part(&WALK_OF_FOUR, &FOUR_AROUND[pass], first, count)
    }

    /// The places of the cells to be saved before pass `pass` in place.
    pub(super) fn saved(pass: usize) -> impl Iterator<Item = usize> {
        WALK_OF_FOUR.saved(&FOUR_IN_PLACE[pass])
    }
}

impl Walk {
    /// Turns for `cells` cells.
    const fn turns(&self, cells: usize) -> usize {
        cells.div_ceil(self.turn)
    }

    /// Entries of an order for `cells` cells.
    const fn entries(&self, cells: usize) -> usize {
        BEFORE + self.turns(cells) * self.turn + self.ahead
    }

    /// The places of the first cells of a table, which the last cells of a walk in place read again.
    fn saved(&self, table: &'static [Entry]) -> impl Iterator<Item = usize> + use<> {
        table.iter().skip(BEFORE).take(self.ahead).map(|entry| usize::from(*entry) / ENTRY_UNIT)
    }

    /// The tables of passes in place. What is read beyond the ring is behind it, from [`SAVED`] on.
    const fn in_place<const ENTRIES: usize, const PASSES: usize>(&self) -> [[Entry; ENTRIES]; PASSES] {
        let mut tables = self.around();
        let mut pass = 0;
        while pass < PASSES {
            let mut step = STATE_TRITS;
            while BEFORE + step < ENTRIES {
                tables[pass][BEFORE + step] = entry(SAVED + step - STATE_TRITS);
                step += 1;
            }
            pass += 1;
        }
        tables
    }

    /// The tables of passes around the ring.
    const fn around<const ENTRIES: usize, const PASSES: usize>(&self) -> [[Entry; ENTRIES]; PASSES] {
        let mut tables = [[0; ENTRIES]; PASSES];
        let mut pass = 0;
        while pass < PASSES {
            let stride = self.passes.place(pass, 1);
            let mut place = self.passes.place(pass, STATE_TRITS - BEFORE);
            let mut index = 0;
            while index < ENTRIES {
                tables[pass][index] = entry(place);
                place = (place + stride) % STATE_TRITS;
                index += 1;
            }
            pass += 1;
        }
        tables
    }
}

#[expect(clippy::cast_possible_truncation, reason = "1024 times 16 is below 2^16")]
const fn entry(place: usize) -> Entry {
    assert!(place < CELLS, "a place must lie inside the array of cells");
    (place * ENTRY_UNIT) as Entry
}
