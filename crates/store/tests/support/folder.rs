//! A copy of an open store's folder: what a crash of the process leaves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// Copies the folder of a store that nobody writes to now. RocksDB removes old files on threads of its own, so the
/// copy is made again until the folder did not change meanwhile.
pub(crate) fn crashed_copy(folder: &Path) -> TempDir {
    loop {
        let before = files(folder);
        let copy = tempfile::tempdir().unwrap();
        let is_copied = before.keys().all(|name| fs::copy(folder.join(name), copy.path().join(name)).is_ok());
        if is_copied && files(folder) == before {
            return copy;
        }
    }
}

/// Names and lengths.
fn files(folder: &Path) -> BTreeMap<OsString, Option<u64>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), entry.metadata().ok().map(|metadata| metadata.len()))).collect()
}
