//! Rows of consecutive nonces for one digest.

use osmia_primitives::b1t6::{self, TRITS_PER_BYTE};
use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::limits::{HASH_TRITS, NONCE_BYTES};
use crate::sliced::passes::Interval;
use crate::sliced::{Cell, State, Word};

/// The first trit of the nonce, after the 32 bytes of the digest.
const NONCE_TRIT: usize = 32 * TRITS_PER_BYTE;

/// Finds the nonces among `64 N` consecutive ones whose hash ends with zeros.
///
/// From one row to the next only some trits of the nonce change, mostly two or three. The states after the first and the
/// second pass are kept, and only the cells that the changed trits reach are computed again: with three rounds a pass 8
/// per trit in the first pass and 64 in the second.
#[derive(Debug)]
pub(crate) struct Scanner<const N: usize> {
    input: State<N>,
    after_first: State<N>,
    after_second: State<N>,
    work: State<N>,
    /// The first nonce of the row that the states hold.
    row: Option<u64>,
}

impl<const N: usize> Scanner<N> {
    /// How many nonces a row has.
    pub(crate) const LANES: u64 = 64 * N as u64;

    /// A scanner for nonces to go with `digest`.
    pub(crate) fn new(backend: Backend, digest: &Digest) -> Scanner<N> {
        let mut input = State::new(backend);
        for (place, trit) in b1t6::encode(digest).enumerate() {
            *input.cell_mut(place) = uniform(trit);
        }
        Scanner {
            input,
            after_first: State::new(backend),
            after_second: State::new(backend),
            work: State::new(backend),
            row: None,
        }
    }

    /// The lanes of the row whose hash ends with `zeros` zero trits or more. Lane `i` is the nonce `first + i`;
    /// `first` is a multiple of [`Scanner::LANES`]. At most 218 zeros.
    pub(crate) fn scan(&mut self, first: u64, zeros: usize) -> [u64; N] {
        self.move_to(first);
        self.work.pass_of(&self.after_second, 2, Interval::WHOLE);
        for pass in 3..self.work.passes().count() {
            self.work.pass(pass);
        }
        self.work.last_rounds(zeros);
        let nonzero = (HASH_TRITS - zeros..HASH_TRITS)
            .fold(Word::ZERO, |nonzero, trit| self.work.nonzero(trit).or(nonzero));
        nonzero.0.map(|lanes| !lanes)
    }

    /// Brings the states after the first two passes to the row that starts with `first`.
    fn move_to(&mut self, first: u64) {
        assert!(first.is_multiple_of(Self::LANES), "a row starts at a multiple of its length");
        let bytes = match self.row {
            // Lane by lane the nonces of two rows differ in the same bits.
            Some(row) => changed_bytes(row ^ first),
            None => 0..NONCE_BYTES,
        };
        let mut changed = None;
        for byte in bytes {
            for place in self.set_byte(first, byte) {
                changed = Some(widened(changed, place));
            }
        }
        if self.row.is_none() {
            changed = Some(Interval::WHOLE);
        }
        if let Some(changed) = changed {
            let passes = self.work.passes();
            let first_pass = passes.reached(changed);
            self.after_first.pass_of(&self.input, 0, first_pass);
            self.after_second.pass_of(&self.after_first, 1, passes.reached(first_pass));
        }
        self.row = Some(first);
    }

    /// Writes the trits of one byte of the nonces of the row that starts with `first`; gives those that changed.
    fn set_byte(&mut self, first: u64, byte: usize) -> impl Iterator<Item = usize> + use<N> {
        let byte_of = |nonce: u64| *nonce.to_le_bytes().get(byte).expect("because a nonce has more bytes");
        let mut cells = [Cell::ZERO; TRITS_PER_BYTE];
        for (word, nonce) in (first..).step_by(64).take(N).enumerate() {
            if byte > 0 {
                // The 64 lanes of a word differ in the lowest byte only.
                for (cell, trit) in cells.iter_mut().zip(b1t6::encode_byte(byte_of(nonce))) {
                    let lanes = |wanted| if trit == wanted { u64::MAX } else { 0 };
                    cell.set_lanes(word, lanes(1), lanes(-1));
                }
                continue;
            }
            for (lane, nonce) in (64 * word..).zip(nonce..=nonce + 63) {
                for (cell, trit) in cells.iter_mut().zip(b1t6::encode_byte(byte_of(nonce))) {
                    cell.set_lane(lane, trit);
                }
            }
        }
        let place = NONCE_TRIT + byte * TRITS_PER_BYTE;
        let mut changed = [false; TRITS_PER_BYTE];
        for ((place, changed), cell) in (place..).zip(&mut changed).zip(cells) {
            *changed = *self.input.cell(place) != cell;
            *self.input.cell_mut(place) = cell;
        }
        (place..).zip(changed).filter_map(|(place, changed)| changed.then_some(place))
    }
}

/// The interval from the beginning of another one, if there is one, to a place behind it.
fn widened(interval: Option<Interval>, place: usize) -> Interval {
    let from = interval.map_or(place, |interval| interval.from);
    Interval { from, count: place - from + 1 }
}

/// The bytes from the first to the last in which any bit is set.
fn changed_bytes(bits: u64) -> std::ops::Range<usize> {
    let from = bits.trailing_zeros() as usize / 8;
    let to = NONCE_BYTES - bits.leading_zeros() as usize / 8;
    from.min(to)..to
}

/// The same trit in every lane.
fn uniform<const N: usize>(trit: i8) -> Cell<N> {
    let lanes = |wanted| if trit == wanted { Word([u64::MAX; N]) } else { Word::ZERO };
    Cell { high: lanes(1), low: lanes(-1) }
}
