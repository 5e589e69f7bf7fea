//! A hash as a ring of 27 words of 27 trits, for one hash or a few at a time.
//!
//! The state is never permuted. After `r` rounds the trit `j` is kept at the place `364^r j` modulo 729; one round is
//! then the same for all places: combine each trit with the one at a distance of `364^r`, which is a rotation. And 27
//! is the root of 729: with the places in words of 27, a rotation by `27 w + b` is the same for every word. It takes
//! the word `w` further on and the one after it, and joins what a shift by `b` leaves of the first with bits of the
//! second. So words can lie side by side in a register, all of one hash ([`one`], [`avx512`]), or the same word of
//! several hashes ([`several`]). Codes and gates are those of [`sliced`](crate::sliced).

#[cfg(target_arch = "x86_64")]
mod avx512;
mod one;
mod several;

use osmia_primitives::b1t6::TRITS_PER_BYTE;
use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::curl::{ROUNDS, stride_power};
use crate::limits::{HASH_TRITS, STATE_TRITS};
use crate::sliced::trit_masks;

/// Trits of a word, and words of a ring.
const SIDE: usize = 27;

/// The same, as a number of bits.
const WORD_BITS: u32 = 27;

/// The bits of a word that mean something.
const WORD_MASK: u32 = (1 << WORD_BITS) - 1;

/// One bit of every trit of a state: bit `i` of word `w` is that of the place `27 w + i`.
type Plane = [u32; SIDE];

/// How a round rotates.
#[derive(Clone, Copy)]
struct Rotation {
    /// Whole words, 0 to 26.
    words: usize,
    /// And bits, 0 to 26.
    bits: u32,
}

impl Rotation {
    /// The rotated bits of a word from the word at its distance and the next one.
    #[inline(always)]
    const fn join(self, word: u32, next: u32) -> u32 {
        (word >> self.bits | next << (WORD_BITS - self.bits)) & WORD_MASK
    }
}

/// How each round rotates: by `364^round`.
const ROTATIONS: [Rotation; ROUNDS] = {
    let mut rotations = [Rotation { words: 0, bits: 0 }; ROUNDS];
    let mut round = 0;
    while round < ROUNDS {
        let distance = stride_power(round + 1);
        #[expect(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "round is below the length of the array, checked at build time; the bits are below 27"
        )]
        {
            rotations[round] = Rotation { words: distance / SIDE, bits: (distance % SIDE) as u32 };
        }
        round += 1;
    }
    rotations
};

/// The trailing zero trits of the hash of `digest` and `nonce`, 0 to 243: one hash with low latency.
///
/// # Panics
/// When this processor cannot run the back end.
pub(crate) fn trailing_zeros(backend: Backend, digest: &Digest, nonce: u64) -> u32 {
    let input = input(digest, nonce);
    match backend {
        Backend::Portable => trailing_zeros_of(&one::hash(&input)),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => trailing_zeros_of(&one::hash_avx2(&input)),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512 => trailing_zeros_of(&avx512::hash(&input)),
        #[cfg(not(target_arch = "x86_64"))]
        Backend::Avx2 | Backend::Avx512 => unreachable!("{backend} is of other processors"),
    }
}

/// Appends the trailing zero trits of each item to `counts`: several hashes at a time, the last ones perhaps one by one.
///
/// # Panics
/// When this processor cannot run the back end.
pub(crate) fn trailing_zeros_of_several(backend: Backend, items: &[(Digest, u64)], counts: &mut Vec<u32>) {
    match backend {
        Backend::Portable => several::append(backend, items, counts, several::hash::<8>),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => several::append(backend, items, counts, several::hash_avx2),
        #[cfg(target_arch = "x86_64")]
        // One by one: the permutations of one hash in registers are as fast per hash as 16 hashes in memory.
        Backend::Avx512 => {
            counts.extend(items.iter().map(|(digest, nonce)| trailing_zeros(backend, digest, *nonce)))
        }
        #[cfg(not(target_arch = "x86_64"))]
        Backend::Avx2 | Backend::Avx512 => unreachable!("{backend} is of other processors"),
    }
}

/// The input block, high and low bits: b1t6 of the digest, of the nonce, then zeros.
fn input(digest: &Digest, nonce: u64) -> [Plane; 2] {
    let mut planes = [[0; SIDE]; 2];
    let masks = trit_masks();
    for (index, byte) in digest.iter().chain(&nonce.to_le_bytes()).enumerate() {
        let (plus, minus) = masks.get(usize::from(*byte)).expect("because the table has 256 rows");
        let place = index * TRITS_PER_BYTE;
        for (plane, mask) in planes.iter_mut().zip([plus, minus]) {
            let shifted = u32::from(*mask) << (place % SIDE);
            // The 240 trits lie in the first 9 words; what does not fit into one word goes to the next.
            if let Some([word, next, ..]) = plane.get_mut(place / SIDE..) {
                *word |= shifted & WORD_MASK;
                *next |= shifted >> SIDE;
            }
        }
    }
    planes
}

/// The trailing zero trits of a hash whose trit `i` is at the place `364^81 i`.
fn trailing_zeros_of(planes: &[Plane; 2]) -> u32 {
    let [high, low] = planes;
    let is_zero = |trit: &usize| {
        let place = trit * stride_power(ROUNDS) % STATE_TRITS;
        let word = |plane: &Plane| *plane.get(place / SIDE).expect("because a place is below 729");
        (word(high) | word(low)) >> (place % SIDE) & 1 == 0
    };
    (0..HASH_TRITS).rev().take_while(is_zero).map(|_| 1).sum()
}

/// The substitution of Curl for the trits of two words, as high and low bits, from plain code to low inverted.
#[inline(always)]
const fn round_first(a_high: u32, a_low: u32, b_high: u32, b_low: u32) -> (u32, u32) {
    ((a_low ^ b_high) & !a_high, a_high ^ (b_low & !b_high))
}

/// The substitution from low inverted to high inverted.
#[inline(always)]
const fn round_second(a_high: u32, a_low: u32, b_high: u32, b_low: u32) -> (u32, u32) {
    (a_high | (a_low ^ b_high), a_high ^ (b_high | b_low))
}

/// The substitution from high inverted to plain code.
#[inline(always)]
const fn round_third(a_high: u32, a_low: u32, b_high: u32, b_low: u32) -> (u32, u32) {
    (a_high & !(a_low ^ b_high), a_high ^ (b_high & b_low))
}

#[cfg(test)]
mod tests;
