//! Bech32 (BIP-173, not Bech32m): the text form of addresses (TIP-11).

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};

/// Longest human-readable part we accept, in characters.
pub const HRP_LENGTH_MAX: usize = 83;

/// Why a text is not Bech32, or a prefix cannot be used for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bech32Error {
    /// The human-readable part is empty, too long, of mixed case or has characters outside of it.
    #[error(
        "\"{0}\" cannot be the prefix of a Bech32 address: 1 to 83 lower-case printable ASCII characters"
    )]
    InvalidPrefix(String),
    /// The text is not valid Bech32: a character, the separator, the case or the checksum is wrong.
    #[error("not a valid Bech32 text: {0}")]
    InvalidText(String),
}

/// The Bech32 form of `data` with the human-readable part `hrp`.
///
/// # Errors
/// [`Bech32Error::InvalidPrefix`], or [`Bech32Error::InvalidText`] when the text would be longer than Bech32 allows.
pub fn encode(hrp: &str, data: &[u8]) -> Result<String, Bech32Error> {
    let hrp = parse_prefix(hrp)?;
    bech32::encode::<Bech32>(hrp, data).map_err(|error| Bech32Error::InvalidText(error.to_string()))
}

/// The lower-case human-readable part and the data of `text`.
///
/// # Errors
/// [`Bech32Error::InvalidText`].
pub fn decode(text: &str) -> Result<(String, Vec<u8>), Bech32Error> {
    let checked =
        CheckedHrpstring::new::<Bech32>(text).map_err(|error| Bech32Error::InvalidText(error.to_string()))?;
    Ok((checked.hrp().to_lowercase(), checked.byte_iter().collect()))
}

/// Whether `hrp` can be a human-readable part.
///
/// # Errors
/// [`Bech32Error::InvalidPrefix`].
pub fn check_prefix(hrp: &str) -> Result<(), Bech32Error> {
    parse_prefix(hrp).map(|_| ())
}

fn parse_prefix(hrp: &str) -> Result<Hrp, Bech32Error> {
    let invalid = || Bech32Error::InvalidPrefix(hrp.to_owned());
    if hrp.chars().any(|character| character.is_ascii_uppercase()) {
        return Err(invalid());
    }
    Hrp::parse(hrp).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of TIP-11.
    const KEY_HASH: &str = "efdc112efe262b304bcf379b26c31bad029f616ee3ec4aa6345a366e4c9e43a3";

    #[test]
    fn the_examples_of_tip_11_hold() {
        let data = crate::hex::decode(&format!("00{KEY_HASH}")).unwrap();
        for (hrp, text) in [
            ("iota", "iota1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6xqgyzyx"),
            ("atoi", "atoi1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6x8x4r7t"),
        ] {
            assert_eq!(encode(hrp, &data).as_deref(), Ok(text));
            assert_eq!(decode(text), Ok((hrp.to_owned(), data.clone())));
            assert_eq!(decode(&text.to_uppercase()), Ok((hrp.to_owned(), data.clone())));
        }
    }

    #[test]
    fn rubbish_is_refused() {
        for text in ["", "1", "atoi1", "atoi1qqqq", "ATOI1qrhacyfwl", "no separator", "\u{1f600}1qqqqqq"] {
            assert!(decode(text).is_err(), "{text}");
        }
        // A changed character breaks the checksum; Bech32m has another one.
        assert!(decode("atoi1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6x8x4r7q").is_err());
        assert!(decode("a1lqfn3a").is_err());
        assert!(check_prefix("atoi").is_ok());
        for prefix in ["", "A", "with space", &"x".repeat(84)] {
            assert!(check_prefix(prefix).is_err(), "{prefix}");
        }
    }
}
