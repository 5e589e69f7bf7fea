//! The files of /testdata. Every function panics when its file cannot be read, so that no test passes without its vectors.

use osmia_primitives::hex;
use serde_json::Value;

pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn read_json(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// Real messages of several networks with what is known about them.
pub(crate) fn messages() -> Vec<(Vec<u8>, Value)> {
    let samples = read_json("chrysalis-samples.json");
    let samples = samples.as_array().unwrap();
    assert!(samples.len() >= 9, "the file of real messages is not complete");
    samples.iter().map(|sample| (hex::decode(sample["raw"].as_str().unwrap()).unwrap(), sample.clone())).collect()
}
