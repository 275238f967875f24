//! What was kept from fuzzing, as ordinary tests: the properties are those of the fuzz targets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

#[path = "../../../fuzz/properties/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/properties/last_event_id.rs"]
mod last_event_id;
#[path = "../../../fuzz/properties/ofrep.rs"]
mod ofrep;

#[test]
fn whatever_is_asked_in_ofrep_is_answered() {
    corpus::each("ofrep", ofrep::holds);
}

#[test]
fn whoever_comes_back_to_a_stream_is_led_to_the_newest() {
    corpus::each("last_event_id", last_event_id::holds);
}
