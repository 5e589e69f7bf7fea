//! Several hashes, the same word of each side by side.

#![allow(unsafe_code, reason = "instructions that not every processor has, with their proof")]

use osmia_primitives::blake2b::Digest;

use super::{Plane, ROTATIONS, Rotation, SIDE, round_first, round_second, round_third};
use crate::Backend;

/// The states of `L` hashes: one bit of every trit, by word and hash.
#[derive(Clone)]
pub(super) struct States<const L: usize> {
    high: [[u32; L]; SIDE],
    low: [[u32; L]; SIDE],
}

impl<const L: usize> States<L> {
    const ZERO: States<L> = States { high: [[0; L]; SIDE], low: [[0; L]; SIDE] };

    /// One input a lane; lanes without one hash zeros.
    fn of(inputs: &[[Plane; 2]]) -> States<L> {
        let mut states = Self::ZERO;
        for (lane, [high, low]) in inputs.iter().enumerate() {
            for (words, (high, low)) in states.high.iter_mut().zip(&mut states.low).zip(high.iter().zip(low))
            {
                if let (Some(to_high), Some(to_low)) = (words.0.get_mut(lane), words.1.get_mut(lane)) {
                    (*to_high, *to_low) = (*high, *low);
                }
            }
        }
        states
    }

    /// The state of one lane, high and low bits.
    fn lane(&self, lane: usize) -> [Plane; 2] {
        [&self.high, &self.low].map(|plane| plane.map(|words| words.get(lane).copied().unwrap_or(0)))
    }
}

/// Appends the trailing zero trits of each item to `counts`, `L` hashes at a time by `hash`; one that is left alone is
/// hashed alone.
pub(super) fn append<const L: usize>(
    backend: Backend,
    items: &[(Digest, u64)],
    counts: &mut Vec<u32>,
    hash: impl Fn(&mut States<L>),
) {
    for group in items.chunks(L) {
        if let [(digest, nonce)] = group {
            counts.push(super::trailing_zeros(backend, digest, *nonce));
            continue;
        }
        let mut inputs = [[[0; SIDE]; 2]; L];
        for (input, (digest, nonce)) in inputs.iter_mut().zip(group) {
            *input = super::input(digest, *nonce);
        }
        let mut states = States::of(&inputs);
        hash(&mut states);
        counts.extend((0..group.len()).map(|lane| super::trailing_zeros_of(&states.lane(lane))));
    }
}

/// Takes the states through all rounds; then trit `i` is at the place `364^81 i`.
pub(super) fn hash<const L: usize>(states: &mut States<L>) {
    rounds(states);
}

/// [`hash`] with AVX2: 8 words fill a register.
///
/// # Panics
/// When the processor has no AVX2.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2(states: &mut States<8>) {
    #[target_feature(enable = "avx2")]
    fn compiled(states: &mut States<8>) {
        rounds(states);
    }
    assert!(is_x86_feature_detected!("avx2"), "AVX2 is used only where it is");
    // SAFETY: the processor has AVX2, as just asserted.
    unsafe { compiled(states) };
}

#[inline(always)]
fn rounds<const L: usize>(states: &mut States<L>) {
    let mut other = States::ZERO;
    for [first, second, third] in ROTATIONS.as_chunks().0 {
        round(states, &mut other, *first, round_first);
        round(&other, states, *second, round_second);
        round(states, &mut other, *third, round_third);
        std::mem::swap(states, &mut other);
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "words are numbers below 27, lanes below L")]
fn round<const L: usize>(
    from: &States<L>,
    to: &mut States<L>,
    rotation: Rotation,
    substitute: impl Fn(u32, u32, u32, u32) -> (u32, u32),
) {
    let mut other = rotation.words;
    for word in 0..SIDE {
        let next = if other + 1 == SIDE { 0 } else { other + 1 };
        let (to_high, to_low) = (&mut to.high[word], &mut to.low[word]);
        for lane in 0..L {
            let b_high = rotation.join(from.high[other][lane], from.high[next][lane]);
            let b_low = rotation.join(from.low[other][lane], from.low[next][lane]);
            (to_high[lane], to_low[lane]) =
                substitute(from.high[word][lane], from.low[word][lane], b_high, b_low);
        }
        other = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::curl;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn every_number_of_items_agrees_with_the_reference(items in prop::collection::vec(any::<(Digest, u64)>(), 0..40)) {
            let expected: Vec<u32> =
                items.iter().map(|(digest, nonce)| curl::trailing_zeros(digest, *nonce)).collect();
            for backend in Backend::available() {
                let mut counts = Vec::new();
                super::super::trailing_zeros_of_several(backend, &items, &mut counts);
                prop_assert_eq!(&counts, &expected);
            }
        }

        #[test]
        fn every_trit_of_every_lane_is_the_reference_s(items: [(Digest, u64); 16]) {
            let inputs: Vec<_> = items.iter().map(|(digest, nonce)| super::super::input(digest, *nonce)).collect();
            let mut hashed = Vec::new();
            for inputs in inputs.chunks(8) {
                let mut states = States::<8>::of(inputs);
                hash(&mut states);
                hashed.push((0..8).map(|lane| states.lane(lane)).collect::<Vec<_>>());
            }
            let mut hashed = vec![hashed.concat()];
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                let mut found = Vec::new();
                for inputs in inputs.chunks(8) {
                    let mut states = States::of(inputs);
                    hash_avx2(&mut states);
                    found.extend((0..8).map(|lane| states.lane(lane)));
                }
                hashed.push(found);
            }
            for hashed in hashed {
                for (planes, (digest, nonce)) in hashed.iter().zip(&items) {
                    prop_assert_eq!(
                        super::super::tests::trits_of(planes),
                        curl::hash(&curl::input_trits(digest, *nonce)).to_vec()
                    );
                }
            }
        }
    }
}
