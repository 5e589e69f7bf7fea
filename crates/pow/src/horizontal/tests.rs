use proptest::prelude::*;

use super::*;
use crate::curl;

/// The trits of a finished hash.
fn trits(planes: &Cell<PLANE_WORDS>) -> Vec<i8> {
    let trit = |place| match (bit(&planes.high, place), bit(&planes.low, place)) {
        (true, _) => 1,
        (false, true) => -1,
        (false, false) => 0,
    };
    (0..HASH_TRITS).map(|index| trit(index * stride_power(ROUNDS) % STATE_TRITS)).collect()
}

#[test]
fn a_rotation_brings_each_trit_from_its_distance() {
    for distance in DISTANCES.into_iter().chain([0, 1, 63, 64, 65, 703, 704, 705, 728]) {
        for place in [0, 1, 63, 64, 65, 500, 703, 704, 727, 728] {
            let mut plane = Plane::ZERO;
            plane.0[place / 64] |= 1 << (place % 64);
            // Bits beyond the ring mean nothing and must not come back into it.
            plane.0[PLANE_WORDS - 1] |= u64::MAX << LAST_WORD_BITS;
            let rotated = rotate_plane(&plane, distance);
            let set: Vec<usize> = (0..STATE_TRITS).filter(|place| bit(&rotated, *place)).collect();
            assert_eq!(set, [(place + STATE_TRITS - distance) % STATE_TRITS]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_trit_of_the_hash_is_the_reference_s(digest: Digest, nonce: u64) {
        let expected = curl::hash(&curl::input_trits(&digest, nonce));
        for backend in Backend::available() {
            prop_assert_eq!(trits(&hash_planes(backend, &digest, nonce)), expected.to_vec());
            prop_assert_eq!(trailing_zeros(backend, &digest, nonce), curl::trailing_zeros(&digest, nonce));
        }
    }
}
