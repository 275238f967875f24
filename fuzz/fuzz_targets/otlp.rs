//! Metrics of the OpenTelemetry protocol, in protobuf and JSON.
#![no_main]

#[path = "../properties/otlp.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::holds(input));
