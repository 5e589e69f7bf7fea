//! Fuzzes [`osmia_fuzz::targets::snapshot_reader`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::targets::snapshot_reader(input));
