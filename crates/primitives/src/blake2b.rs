//! BLAKE2b with 32-byte digests (RFC 7693), the only hash on the wire of a Chrysalis network (TIP-6).

use blake2b_simd::{Params, State};

/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 32;

/// A BLAKE2b-256 digest.
pub type Digest = [u8; DIGEST_BYTES];

fn params() -> Params {
    let mut params = Params::new();
    params.hash_length(DIGEST_BYTES);
    params
}

/// The BLAKE2b-256 digest of `input`.
#[must_use]
pub fn hash(input: &[u8]) -> Digest {
    digest_of(params().hash(input))
}

/// The BLAKE2b-256 digest of the concatenation of `parts`.
#[must_use]
pub fn hash_parts(parts: &[&[u8]]) -> Digest {
    let mut state: State = params().to_state();
    for part in parts {
        state.update(part);
    }
    digest_of(state.finalize())
}

/// The digests of many inputs, in their order; several are hashed at once where the processor can.
#[must_use]
pub fn hash_many(inputs: &[&[u8]]) -> Vec<Digest> {
    let params = params();
    let mut jobs: Vec<_> =
        inputs.iter().map(|input| blake2b_simd::many::HashManyJob::new(&params, input)).collect();
    blake2b_simd::many::hash_many(jobs.iter_mut());
    jobs.iter().map(|job| digest_of(job.to_hash())).collect()
}

fn digest_of(hash: blake2b_simd::Hash) -> Digest {
    *hash.as_bytes().first_chunk().expect("because the digest was asked for with 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_input_has_the_published_digest() {
        let expected = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
        assert_eq!(crate::hex::encode(&hash(b"")), expected);
    }

    #[test]
    fn parts_and_many_agree_with_the_plain_hash() {
        let inputs: Vec<Vec<u8>> = (0..37u8).map(|n| vec![n; usize::from(n) * 11]).collect();
        let borrowed: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        for (input, digest) in borrowed.iter().zip(hash_many(&borrowed)) {
            assert_eq!(digest, hash(input));
            let (left, right) = input.split_at(input.len() / 3);
            assert_eq!(digest, hash_parts(&[left, right]));
        }
    }
}
