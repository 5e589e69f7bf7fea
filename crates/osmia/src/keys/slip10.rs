//! SLIP-0010 key derivation for Ed25519: hardened steps only.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

const MASTER_KEY: &[u8] = b"ed25519 seed";
const HARDENED: u32 = 1 << 31;

/// The Ed25519 seed at `path` below the master key of `seed`. Every step is hardened; steps are given without that bit.
pub(super) fn derive(seed: &[u8], path: &[u32]) -> [u8; 32] {
    let (mut key, mut chain_code) = hmac(MASTER_KEY, &[seed]);
    for step in path {
        (key, chain_code) = hmac(&chain_code, &[&[0], &key, &(step | HARDENED).to_be_bytes()]);
    }
    key
}

/// HMAC-SHA512 over `parts`, in two halves: key and chain code.
fn hmac(key: &[u8], parts: &[&[u8]]) -> ([u8; 32], [u8; 32]) {
    let mut hmac = Hmac::<Sha512>::new_from_slice(key).expect("because HMAC takes keys of any length");
    for part in parts {
        hmac.update(part);
    }
    let digest: [u8; 64] = hmac.finalize().into_bytes().into();
    let half = "because a digest of 64 bytes has two halves of 32";
    (*digest.first_chunk().expect(half), *digest.last_chunk().expect(half))
}

#[cfg(test)]
mod tests {
    use osmia_primitives::ed25519::SecretKey;
    use osmia_primitives::hex;

    use super::*;

    /// Seed, path, private key, public key (without its zero byte).
    type Vector = (&'static str, &'static [u32], &'static str, &'static str);

    /// From the test vectors 1 and 2 for Ed25519 of SLIP-0010.
    const VECTORS: [Vector; 7] = [
        (
            "000102030405060708090a0b0c0d0e0f",
            &[],
            "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7",
            "a4b2856bfec510abab89753fac1ac0e1112364e7d250545963f135f2a33188ed",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            &[0],
            "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
            "8c8a13df77a28f3445213a0f432fde644acaa215fc72dcdf300d5efaa85d350c",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            &[0, 1],
            "b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2",
            "1932a5270f335bed617d5b935c80aedb1a35bd9fc1e31acafd5372c30f5c1187",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            &[0, 1, 2, 2, 1_000_000_000],
            "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793",
            "3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a",
        ),
        (
            "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
            &[],
            "171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012",
            "8fe9693f8fa62a4305a140b9764c5ee01e455963744fe18204b4fb948249308a",
        ),
        (
            "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
            &[0],
            "1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635",
            "86fab68dcb57aa196c77c5f264f215a112c22a912c10d123b0d03c3c28ef1037",
        ),
        (
            "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
            &[0, 2_147_483_647, 1, 2_147_483_646, 2],
            "551d333177df541ad876a60ea71f00447931c0a9da16f227c11ea080d7391b8d",
            "47150c75db263559a70d5778bf36abbab30fb061ad69f69ece61a72b0cfa4fc0",
        ),
    ];

    #[test]
    fn the_vectors_of_slip_0010_hold() {
        for (seed, path, private_key, public_key) in VECTORS {
            let derived = derive(&hex::decode(seed).unwrap(), path);
            assert_eq!(hex::encode(&derived), private_key, "{path:?}");
            assert_eq!(hex::encode(&SecretKey::from_seed(derived).public_key().0), public_key, "{path:?}");
        }
    }
}
