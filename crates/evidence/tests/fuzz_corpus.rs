//! The inputs kept for the fuzz targets, shown to their properties.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

#[path = "../../../fuzz/properties/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/properties/coverage.rs"]
mod coverage;
#[path = "../../../fuzz/properties/junit.rs"]
mod junit;
#[path = "../../../fuzz/properties/otlp.rs"]
mod otlp;

#[test]
fn whatever_is_sent_as_a_run_of_tests_adds_up() {
    corpus::each("junit", junit::holds);
}

#[test]
fn whatever_is_sent_as_coverage_adds_up() {
    corpus::each("coverage", coverage::holds);
}

#[test]
fn whatever_is_sent_as_metrics_counts_once() {
    corpus::each("otlp", otlp::holds);
}
