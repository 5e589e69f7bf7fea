//! The score of a message: 3^(trailing zero trits) / bytes (TIP-12).

use osmia_primitives::blake2b;

use crate::batch::trailing_zeros_batch_with;
use crate::limits::{HASH_TRITS, NONCE_BYTES, ZEROS_MAX};
use crate::{Backend, ring};

/// 3^0 to 3^243. A double holds every power up to 3^33 exactly; above, each is within 211 roundings of its value.
const POWERS: [f64; HASH_TRITS + 1] = {
    let mut powers = [1.0; HASH_TRITS + 1];
    let mut exponent = 1;
    while exponent < powers.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "exponent is below the length of the array, checked at build time"
        )]
        {
            powers[exponent] = powers[exponent - 1] * 3.0;
        }
        exponent += 1;
    }
    powers
};

/// What [`required_zeros`] answers when no hash is good enough: one more than the trits of a hash.
pub const ZEROS_UNREACHABLE: u32 = ZEROS_MAX + 1;

/// The score of a message of `message_len` bytes (nonce included) whose hash ends with `trailing_zeros` zero trits.
///
/// More zeros than a hash has trits count as all of them. A length of 0 has no score: the result is 0.
#[must_use]
pub fn score_of(trailing_zeros: u32, message_len: usize) -> f64 {
    if message_len == 0 {
        return 0.0;
    }
    let exponent = usize::try_from(trailing_zeros).unwrap_or(usize::MAX).min(HASH_TRITS);
    let power = POWERS.get(exponent).expect("because the exponent is at most 243");
    power / message_len as f64
}

/// The score of a message given as its bytes on the wire; 0 for fewer than the 8 bytes of a nonce.
#[must_use]
pub fn score(message_bytes: &[u8]) -> f64 {
    score_with(Backend::fastest(), message_bytes)
}

/// Like [`score`], by the given back end.
///
/// # Panics
/// When this processor cannot run it ([`Backend::is_available`]).
#[must_use]
pub fn score_with(backend: Backend, message_bytes: &[u8]) -> f64 {
    match split_nonce(message_bytes) {
        Some((body, nonce)) => {
            let zeros = ring::trailing_zeros(backend, &blake2b::hash(body), nonce);
            score_of(zeros, message_bytes.len())
        }
        None => 0.0,
    }
}

/// The fewest trailing zero trits with which a message of `message_len` bytes reaches `min_score`.
///
/// The result is defined by [`score_of`], so that a nonce mined for it always passes the check that compares
/// scores, also where 3^z / length is exactly the minimum. [`ZEROS_UNREACHABLE`] if no hash is good enough (a
/// minimum above 3^243 / length, infinite or not a number; a length of 0 with a positive minimum).
#[must_use]
pub fn required_zeros(message_len: usize, min_score: f64) -> u32 {
    (0..ZEROS_UNREACHABLE)
        .find(|zeros| score_of(*zeros, message_len) >= min_score)
        .unwrap_or(ZEROS_UNREACHABLE)
}

/// The trailing zero trits of many messages given as their bytes on the wire, in their order; `None` for one that
/// is shorter than a nonce.
#[must_use]
pub fn trailing_zeros_of_messages(messages: &[&[u8]]) -> Vec<Option<u32>> {
    trailing_zeros_of_messages_with(Backend::fastest(), messages)
}

/// Like [`trailing_zeros_of_messages`], by the given back end.
///
/// # Panics
/// When this processor cannot run it ([`Backend::is_available`]).
#[must_use]
pub fn trailing_zeros_of_messages_with(backend: Backend, messages: &[&[u8]]) -> Vec<Option<u32>> {
    let split = || messages.iter().map(|message| split_nonce(message));
    let bodies: Vec<&[u8]> = split().flatten().map(|(body, _)| body).collect();
    let nonces = split().flatten().map(|(_, nonce)| nonce);
    let items: Vec<_> = blake2b::hash_many(&bodies).into_iter().zip(nonces).collect();
    let mut zeros = trailing_zeros_batch_with(backend, &items).into_iter();
    split().map(|message| message.and_then(|_| zeros.next())).collect()
}

/// A message's bytes before its nonce, and the nonce.
fn split_nonce(message: &[u8]) -> Option<(&[u8], u64)> {
    let (body, nonce) = message.split_last_chunk::<NONCE_BYTES>()?;
    Some((body, u64::from_le_bytes(*nonce)))
}

#[cfg(test)]
mod tests;
