//! Questions in OFREP, single and bulk.
#![no_main]

#[path = "../properties/ofrep.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::holds(input));
