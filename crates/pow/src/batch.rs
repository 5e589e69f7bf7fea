//! The trailing zeros of many hashes: in sliced form where enough of them come together, else one by one.

use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::lanes::Verifier;
use crate::limits::sliced_messages_min;
use crate::ring;

/// The trailing zero trits (0 to 243) of the hash of each digest and nonce, in their order, by the fastest back end of
/// this processor.
///
/// Cheapest per hash in multiples of 512; any number is fine.
#[must_use]
pub fn trailing_zeros_batch(items: &[(Digest, u64)]) -> Vec<u32> {
    trailing_zeros_batch_with(Backend::fastest(), items)
}

/// Like [`trailing_zeros_batch`], by the given back end.
///
/// # Panics
/// When this processor cannot run it ([`Backend::is_available`]).
#[must_use]
pub fn trailing_zeros_batch_with(backend: Backend, items: &[(Digest, u64)]) -> Vec<u32> {
    let mut counts = Vec::with_capacity(items.len());
    let mut verifier: Option<Verifier> = None;
    for group in items.chunks(Verifier::lanes_max(backend)) {
        if group.len() < sliced_messages_min(backend) {
            ring::trailing_zeros_of_several(backend, group, &mut counts);
        } else {
            // Only the last group may be smaller, so at most two verifiers are made.
            let verifier = match &mut verifier {
                Some(verifier) if verifier.suits(group.len()) => verifier,
                other => other.insert(Verifier::new(backend, group.len())),
            };
            verifier.trailing_zeros(group, &mut counts);
        }
    }
    assert_eq!(counts.len(), items.len(), "a batch must give one count per item");
    counts
}
