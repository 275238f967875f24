//! What the Rust client is sent over a stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| switchback_client::fuzzed::stream(input));
