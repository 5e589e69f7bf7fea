//! Rows of consecutive nonces for one digest.

use osmia_primitives::b1t6::{self, TRITS_PER_BYTE};
use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::limits::{HASH_TRITS, NONCE_BYTES};
use crate::sliced::places::Interval;
use crate::sliced::{Cell, State, Word};

/// The first trit of the nonce, after the 32 bytes of the digest.
const NONCE_TRIT: usize = 32 * TRITS_PER_BYTE;

/// Finds the nonces among `64 N` consecutive ones whose hash ends with zeros.
///
/// From one row to the next only some bytes of the nonce change, mostly one. The states after the first and the second
/// pass are kept, and only the cells that the changed trits reach are computed again: 8 per trit in the first pass, 64
/// per trit in the second.
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
        for byte in bytes.clone() {
            self.set_byte(first, byte);
        }
        let changed = match self.row {
            Some(_) => Interval {
                from: NONCE_TRIT + bytes.start * TRITS_PER_BYTE,
                count: bytes.len() * TRITS_PER_BYTE,
            },
            None => Interval::WHOLE,
        };
        if changed.count > 0 {
            let passes = self.work.passes();
            let first_pass = passes.reached(changed);
            self.after_first.pass_of(&self.input, 0, first_pass);
            self.after_second.pass_of(&self.after_first, 1, passes.reached(first_pass));
        }
        self.row = Some(first);
    }

    /// Writes the trits of one byte of the nonces of the row that starts with `first`.
    fn set_byte(&mut self, first: u64, byte: usize) {
        let byte_of = |nonce: u64| *nonce.to_le_bytes().get(byte).expect("because a nonce has more bytes");
        let mut cells = b1t6::encode_byte(byte_of(first)).map(uniform::<N>);
        // Lanes with another byte than the first one; the bits below a row's length are all in the first bytes.
        for (lane, nonce) in (first..=first + (Self::LANES - 1)).enumerate() {
            if byte_of(nonce) == byte_of(first) {
                continue;
            }
            for (cell, trit) in cells.iter_mut().zip(b1t6::encode_byte(byte_of(nonce))) {
                cell.set_lane(lane, trit);
            }
        }
        for (trit, cell) in cells.into_iter().enumerate() {
            *self.input.cell_mut(NONCE_TRIT + byte * TRITS_PER_BYTE + trit) = cell;
        }
    }
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
