//! Addresses as text (TIP-11).

use osmia_chrysalis::{Address, AddressError};
use osmia_primitives::bech32;
use osmia_primitives::ed25519::PublicKey;
use osmia_primitives::hex;

const PUBLIC_KEY: &str = "6f1581709bb7b1ef030d210db18e3b0ba1c776fba65d8cdaad05415142d189f8";
const SERIALIZED: &str = "00efdc112efe262b304bcf379b26c31bad029f616ee3ec4aa6345a366e4c9e43a3";
const MAINNET: &str = "iota1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6xqgyzyx";
const TESTNET: &str = "atoi1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6x8x4r7t";

fn address() -> Address {
    Address::of(&PublicKey(hex::decode_array(PUBLIC_KEY).unwrap()))
}

#[test]
fn the_examples_of_tip_11_hold_both_ways() {
    assert_eq!(hex::encode(&address().to_bytes()), SERIALIZED);
    for (hrp, text) in [("iota", MAINNET), ("atoi", TESTNET)] {
        assert_eq!(address().to_bech32(hrp).unwrap(), text);
        assert_eq!(Address::from_bech32(hrp, text), Ok(address()));
        assert_eq!(Address::from_bech32(hrp, &text.to_uppercase()), Ok(address()));
    }
}

#[test]
fn an_address_of_another_network_is_an_error_of_its_own() {
    let refused = Address::from_bech32("atoi", MAINNET).unwrap_err();
    let expected = AddressError::ForeignPrefix { expected: "atoi".to_owned(), got: "iota".to_owned() };
    assert_eq!(refused, expected);
}

#[test]
fn text_that_is_not_an_address_is_refused_for_its_reason() {
    let damaged = MAINNET.replace("qrhac", "qrhaq");
    assert!(matches!(Address::from_bech32("iota", &damaged), Err(AddressError::Bech32(_))));
    assert!(matches!(Address::from_bech32("iota", ""), Err(AddressError::Bech32(_))));
    let mixed = MAINNET.replace("qrhac", "QRHAC");
    assert!(matches!(Address::from_bech32("iota", &mixed), Err(AddressError::Bech32(_))));
    let short = bech32::encode("iota", &[0; 32]).unwrap();
    assert_eq!(Address::from_bech32("iota", &short), Err(AddressError::WrongLength(32)));
    let long = bech32::encode("iota", &[0; 34]).unwrap();
    assert_eq!(Address::from_bech32("iota", &long), Err(AddressError::WrongLength(34)));
    let other = bech32::encode("iota", &[1; 33]).unwrap();
    assert_eq!(Address::from_bech32("iota", &other), Err(AddressError::UnknownType(1)));
}

#[test]
fn an_unknown_address_type_is_refused_in_bytes() {
    assert_eq!(Address::from_bytes(&[1; 33]).unwrap_err().rule(), "address-type");
}
