//! Sizes and bounds.

use crate::Backend;

/// Trits of a Curl-P-81 hash, and of one block of its input.
pub const HASH_TRITS: usize = 243;

/// The most trailing zero trits a hash can have: all of them.
pub const ZEROS_MAX: u32 = 243;

/// Bytes of a nonce, the last ones of a message.
pub const NONCE_BYTES: usize = 8;

/// The most threads of one search. Each holds 4 states of 1024 cells of at most 128 bytes, so all of them 128 MiB.
pub const THREADS_MAX: usize = 256;

/// Trits of the state of Curl.
pub(crate) const STATE_TRITS: usize = 729;

/// 64-bit words of the widest row of a search: 512 nonces.
pub(crate) const ROW_WORDS_MAX: usize = 8;

/// How many of the last trits a batch looks at in sliced form. A hash that ends with as many zeros (one in 3^27,
/// 7.6 million million) is counted again on its own.
pub(crate) const BATCH_ZEROS: u32 = 27;

/// How many of the last trits a search looks at in sliced form. A nonce that passes is counted on its own, so this
/// only bounds the work per row for absurd demands: nobody finds 40 zeros (3^40 = 1.2e19 tries).
pub(crate) const SEARCH_ZEROS: u32 = 40;

/// From this many messages on, a group is hashed in sliced form, whether it fills all lanes or not: one sliced group
/// costs as much as this many hashes in the form for several (measured: `osmia bench pow`).
pub(crate) const fn sliced_messages_min(backend: Backend) -> usize {
    match backend {
        Backend::Portable => 24,
        Backend::Avx2 => 32,
        Backend::Avx512 => 40,
    }
}
