//! What the Rust client reads from its file of last known flags.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| switchback_client::fuzzed::disk(input));
