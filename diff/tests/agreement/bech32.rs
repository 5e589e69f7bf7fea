//! Addresses as text.

use bee_message::address::{Address as BeeAddress, Ed25519Address};
use osmia_chrysalis::{Address, AddressError};
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::Index;

fn bee(text: &str) -> Option<[u8; 32]> {
    let BeeAddress::Ed25519(address) = BeeAddress::try_from_bech32(text).ok()?;
    Some(address.as_ref().try_into().unwrap())
}

fn ours(hrp: &str, text: &str) -> Option<[u8; 32]> {
    Address::from_bech32(hrp, text).ok().map(|address| *address.digest())
}

proptest! {
    #[test]
    fn addresses_have_the_same_text(digest in any::<[u8; 32]>()) {
        for hrp in ["iota", "atoi", "x"] {
            let text = Address::Ed25519(digest).to_bech32(hrp).unwrap();
            prop_assert_eq!(&text, &BeeAddress::from(Ed25519Address::new(digest)).to_bech32(hrp));
            prop_assert_eq!(ours(hrp, &text), Some(digest));
            prop_assert_eq!(bee(&text), Some(digest));
            prop_assert_eq!(ours(hrp, &text.to_uppercase()), bee(&text.to_uppercase()));
        }
    }

    #[test]
    fn damaged_text_is_refused_alike(digest in any::<[u8; 32]>(), place in any::<Index>(), put in "[ -~]") {
        let text = Address::Ed25519(digest).to_bech32("iota").unwrap();
        let place = place.index(text.len() - 5) + 5;
        let damaged = format!("{}{put}{}", &text[..place], &text[place + 1..]);
        prop_assert_eq!(ours("iota", &damaged), bee(&damaged), "{}", damaged);
    }
}

#[test]
fn bee_does_not_look_at_the_prefix_or_at_what_follows_the_address() {
    let digest = [3; 32];
    let foreign = Address::Ed25519(digest).to_bech32("atoi").unwrap();
    assert_eq!(bee(&foreign), Some(digest));
    assert!(matches!(Address::from_bech32("iota", &foreign), Err(AddressError::ForeignPrefix { .. })));
    let longer = osmia_primitives::bech32::encode("iota", &[&[0][..], &digest, &[9]].concat()).unwrap();
    assert_eq!(bee(&longer), Some(digest));
    assert_eq!(Address::from_bech32("iota", &longer), Err(AddressError::WrongLength(34)));
}

#[test]
fn bee_takes_the_other_checksum_too() {
    // The bytes of the null address under the checksum of BIP-350 (Bech32m).
    let text = bech32m("iota", &[0; 33]);
    assert_eq!(bee(&text), Some([0; 32]));
    assert!(matches!(Address::from_bech32("iota", &text), Err(AddressError::Bech32(_))));
}

/// The Bech32m text of `data`, straight from BIP-350.
fn bech32m(hrp: &str, data: &[u8]) -> String {
    const CHARACTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let bits: Vec<u8> = data.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let fold = |bits: &[u8]| (0..5).fold(0, |word, bit| word << 1 | bits.get(bit).copied().unwrap_or(0));
    let words: Vec<u8> = bits.chunks(5).map(fold).collect();
    let head = hrp.bytes().map(|byte| byte >> 5).chain([0]).chain(hrp.bytes().map(|byte| byte & 31));
    let checksum = head.chain(words.iter().copied()).chain([0; 6]).fold(1_u32, |checksum, value| {
        let top = checksum >> 25;
        let mut next = (checksum & 0x01ff_ffff) << 5 ^ u32::from(value);
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                next ^= generator;
            }
        }
        next
    }) ^ 0x2bc8_30a3;
    let tail = (0..6).map(|place| (checksum >> (5 * (5 - place)) & 31).to_le_bytes()[0]);
    let text = words.into_iter().chain(tail).map(|word| char::from(CHARACTERS[usize::from(word)]));
    format!("{hrp}1{}", text.collect::<String>())
}
