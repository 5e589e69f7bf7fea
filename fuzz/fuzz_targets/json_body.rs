//! Fuzzes [`osmia_fuzz::targets::json_body`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::targets::json_body(input));
