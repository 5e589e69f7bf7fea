//! One hash, the words of its ring side by side.
//!
//! A compiler turns the loop over words into the widest registers it may use.

#![allow(unsafe_code, reason = "instructions that not every processor has, with their proof")]

use super::{Plane, ROTATIONS, Rotation, SIDE, round_first, round_second, round_third};

/// Words that are computed together: those of the ring, and a few that mean nothing, so that registers are filled.
const ROW: usize = 32;

/// Words of a ring written twice, end to end, so that a rotation reads on where the ring ends: at most from the word 26
/// on, a row and one more.
const TWICE: usize = SIDE + ROW;

/// A state in high and low bits.
struct State {
    high: [u32; TWICE],
    low: [u32; TWICE],
}

/// The state after all rounds, high and low bits, trit `i` at the place `364^81 i`.
pub(super) fn hash(input: &[Plane; 2]) -> [Plane; 2] {
    rounds(input)
}

/// [`hash`] with AVX2.
///
/// # Panics
/// When the processor has no AVX2.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2(input: &[Plane; 2]) -> [Plane; 2] {
    #[target_feature(enable = "avx2")]
    fn compiled(input: &[Plane; 2]) -> [Plane; 2] {
        rounds(input)
    }
    assert!(is_x86_feature_detected!("avx2"), "AVX2 is used only where it is");
    // SAFETY: the processor has AVX2, as just asserted.
    unsafe { compiled(input) }
}

#[inline(always)]
fn rounds(input: &[Plane; 2]) -> [Plane; 2] {
    let [high, low] = input;
    let mut state = State { high: twice(&row_of(high)), low: twice(&row_of(low)) };
    let mut other = State { high: [0; TWICE], low: [0; TWICE] };
    for [first, second, third] in ROTATIONS.as_chunks().0 {
        round(&state, &mut other, *first, round_first);
        round(&other, &mut state, *second, round_second);
        round(&state, &mut other, *third, round_third);
        std::mem::swap(&mut state, &mut other);
    }
    [plane_of(&state.high), plane_of(&state.low)]
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "all indices are below 32, and below 27 + 32 after a rotation")]
fn round(
    from: &State,
    to: &mut State,
    rotation: Rotation,
    substitute: impl Fn(u32, u32, u32, u32) -> (u32, u32),
) {
    let high = from.high[rotation.words..].first_chunk::<{ ROW + 1 }>();
    let low = from.low[rotation.words..].first_chunk::<{ ROW + 1 }>();
    let (Some(high), Some(low)) = (high, low) else {
        unreachable!("a rotation by at most 26 words reads at most 59 words")
    };
    let (mut row_high, mut row_low) = ([0; ROW], [0; ROW]);
    for word in 0..ROW {
        let b_high = rotation.join(high[word], high[word + 1]);
        let b_low = rotation.join(low[word], low[word + 1]);
        (row_high[word], row_low[word]) = substitute(from.high[word], from.low[word], b_high, b_low);
    }
    (to.high, to.low) = (twice(&row_high), twice(&row_low));
}

/// The ring written twice.
#[inline(always)]
fn twice(row: &[u32; ROW]) -> [u32; TWICE] {
    let mut words = [0; TWICE];
    words[..ROW].copy_from_slice(row);
    words[SIDE..].copy_from_slice(row);
    words
}

fn row_of(plane: &Plane) -> [u32; ROW] {
    let mut row = [0; ROW];
    for (word, value) in row.iter_mut().zip(plane) {
        *word = *value;
    }
    row
}

fn plane_of(words: &[u32; TWICE]) -> Plane {
    *words.first_chunk().expect("because a ring is shorter than two")
}
