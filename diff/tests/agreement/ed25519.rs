//! Verifying signatures, where implementations of Ed25519 are known to differ.

use crypto::signatures::ed25519::{
    PublicKey as TheirKey, SecretKey as TheirSecret, Signature as TheirSignature,
};
use osmia_primitives::ed25519::{PublicKey, SecretKey, Signature, SignedMessage, verify_batch};
use osmia_primitives::hex;

use crate::samples;

/// The order of the group, little endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Compares one verdict, single and batched, and returns it.
fn compare(key: [u8; 32], message: &[u8], signature: [u8; 64]) -> bool {
    let theirs = TheirKey::try_from_bytes(key)
        .is_ok_and(|key| key.verify(&TheirSignature::from_bytes(signature), message));
    let (public_key, signature) = (PublicKey(key), Signature(signature));
    assert_eq!(public_key.verify(message, &signature), theirs, "{key:02x?} {signature:?}");
    let batch = [SignedMessage { public_key, message, signature }; 5];
    assert_eq!(verify_batch(&batch, [7; 32]), [theirs; 5]);
    theirs
}

/// Encodings of points of small order, canonical or not, and a few that are no points at all.
fn odd_points() -> Vec<[u8; 32]> {
    let p = |low: u8, top: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, top);
        bytes
    };
    let small = |low: u8, top: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (low, top);
        bytes
    };
    let mut points = Vec::new();
    for top in [0, 0x80] {
        points.extend((0..=3).map(|low| small(low, top)));
    }
    for top in [0x7f, 0xff] {
        points.extend((0xe8..=0xff).map(|low| p(low, top)));
    }
    for eighth in [
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ] {
        points.push(hex::decode_array(eighth).unwrap());
    }
    points
}

fn scalars() -> Vec<[u8; 32]> {
    let mut below = L;
    below[0] -= 1;
    let mut above = L;
    above[0] += 1;
    let mut one = [0; 32];
    one[0] = 1;
    let mut bits = Vec::new();
    for top in [0x10, 0x1f, 0x20, 0x40, 0x80, 0xff] {
        let mut scalar = [0; 32];
        scalar[31] = top;
        bits.push(scalar);
    }
    [vec![[0; 32], one, below, L, above, [0xff; 32]], bits].concat()
}

#[test]
fn odd_keys_points_and_scalars_are_judged_alike() {
    let (mut valid, mut refused) = (0, 0);
    for key in odd_points() {
        for point in odd_points() {
            for scalar in scalars() {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&point);
                signature[32..].copy_from_slice(&scalar);
                if compare(key, b"odd", signature) { valid += 1 } else { refused += 1 }
            }
        }
    }
    assert!(valid > 100 && refused > 10_000, "{valid} {refused}");
}

#[test]
fn the_cases_of_tip_14_are_judged_alike() {
    let cases = samples::read_json("tips/tip-0014-ed25519.json");
    for case in cases.as_array().unwrap() {
        let field = |name: &str| hex::decode(case[name].as_str().unwrap()).unwrap();
        compare(
            field("pub_key").try_into().unwrap(),
            &field("message"),
            field("signature").try_into().unwrap(),
        );
    }
}

#[test]
fn signatures_are_the_same_and_each_changed_bit_is_judged_alike() {
    for seed in 0..4 {
        let ours = SecretKey::from_seed([seed; 32]);
        let theirs = TheirSecret::from_bytes([seed; 32]);
        assert_eq!(ours.public_key().0, theirs.public_key().to_bytes());
        let message = [seed; 32];
        let signature = ours.sign(&message);
        assert_eq!(signature.0, theirs.sign(&message).to_bytes());
        let key = ours.public_key().0;
        assert!(compare(key, &message, signature.0));
        for bit in 0..512 {
            let mut changed = signature.0;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!compare(key, &message, changed));
        }
        for bit in 0..256 {
            let mut changed = key;
            changed[bit / 8] ^= 1 << (bit % 8);
            compare(changed, &message, signature.0);
        }
        // The same signature with the group order added to its scalar: malleable implementations take it.
        let mut malleable = signature.0;
        let mut carry = 0;
        for (byte, add) in malleable[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!compare(key, &message, malleable));
    }
}
