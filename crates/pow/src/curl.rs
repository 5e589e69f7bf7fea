//! Curl-P-81 over one block, one trit at a time: the reference every faster form is tested against.
//!
//! It is written to be read: a copy of the state per round, the permutation as it is usually stated, a table for the
//! substitution.

use osmia_primitives::b1t6;
use osmia_primitives::blake2b::Digest;

use crate::limits::{HASH_TRITS, STATE_TRITS};

/// Rounds of Curl-P-81.
pub(crate) const ROUNDS: usize = 81;

/// Output `i` of a round reads the trits `364 i` and `364 (i + 1)`, modulo 729. Modulo 729, 364 is minus one half.
pub(crate) const STRIDE: usize = 364;

/// The substitution, by the second trit (row) and the first (column), each plus one.
const SUBSTITUTION: [[i8; 3]; 3] = [[1, 0, -1], [1, -1, 0], [-1, 1, 0]];

/// The trailing zero trits of the hash of `digest` and `nonce` (TIP-12), 0 to 243, computed trit by trit.
///
/// This is the slow, plain form; [`trailing_zeros_batch`](crate::trailing_zeros_batch) gives the same counts faster.
#[must_use]
pub fn trailing_zeros(digest: &Digest, nonce: u64) -> u32 {
    let hash = hash(&input_trits(digest, nonce));
    hash.iter().rev().map_while(|trit| (*trit == 0).then_some(1)).sum()
}

/// The 243 trits that are hashed for `digest` and `nonce`: both in b1t6, then three zeros (TIP-12).
pub(crate) fn input_trits(digest: &Digest, nonce: u64) -> [i8; HASH_TRITS] {
    let mut trits = [0; HASH_TRITS];
    let bytes = nonce.to_le_bytes();
    for (trit, value) in trits.iter_mut().zip(b1t6::encode(digest).chain(b1t6::encode(&bytes))) {
        *trit = value;
    }
    trits
}

/// The Curl-P-81 hash of one block of 243 trits.
pub(crate) fn hash(input: &[i8; HASH_TRITS]) -> [i8; HASH_TRITS] {
    let mut state = whole_input(input);
    for _ in 0..ROUNDS {
        round(&mut state);
    }
    *state.first_chunk().expect("because a hash is the first part of the state")
}

/// The state before the first round: the input, then zeros.
pub(crate) fn whole_input(input: &[i8; HASH_TRITS]) -> [i8; STATE_TRITS] {
    let mut state = [0i8; STATE_TRITS];
    for (trit, value) in state.iter_mut().zip(input) {
        *trit = *value;
    }
    state
}

/// One round.
pub(crate) fn round(state: &mut [i8; STATE_TRITS]) {
    let before = *state;
    let trit = |index: usize| *before.get(index % STATE_TRITS).expect("because the index is reduced");
    for (index, out) in state.iter_mut().enumerate() {
        *out = substitute(trit(STRIDE * index), trit(STRIDE * (index + 1)));
    }
}

/// The substitution of Curl for the trits `first` and `second`, each -1, 0 or 1.
pub(crate) fn substitute(first: i8, second: i8) -> i8 {
    let column = usize::from((first + 1).cast_unsigned());
    let row = usize::from((second + 1).cast_unsigned());
    *SUBSTITUTION.get(row).and_then(|row| row.get(column)).expect("because a trit is -1, 0 or 1")
}

/// [`STRIDE`] to the power `exponent`, modulo 729.
pub(crate) const fn stride_power(exponent: usize) -> usize {
    let mut power = 1;
    let mut done = 0;
    while done < exponent {
        power = power * STRIDE % STATE_TRITS;
        done += 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use osmia_primitives::{blake2b, hex};

    use super::*;

    /// Trytes of TIP-5 for trits, three per tryte, least first.
    fn trytes(trits: &[i8]) -> String {
        let tryte = |trits: &[i8]| trits.iter().rev().fold(0, |value, trit| value * 3 + i32::from(*trit));
        let letter =
            |value: i32| b"NOPQRSTUVWXYZ9ABCDEFGHIJKLM"[usize::try_from(value + 13).unwrap()] as char;
        trits.chunks(3).map(|trits| letter(tryte(trits))).collect()
    }

    #[test]
    fn the_example_of_tip_12_holds_step_by_step() {
        let message = hex::decode("48656c6c6f2c20576f726c64215ee6aaaaaaaaaaaa").unwrap();
        let digest = blake2b::hash(&message[..13]);
        let expected = "511bc81dde11180838c562c82bb35f3223f46061ebde4a955c27b3f489cf1e03";
        assert_eq!(hex::encode(&digest), expected);

        let input = input_trits(&digest, 12_297_829_382_473_049_694);
        let expected = "9C9AYYBATZQAXAH9BBVYQDYYPBDXNDWBHAO9ODPDFZTZTCAWKCLADXO9PWEYCAC9MCAZVXVXVXVXVXVX9";
        assert_eq!(trytes(&input), expected);

        let expected = "DJCAGKILZPLXNXWFTNXFLCHRFVUHHMTPFIOFKQXMGIKITSEVWECMQOKCFXDIIHK9YVHGQICAIVEVDJ999";
        assert_eq!(trytes(&hash(&input)), expected);
        assert_eq!(trailing_zeros(&digest, 12_297_829_382_473_049_694), 9);
    }

    #[test]
    fn the_stride_is_minus_one_half() {
        assert_eq!((STRIDE * (STATE_TRITS - 2)) % STATE_TRITS, 1);
        assert_eq!(stride_power(0), 1);
        assert_eq!(stride_power(2), STRIDE * STRIDE % STATE_TRITS);
    }
}
