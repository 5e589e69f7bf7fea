//! The codec, its rules, the JSON shapes and the snapshot files: published vectors, properties and boundaries.

#[cfg(test)]
mod address;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod json;
#[cfg(test)]
mod milestone_keys;
#[cfg(test)]
mod preallocate;
#[cfg(test)]
mod prop;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod vectors;
