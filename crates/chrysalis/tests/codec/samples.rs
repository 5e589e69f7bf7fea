//! The files of /testdata. Every function panics when its file cannot be read, so that no test passes without its vectors.

use std::path::{Path, PathBuf};

use osmia_primitives::hex;
use serde_json::Value;

/// A folder at the root of the repository.
pub(crate) fn repository_folder(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.ancestors().map(|folder| folder.join(name)).find(|folder| folder.is_dir());
    folder.unwrap_or_else(|| panic!("the repository has no folder {name}"))
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = repository_folder("testdata").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_json(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// Real messages of several networks with what is known about them.
pub(crate) fn messages() -> Vec<(Vec<u8>, Value)> {
    let samples = read_json("chrysalis-samples.json");
    let samples = samples.as_array().unwrap();
    assert!(samples.len() >= 9, "the file of real messages is not complete");
    samples
        .iter()
        .map(|sample| (hex::decode(sample["raw"].as_str().unwrap()).unwrap(), sample.clone()))
        .collect()
}
