//! The one place that chooses how many hashes are computed side by side, and by which implementation.
//!
//! Both names stand for the portable implementation at the width that was fastest without any processor-specific
//! instructions: 128 bits are two 64-bit words, which a compiler joins into one SSE2 or NEON register. An
//! implementation with wider registers takes their place by offering the same functions, which are all that
//! [`batch`](mod@crate::batch) and [`search`](mod@crate::search) use:
//!
//! * a verifier has `LANES`, `new` and `trailing_zeros` (counts of up to `LANES` items);
//! * a scanner has `LANES`, `new` for one digest and `scan` (which of `LANES` consecutive nonces look like hits).

use crate::sliced;

/// Verifies up to 128 hashes at once. Wider is hardly faster per hash and costs small batches twice as much.
pub(crate) type Verifier = sliced::Verifier<2>;

/// 64-bit words in a row of the search: 256 nonces, so that the lanes are exactly the first byte of the nonce and the
/// rounds that the other bytes do not reach are computed once.
pub(crate) const SCANNER_WORDS: usize = 4;

/// Scans rows of 256 nonces.
pub(crate) type Scanner = sliced::Scanner<SCANNER_WORDS>;
