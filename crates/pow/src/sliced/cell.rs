//! One trit of many hashes, and one round for it.

use std::sync::LazyLock;

use osmia_primitives::b1t6;

/// `64 N` lanes of one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(crate) struct Word<const N: usize>(pub(crate) [u64; N]);

impl<const N: usize> Word<N> {
    /// The word with no bit set.
    pub(crate) const ZERO: Word<N> = Word([0; N]);

    #[inline(always)]
    fn with(self, other: Word<N>, gate: impl Fn(u64, u64) -> u64) -> Word<N> {
        let mut result = [0; N];
        for (out, (left, right)) in result.iter_mut().zip(self.0.iter().zip(&other.0)) {
            *out = gate(*left, *right);
        }
        Word(result)
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Word<N>) -> Word<N> {
        self.with(other, |left, right| left & right)
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Word<N>) -> Word<N> {
        self.with(other, |left, right| left | right)
    }

    #[inline(always)]
    pub(crate) fn xor(self, other: Word<N>) -> Word<N> {
        self.with(other, |left, right| left ^ right)
    }

    /// The bits of `self` that are not in `other`.
    #[inline(always)]
    pub(crate) fn without(self, other: Word<N>) -> Word<N> {
        self.with(other, |left, right| left & !right)
    }
}

/// One trit in every lane, in one of three codes that take turns, one round each.
///
/// | code | 0 | -1 | +1 |
/// | --- | --- | --- | --- |
/// | plain | `high` 0, `low` 0 | 0, 1 | 1, any |
/// | low inverted | 0, 1 | 0, 0 | 1, any |
/// | high inverted | 1, 0 | 1, 1 | 0, any |
///
/// The three `round_` functions are the substitution of Curl, from each code to the next: four gates each. Inputs and
/// hashes are in plain code, and the 81 rounds are 27 turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Cell<const N: usize> {
    pub(crate) high: Word<N>,
    pub(crate) low: Word<N>,
}

impl<const N: usize> Cell<N> {
    /// Zero in every lane, in plain code.
    pub(crate) const ZERO: Cell<N> = Cell { high: Word::ZERO, low: Word::ZERO };

    /// Sets the trit of one lane, in plain code; a lane beyond the last is ignored.
    pub(crate) fn set_lane(&mut self, lane: usize, trit: i8) {
        let bit = 1 << (lane % 64);
        for (word, wanted) in [(&mut self.high, 1), (&mut self.low, -1)] {
            if let Some(word) = word.0.get_mut(lane / 64) {
                *word = if trit == wanted { *word | bit } else { *word & !bit };
            }
        }
    }

    /// Sets the trits of the 64 lanes of one word, in plain code, by which are +1 and which are -1; a word beyond the last
    /// is ignored.
    #[inline(always)]
    pub(crate) fn set_lanes(&mut self, number: usize, plus: u64, minus: u64) {
        if let (Some(high), Some(low)) = (self.high.0.get_mut(number), self.low.0.get_mut(number)) {
            (*high, *low) = (plus, minus);
        }
    }

    /// The substitution from plain code to low inverted.
    #[inline(always)]
    pub(crate) fn round_first(a: Cell<N>, b: Cell<N>) -> Cell<N> {
        Cell { high: a.low.xor(b.high).without(a.high), low: a.high.xor(b.low.without(b.high)) }
    }

    /// The substitution from low inverted to high inverted.
    #[inline(always)]
    pub(crate) fn round_second(a: Cell<N>, b: Cell<N>) -> Cell<N> {
        Cell { high: a.high.or(a.low.xor(b.high)), low: a.high.xor(b.high.or(b.low)) }
    }

    /// The substitution from high inverted to plain code.
    #[inline(always)]
    pub(crate) fn round_third(a: Cell<N>, b: Cell<N>) -> Cell<N> {
        Cell { high: a.high.without(a.low.xor(b.high)), low: a.high.xor(b.high.and(b.low)) }
    }
}

/// For every byte its trits in b1t6 as two masks, bit `i` for trit `i`: those that are +1, and those that are -1.
pub(crate) fn trit_masks() -> &'static [(u8, u8); 256] {
    static MASKS: LazyLock<[(u8, u8); 256]> = LazyLock::new(|| {
        let bits_of = |byte: u8, wanted: i8| {
            let bits = b1t6::encode_byte(byte).map(|trit| u8::from(trit == wanted));
            bits.iter().rev().fold(0, |mask, bit| mask << 1 | bit)
        };
        let mut masks = [(0, 0); 256];
        for (byte, mask) in (0..=255).zip(&mut masks) {
            *mask = (bits_of(byte, 1), bits_of(byte, -1));
        }
        masks
    });
    &MASKS
}
