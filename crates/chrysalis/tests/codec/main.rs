//! The codec, its rules, the JSON shapes and the snapshot files: published vectors, properties and boundaries.

mod address;
mod json;
mod milestone_keys;
mod preallocate;
mod prop;
mod rules;
mod samples;
mod snapshot;
mod strategies;
mod vectors;
