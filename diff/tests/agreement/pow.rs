//! Scores of proof of work.

use bee_pow::score::PoWScorer;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::samples;

#[test]
fn real_messages_have_the_same_score() {
    for (bytes, _) in samples::messages() {
        assert_eq!(osmia_pow::score(&bytes), PoWScorer::new().score(&bytes));
    }
}

proptest! {
    #[test]
    fn any_bytes_have_the_same_score(bytes in vec(any::<u8>(), 8..300)) {
        prop_assert_eq!(osmia_pow::score(&bytes), PoWScorer::new().score(&bytes));
    }
}
