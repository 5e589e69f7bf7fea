use proptest::prelude::*;

use super::*;
use crate::curl;

/// The trits of a finished hash.
pub(super) fn trits_of([high, low]: &[Plane; 2]) -> Vec<i8> {
    let bit = |plane: &Plane, place: usize| plane[place / SIDE] >> (place % SIDE) & 1 == 1;
    let trit = |place| if bit(high, place) { 1 } else { -i8::from(bit(low, place)) };
    (0..HASH_TRITS).map(|index| trit(index * stride_power(ROUNDS) % STATE_TRITS)).collect()
}

#[test]
fn rotations_are_the_distances_of_the_rounds() {
    for (round, rotation) in ROTATIONS.into_iter().enumerate() {
        assert_eq!(rotation.words * SIDE + rotation.bits as usize, stride_power(round + 1));
    }
}

#[test]
fn a_rotation_joins_two_words() {
    for bits in 0..27 {
        let rotation = Rotation { words: 0, bits };
        let (word, next) = (0b101_0101_0110_0111_0001_1100_1010, 0b011_1001_1010_1110_0110_0101_1111);
        let both = u64::from(word) | u64::from(next) << 27;
        assert_eq!(u64::from(rotation.join(word, next)), both >> bits & u64::from(WORD_MASK));
    }
}

proptest! {
    #[test]
    fn every_trit_of_a_hash_is_the_reference_s(digest: Digest, nonce: u64) {
        let expected = curl::hash(&curl::input_trits(&digest, nonce));
        let input = input(&digest, nonce);
        prop_assert_eq!(trits_of(&one::hash(&input)), expected.to_vec());
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            prop_assert_eq!(trits_of(&one::hash_avx2(&input)), expected.to_vec());
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            prop_assert_eq!(trits_of(&avx512::hash(&input)), expected.to_vec());
        }
        for backend in Backend::available() {
            let zeros = trailing_zeros(backend, &digest, nonce);
            prop_assert_eq!(zeros, curl::trailing_zeros(&digest, nonce));
        }
    }
}
