//! Ed25519 signatures verified by the rules of ZIP-215, as TIP-14 asks: non-canonical points are accepted, the
//! cofactored equation decides, and `S` must be canonical. Single and batched verification agree on every input.

use std::fmt;

use ed25519_zebra::{SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::blake2b::{self, Digest};

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// An Ed25519 public key as it stands on the wire; it need not be a valid point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; PUBLIC_KEY_BYTES]);

/// An Ed25519 signature as it stands on the wire; it need not be valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; SIGNATURE_BYTES]);

/// An Ed25519 secret key. It is never printed and is wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

/// A signature to verify: whose, over what.
#[derive(Clone, Copy, Debug)]
pub struct SignedMessage<'a> {
    /// Who is said to have signed.
    pub public_key: PublicKey,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: Signature,
}

impl PublicKey {
    /// The address bytes this key owns: its BLAKE2b-256 digest (TIP-7).
    #[must_use]
    pub fn address(&self) -> Digest {
        blake2b::hash(&self.0)
    }

    /// Whether `signature` is this key's signature over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        VerificationKey::try_from(self.0)
            .and_then(|key| key.verify(&ed25519_zebra::Signature::from(signature.0), message))
            .is_ok()
    }
}

impl SecretKey {
    /// The key of a 32-byte seed (RFC 8032's private key).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from(seed))
    }

    /// The 32-byte seed. Whoever holds it can sign.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.into()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(VerificationKeyBytes::from(&self.0).into())
    }

    /// The signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

/// Verifies many signatures, faster together than one by one; the verdicts are in the order of `signed`.
///
/// `seed` is fresh randomness for the random linear combination: whoever could guess it could make a batch with a
/// bad signature pass. When a batch fails, its signatures are verified one by one.
#[must_use]
pub fn verify_batch(signed: &[SignedMessage<'_>], seed: [u8; 32]) -> Vec<bool> {
    let one_by_one = || signed.iter().map(|item| item.public_key.verify(item.message, &item.signature));
    if signed.len() < BATCH_SIGNATURES_MIN {
        return one_by_one().collect();
    }
    let mut batch = batch::Verifier::new();
    for item in signed {
        batch.queue((
            VerificationKeyBytes::from(item.public_key.0),
            ed25519_zebra::Signature::from(item.signature.0),
            &item.message,
        ));
    }
    match batch.verify(ChaCha12Rng::from_seed(seed)) {
        Ok(()) => vec![true; signed.len()],
        Err(_) => one_by_one().collect(),
    }
}

/// Below this size a batch costs more than single verification.
const BATCH_SIGNATURES_MIN: usize = 4;

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", crate::hex::encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({})", crate::hex::encode(&self.0))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {:?})", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> SecretKey {
        SecretKey::from_seed([number; 32])
    }

    #[test]
    fn a_signature_verifies_for_its_key_and_message_only() {
        let signature = key(1).sign(b"message");
        assert!(key(1).public_key().verify(b"message", &signature));
        assert!(!key(1).public_key().verify(b"massage", &signature));
        assert!(!key(2).public_key().verify(b"message", &signature));
        assert_eq!(SecretKey::from_seed(key(1).seed()).public_key(), key(1).public_key());
    }

    #[test]
    fn a_batch_gives_the_verdict_of_each_signature() {
        let messages: Vec<[u8; 32]> = (0..20u8).map(|number| [number; 32]).collect();
        let mut signed: Vec<SignedMessage<'_>> = messages
            .iter()
            .zip(0u8..)
            .map(|(message, number)| SignedMessage {
                public_key: key(number % 5).public_key(),
                message,
                signature: key(number % 5).sign(message),
            })
            .collect();
        assert_eq!(verify_batch(&signed, [9; 32]), vec![true; 20]);
        signed[13].signature.0[3] ^= 1;
        let verdicts = verify_batch(&signed, [9; 32]);
        assert!(verdicts.iter().enumerate().all(|(place, good)| *good == (place != 13)));
        assert_eq!(verify_batch(&[], [0; 32]), Vec::<bool>::new());
    }

    #[test]
    fn a_secret_key_is_not_printed() {
        let text = format!("{:?}", key(7));
        assert!(!text.contains("0707") && text.contains("PublicKey"));
    }
}
