//! Coverage in Cobertura XML, LCOV and coverage.py's JSON.
#![no_main]

#[path = "../properties/coverage.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::holds(input));
