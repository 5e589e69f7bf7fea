//! Fuzzes [`osmia_fuzz::wire::packet_stream`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| osmia_fuzz::wire::packet_stream(input));
