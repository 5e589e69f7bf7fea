//! Replays the seeds of the fuzz targets, and what fuzzing once found, on the stable toolchain; and runs the targets on
//! random bytes.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../../../../fuzz/src/wire.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are another crate's public functions")]
mod targets;

/// Calls `target` with every file of the folder, and fails when there are fewer than `least`.
fn replay(name: &str, least: usize, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        target(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= least, "{} has only {replayed} seeds", folder.display());
}

#[test]
fn packet_stream() {
    replay("packet_stream", 4, targets::packet_stream);
}

#[test]
fn gossip() {
    replay("gossip", 4, targets::gossip);
}

proptest! {
    #[test]
    fn any_stream(input in vec(any::<u8>(), 0..400)) {
        targets::packet_stream(&input);
    }

    #[test]
    fn any_steps(input in vec(any::<u8>(), 0..3_000)) {
        targets::gossip(&input);
    }
}
