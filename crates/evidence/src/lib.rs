//! What senders write in, evidence out.
//!
//! Pure: no input or output, no clock. Bytes from outside become values, or an error with its place and what to do; every
//! bound is a constant here, and nothing is ever fetched or run.
//!
//! | what | module | formats |
//! | --- | --- | --- |
//! | which format a file is | `format` | the stable names of [`Format`] |
//! | a run of tests | [`junit`] | `JUnit` XML |
//! | coverage | [`coverage`] | Cobertura XML, LCOV, coverage.py's JSON |
//! | benchmarks | [`benchmarks`] | pytest-benchmark, Criterion, hyperfine, Google Benchmark, a plain JSON of our own |
//! | metrics pushed | [`otlp`] | the OpenTelemetry protocol, protobuf and JSON |
//! | metrics asked for | [`prometheus`] | answers of Prometheus' query API |
//! | the grounds | `text`, `xml`, `json`, `unreadable` | encodings, bounded XML and JSON, errors |
//!
//! `tests/samples` has a small file of each, as its tool wrote it.
#![forbid(unsafe_code)]

pub mod benchmarks;
pub mod coverage;
mod format;
mod json;
pub mod junit;
pub mod otlp;
pub mod prometheus;
mod text;
mod unreadable;
mod xml;

pub use benchmarks::{Benchmark, Benchmarks, Unmeasured};
pub use coverage::{Counts, Coverage, FileCoverage};
pub use format::{Format, Kind, Report, UnknownFormat, detect, read};
pub use junit::{FailedOutcome, FailedTest, TestRun};
pub use text::MAX_BYTES;
pub use unreadable::{Position, Problem, Unreadable};
