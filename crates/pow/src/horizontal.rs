//! One hash, all 729 trits of its state side by side in two planes of 12 machine words.
//!
//! The state is never permuted. After `r` rounds the trit `j` is kept at the place `364^r j` modulo 729; one round is
//! then the same for all places: combine each trit with the one at a distance of `364^r`, which is one rotation of
//! the planes. Codes and gates are those of [`sliced`](crate::sliced).

use osmia_primitives::b1t6::TRITS_PER_BYTE;
use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::curl::{ROUNDS, stride_power};
use crate::limits::{HASH_TRITS, STATE_TRITS};
use crate::sliced::{Cell, Word, trit_masks};

/// Words of a plane: the 729 bits, rounded up.
const PLANE_WORDS: usize = STATE_TRITS.div_ceil(64);

/// Bits of a plane in its last word.
const LAST_WORD_BITS: usize = STATE_TRITS % 64;

type Plane = Word<PLANE_WORDS>;

/// The distance of the second operand in each round.
const DISTANCES: [usize; ROUNDS] = {
    let mut distances = [0; ROUNDS];
    let mut round = 0;
    while round < ROUNDS {
        #[expect(
            clippy::indexing_slicing,
            reason = "round is below the length of the array, checked at build time"
        )]
        {
            distances[round] = stride_power(round + 1);
        }
        round += 1;
    }
    distances
};

/// The trailing zero trits of the hash of `digest` and `nonce`, 0 to 243.
pub(crate) fn trailing_zeros(backend: Backend, digest: &Digest, nonce: u64) -> u32 {
    let planes = hash_planes(backend, digest, nonce);
    let nonzero = planes.high.or(planes.low);
    let stride = stride_power(ROUNDS);
    let is_zero = |trit: &usize| !bit(&nonzero, trit * stride % STATE_TRITS);
    (0..HASH_TRITS).rev().take_while(is_zero).map(|_| 1).sum()
}

/// The state after all rounds, trit `i` at the place `364^81 i`.
pub(crate) fn hash_planes(backend: Backend, digest: &Digest, nonce: u64) -> Cell<PLANE_WORDS> {
    let _ = backend;
    let mut state = load(digest, nonce);
    for [first, second, third] in DISTANCES.as_chunks().0 {
        state = Cell::round_first(state, rotate(&state, *first));
        state = Cell::round_second(state, rotate(&state, *second));
        state = Cell::round_third(state, rotate(&state, *third));
    }
    state
}

/// The input block: b1t6 of the digest, of the nonce, then zeros.
fn load(digest: &Digest, nonce: u64) -> Cell<PLANE_WORDS> {
    let mut planes = Cell::ZERO;
    let masks = trit_masks();
    for (index, byte) in digest.iter().chain(&nonce.to_le_bytes()).enumerate() {
        let (plus, minus) = masks.get(usize::from(*byte)).expect("because the table has 256 rows");
        set_bits(&mut planes.high, index * TRITS_PER_BYTE, *plus);
        set_bits(&mut planes.low, index * TRITS_PER_BYTE, *minus);
    }
    planes
}

/// Adds the six bits of `mask` to the zeros of a plane at `place`.
#[expect(
    clippy::indexing_slicing,
    reason = "the 240 trits of an input lie within the first four of twelve words"
)]
fn set_bits(plane: &mut Plane, place: usize, mask: u8) {
    let wide = u128::from(mask) << (place % 64);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are split here")]
    let (low, high) = (wide as u64, (wide >> 64) as u64);
    plane.0[place / 64] |= low;
    plane.0[place / 64 + 1] |= high;
}

fn bit(plane: &Plane, place: usize) -> bool {
    plane.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
}

/// Both planes rotated so that place `q` holds what was at `q + distance`.
#[inline(always)]
fn rotate(planes: &Cell<PLANE_WORDS>, distance: usize) -> Cell<PLANE_WORDS> {
    Cell { high: rotate_plane(&planes.high, distance), low: rotate_plane(&planes.low, distance) }
}

/// The rotation is a shift of the plane written twice, end to end. Bits above 729 carry no meaning and are dropped.
#[inline(always)]
#[expect(
    clippy::indexing_slicing,
    reason = "distance is below 729, so words lie in 0..12 and the sums in 0..24"
)]
fn rotate_plane(plane: &Plane, distance: usize) -> Plane {
    const LAST: usize = PLANE_WORDS - 1;
    let mut twice = [0; 2 * PLANE_WORDS];
    twice[..PLANE_WORDS].copy_from_slice(&plane.0);
    twice[LAST] = plane.0[LAST] & ((1 << LAST_WORD_BITS) - 1) | plane.0[0] << LAST_WORD_BITS;
    for word in 0..LAST {
        twice[PLANE_WORDS + word] =
            plane.0[word] >> (64 - LAST_WORD_BITS) | plane.0[word + 1] << LAST_WORD_BITS;
    }
    let words = distance / 64;
    let bits = distance % 64;
    let window: &[u64; PLANE_WORDS + 1] =
        twice[words..].first_chunk().expect("because at most 11 of the 24 words are skipped");
    let mut rotated = Word([0; PLANE_WORDS]);
    for word in 0..PLANE_WORDS {
        // Two shifts, because one by 64 (no bits to move) is not defined.
        rotated.0[word] = window[word] >> bits | window[word + 1] << 1 << (63 - bits);
    }
    rotated
}

#[cfg(test)]
mod tests;
