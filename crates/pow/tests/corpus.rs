//! Replays the seeds of the fuzz target, and what fuzzing once found, on the stable toolchain; and runs the target on random
//! bytes.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../../../fuzz/src/pow.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are another crate's public functions")]
mod targets;

/// Fewer seeds than this mean that the folder is not the right one.
const SEEDS_MIN: usize = 8;

#[test]
fn pow_search() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/pow_search");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        targets::pow_search(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= SEEDS_MIN, "{} has only {replayed} seeds", folder.display());
}

proptest! {
    // Each case hashes a range with three implementations.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_input(input in vec(any::<u8>(), 0..600)) {
        targets::pow_search(&input);
    }
}
