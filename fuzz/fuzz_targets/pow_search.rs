//! Fuzzes [`osmia_fuzz::pow::pow_search`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::pow::pow_search(input));
