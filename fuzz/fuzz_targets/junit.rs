//! Runs of tests in JUnit XML.
#![no_main]

#[path = "../properties/junit.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::holds(input));
