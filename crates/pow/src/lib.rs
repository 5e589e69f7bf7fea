//! Proof of work of a Chrysalis network (TIP-12): the score of a message, the verification of one message or many at
//! once, and the search for a nonce. The hash is Curl-P-81 over one block.
//!
//! Three forms of the same function:
//!
//! * [`trailing_zeros`], trit by trit: the reference that the others are tested against, too slow to use;
//! * ring: one hash or a few, as rings of 27 words (single messages, small batches);
//! * sliced: many hashes, one per bit of a register (batches, search), the fastest per hash.
//!
//! The last two use the widest registers that the processor has ([`Backend`]); every function has a twin that takes the
//! back end, [`search()`] has [`Search::with_backend`].
//!
//! Non-goals: no message is parsed here and no score is judged; nothing here keeps state between calls, chooses how
//! many threads a program may use or reads a clock.
//!
//! Invariants: all forms and back ends agree on every input; a nonce is never returned before the ring form has agreed
//! with the sliced one that found it; a search tries nonces in ascending order and skips none.
//!
//! Threads: everything is a value or a pure function. A search looks at its stop flag before each row of 256 or 512
//! nonces (less than a tenth of a millisecond of processor time); only [`search_threads`] starts threads, and they end
//! with the call.
//!
//! Unsafe code is in `sliced/x86.rs` and `ring`, and only calls what the processor was asked for; why each block is
//! sound is said there, and in short in docs/decisions/0016-proof-of-work.md.

mod backend;
mod batch;
mod curl;
mod lanes;
mod limits;
mod ring;
mod score;
mod search;
mod sliced;

pub use backend::{Backend, UnknownBackend};
pub use batch::{trailing_zeros_batch, trailing_zeros_batch_with};
pub use curl::trailing_zeros;
pub use limits::{HASH_TRITS, NONCE_BYTES, THREADS_MAX, ZEROS_MAX};
pub use score::{
    ZEROS_UNREACHABLE, required_zeros, score, score_of, score_with, trailing_zeros_of_messages,
    trailing_zeros_of_messages_with,
};
pub use search::{Outcome, Search, search, search_threads, search_threads_with};
