//! Lower-case hexadecimal without a prefix, as every id is written in TIP-13.

/// Why a text is not the hexadecimal form that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// The text has an odd number of characters.
    #[error("hexadecimal text must have an even number of characters, this one has {0}")]
    OddLength(usize),
    /// The text has the wrong number of characters for the value.
    #[error("expected {expected} hexadecimal characters, got {got}")]
    WrongLength {
        /// Characters the value takes.
        expected: usize,
        /// Characters the text has.
        got: usize,
    },
    /// A character is not one of `0-9a-fA-F`.
    #[error("the character at position {0} is not hexadecimal")]
    NotHex(usize),
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The lower-case hexadecimal form of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0')));
        }
    }
    text
}

/// The bytes of hexadecimal `text`, upper or lower case.
///
/// # Errors
/// [`HexError::OddLength`] or [`HexError::NotHex`].
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    if !text.len().is_multiple_of(2) {
        return Err(HexError::OddLength(text.len()));
    }
    let mut bytes = vec![0; text.len() / 2];
    decode_into(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

/// The `N` bytes of hexadecimal `text`, upper or lower case.
///
/// # Errors
/// [`HexError::WrongLength`] or [`HexError::NotHex`].
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    if text.len() != N * 2 {
        return Err(HexError::WrongLength { expected: N * 2, got: text.len() });
    }
    let mut bytes = [0; N];
    decode_into(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

fn decode_into(text: &[u8], bytes: &mut [u8]) -> Result<(), HexError> {
    for (position, (byte, pair)) in bytes.iter_mut().zip(text.chunks_exact(2)).enumerate() {
        let [high, low] = pair else { break };
        let high = nibble(*high).ok_or(HexError::NotHex(position * 2))?;
        let low = nibble(*low).ok_or(HexError::NotHex(position * 2 + 1))?;
        *byte = high << 4 | low;
    }
    Ok(())
}

fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_the_same_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode(&bytes);
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"));
        assert_eq!(decode(&text), Ok(bytes.clone()));
        assert_eq!(decode(&text.to_uppercase()), Ok(bytes));
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused_with_its_place() {
        assert_eq!(decode("abc"), Err(HexError::OddLength(3)));
        assert_eq!(decode("ab0g"), Err(HexError::NotHex(3)));
        assert_eq!(decode("é"), Err(HexError::NotHex(0)));
        assert_eq!(decode_array::<2>("abcdef"), Err(HexError::WrongLength { expected: 4, got: 6 }));
        assert_eq!(decode_array::<2>("abcd"), Ok([0xab, 0xcd]));
    }
}
