//! Random words for tip selection.

use std::sync::atomic::{AtomicU64, Ordering};

/// Step of the SplitMix64 generator: the golden ratio in 64 bits (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of words from a seed of the operating system, shared by all threads. It spreads choices evenly; it keeps
/// no secret, for tips are public.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    /// A stream that starts at a random place.
    pub(crate) fn from_system() -> Result<Self, getrandom::Error> {
        getrandom::u64().map(|seed| Self(AtomicU64::new(seed)))
    }

    /// The next word.
    pub(crate) fn next(&self) -> u64 {
        let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_generator() {
        // The first words of SplitMix64 from seed 0.
        let random = Random(AtomicU64::new(0));
        assert_eq!(random.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(random.next(), 0x6e78_9e6a_a1b9_65f4);
    }
}
