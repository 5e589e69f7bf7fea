//! Fuzzes [`osmia_fuzz::targets::bech32`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::targets::bech32(input));
