use proptest::prelude::*;

use super::*;

#[test]
fn the_test_points_hold() {
    // Eight zero bytes, and two nonces of the reference node's tests: messages that are nothing but a nonce.
    for (nonce, zeros) in [(0, 1), (0x2_7ccb, 10), (0x5555_5555_5577_eb41, 14)] {
        let message: [u8; 8] = u64::to_le_bytes(nonce);
        assert_eq!(score(&message), 3f64.powi(zeros) / 8.0);
    }
}

#[test]
fn the_example_of_tip_12_has_its_score() {
    let message = osmia_primitives::hex::decode("48656c6c6f2c20576f726c64215ee6aaaaaaaaaaaa").unwrap();
    assert_eq!(score(&message), 937.285_714_285_714_3);
}

#[test]
fn a_message_without_room_for_a_nonce_has_no_score() {
    assert_eq!(score(&[]), 0.0);
    assert_eq!(score(&[0; 7]), 0.0);
    assert_eq!(trailing_zeros_of_messages(&[&[0; 7], &[0; 8], &[]]), [None, Some(1), None]);
}

#[test]
fn powers_are_exact_as_far_as_a_double_is() {
    let mut power = 1u64;
    for zeros in 0..=33 {
        assert_eq!(score_of(zeros, 1), power as f64);
        assert_eq!(format!("{}", score_of(zeros, 1)), power.to_string());
        power *= 3;
    }
    assert_eq!(score_of(243, 1), score_of(u32::MAX, 1));
    assert!(score_of(243, 1).is_finite());
    assert_eq!(score_of(5, 0), 0.0);
}

#[test]
fn exact_powers_are_reached_with_their_own_exponent() {
    for zeros in 0..=33u32 {
        let power = 3u64.pow(zeros);
        assert_eq!(required_zeros(1, power as f64), zeros);
        if power < 1 << 52 {
            assert_eq!(required_zeros(1, power as f64 + 0.5), zeros + 1);
        }
        // The same bound as a product of length and score, where both are exact.
        for third in 0..=zeros.min(10) {
            let len = usize::try_from(3u64.pow(third)).unwrap();
            assert_eq!(required_zeros(len, 3f64.powi(i32::try_from(zeros - third).unwrap())), zeros);
        }
    }
}

#[test]
fn usual_demands_need_the_known_zeros() {
    assert_eq!(required_zeros(500, 4000.0), 14);
    assert_eq!(required_zeros(53, 100.0), 8);
    assert_eq!(required_zeros(32_768, 4000.0), 18);
}

#[test]
fn absurd_demands_are_answered() {
    for nothing in [0.0, -1.0, f64::NEG_INFINITY] {
        assert_eq!(required_zeros(500, nothing), 0);
    }
    for unreachable in [f64::INFINITY, f64::NAN, 1e200] {
        assert_eq!(required_zeros(500, unreachable), ZEROS_UNREACHABLE);
    }
    assert_eq!(required_zeros(0, 1.0), ZEROS_UNREACHABLE);
    assert_eq!(required_zeros(1, score_of(243, 1)), 243);
}

proptest! {
    #[test]
    fn required_zeros_are_the_fewest(len in 8usize..=32_768, score in 0.0f64..1e9) {
        let zeros = required_zeros(len, score);
        prop_assert!(score_of(zeros, len) >= score);
        prop_assert!(zeros == 0 || score_of(zeros - 1, len) < score);
    }

    /// In whole numbers there is no rounding to argue about.
    #[test]
    fn required_zeros_agree_with_whole_numbers(len in 8usize..=32_768, score in 1u32..=1_000_000) {
        let product = len as u128 * u128::from(score);
        let zeros = (0..).find(|zeros| 3u128.pow(*zeros) >= product).unwrap();
        prop_assert_eq!(required_zeros(len, f64::from(score)), zeros);
    }
}
