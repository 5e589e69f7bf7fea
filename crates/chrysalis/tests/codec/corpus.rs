//! Replays the seeds of the fuzz targets, and what fuzzing once found, on the stable toolchain.

#[path = "../../../../fuzz/src/targets.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are another crate's public functions")]
mod targets;

use crate::samples::repository_folder;

/// Calls `target` with every file of the folder, and fails when there are fewer than `least`.
fn replay(name: &str, least: usize, target: fn(&[u8])) {
    let folder = repository_folder("fuzz").join("seeds").join(name);
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        target(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= least, "{} has only {replayed} seeds", folder.display());
}

#[test]
fn message_parse() {
    replay("message_parse", 14, targets::message_parse);
}

#[test]
fn json_body() {
    replay("json_body", 13, targets::json_body);
}

#[test]
fn snapshot_reader() {
    replay("snapshot_reader", 3, targets::snapshot_reader);
}

#[test]
fn bech32() {
    replay("bech32", 2, targets::bech32);
}
