//! Fuzzes [`osmia_fuzz::targets::message_parse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::targets::message_parse(input));
