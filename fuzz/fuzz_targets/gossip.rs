//! Fuzzes [`osmia_fuzz::wire::gossip`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::wire::gossip(input));
