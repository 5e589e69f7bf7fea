//! The b1t6 encoding of bytes as trits (TIP-5): each signed byte is six balanced ternary trits, least first.

/// Trits per byte.
pub const TRITS_PER_BYTE: usize = 6;

const fn trits_of(byte: u8) -> [i8; TRITS_PER_BYTE] {
    let mut value = byte.cast_signed() as i16;
    let mut trits = [0i8; TRITS_PER_BYTE];
    let mut position = 0;
    while position < TRITS_PER_BYTE {
        // 363 is a multiple of 3 that keeps the dividend positive; the remainder is moved into -1..=1.
        let trit = (value + 363 + 1) % 3 - 1;
        #[expect(clippy::cast_possible_truncation, reason = "a trit is -1, 0 or 1")]
        #[expect(clippy::indexing_slicing, reason = "position is below the length of the array")]
        {
            trits[position] = trit as i8;
        }
        value = (value - trit) / 3;
        position += 1;
    }
    trits
}

const TABLE: [[i8; TRITS_PER_BYTE]; 256] = {
    let mut table = [[0; TRITS_PER_BYTE]; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "byte is below 256")]
        #[expect(clippy::indexing_slicing, reason = "byte is below the length of the table")]
        {
            table[byte] = trits_of(byte as u8);
        }
        byte += 1;
    }
    table
};

/// The six trits of `byte`, each -1, 0 or 1.
#[must_use]
pub fn encode_byte(byte: u8) -> [i8; TRITS_PER_BYTE] {
    *TABLE.get(usize::from(byte)).expect("because the table has 256 rows")
}

/// The trits of `bytes`, six per byte.
pub fn encode(bytes: &[u8]) -> impl Iterator<Item = i8> + '_ {
    bytes.iter().flat_map(|byte| encode_byte(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of trits, least significant first.
    fn value(trits: &[i8]) -> i32 {
        trits.iter().rev().fold(0, |value, trit| value * 3 + i32::from(*trit))
    }

    #[test]
    fn every_byte_is_the_balanced_ternary_form_of_its_signed_value() {
        for byte in 0..=255u8 {
            let trits = encode_byte(byte);
            assert!(trits.iter().all(|trit| (-1..=1).contains(trit)));
            assert_eq!(value(&trits), i32::from(byte.cast_signed()), "byte {byte}");
        }
    }

    /// The tryte alphabet of TIP-5: 9 is 0, A..M are 1..13, N..Z are -13..-1.
    fn trytes(bytes: &[u8]) -> String {
        let trits: Vec<i8> = encode(bytes).collect();
        let tryte = |value: i32| b"NOPQRSTUVWXYZ9ABCDEFGHIJKLM"[usize::try_from(value + 13).unwrap()] as char;
        trits.chunks(3).map(|chunk| tryte(value(chunk))).collect()
    }

    #[test]
    fn the_examples_of_tip_5_hold() {
        assert_eq!(trytes(&[0]), "99");
        let text = crate::hex::decode("0001027e7f8081fdfeff").unwrap();
        assert_eq!(trytes(&text), "99A9B9RESEGVHVX9Y9Z9");
    }
}
