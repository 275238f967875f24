//! Benchmarks from pytest-benchmark, Criterion, hyperfine, Google Benchmark, and a plain JSON of our own.
//!
//! All times are seconds of one run of what was measured. Where a tool gives its measurements one by one, all numbers are
//! computed from those; otherwise they are the tool's own.

pub(crate) mod criterion;
pub(crate) mod google;
pub(crate) mod hyperfine;
pub(crate) mod plain;
pub(crate) mod pytest;
mod summary;

use serde::{Deserialize, Serialize};

use crate::text::excerpt;
use crate::unreadable::Unreadable;

/// Benchmarks of one file at most.
pub const MAX_BENCHMARKS: usize = 10_000;
/// Measurements of one benchmark that are read at most.
pub const MAX_MEASUREMENTS: usize = 1_000_000;
/// Measurements of one benchmark that are kept; of more, as many evenly spread ones.
pub const MAX_SAMPLES: usize = 2_000;
/// Longest name, in characters.
pub const MAX_BENCHMARK_NAME: usize = 500;
/// Longest time, in seconds: more than thirty years.
pub const MAX_BENCHMARK_SECONDS: f64 = 1e9;

/// What a file says of benchmarks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Benchmarks {
    /// In the file's order; each name stands once.
    pub benchmarks: Vec<Benchmark>,
    /// Those that the tool names and did not measure.
    pub unmeasured: Vec<Unmeasured>,
}

/// How long something takes, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// The tool's name for it, as unlike others as the tool has one.
    pub name: String,
    /// How many measurements there were, at least 1.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (of a sample: over n - 1); none for a single measurement, or when it is not known.
    pub stddev: Option<f64>,
    /// Their median, when it is known.
    pub median: Option<f64>,
    /// The shortest, when it is known.
    pub min: Option<f64>,
    /// The longest, when it is known.
    pub max: Option<f64>,
    /// The measurements in their order, at most [`MAX_SAMPLES`], evenly spread when there were more; empty when the
    /// file has only what was computed from them.
    pub samples: Vec<f64>,
}

/// A benchmark without a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmeasured {
    /// Its name.
    pub name: String,
    /// What the tool says why.
    pub reason: String,
}

impl Benchmarks {
    fn add(&mut self, benchmark: Benchmark) -> Result<(), Unreadable> {
        if self.benchmarks.len() == MAX_BENCHMARKS {
            return Err(Unreadable::too_many(format!(
                "there are more than {MAX_BENCHMARKS} benchmarks: send them in parts"
            )));
        }
        self.benchmarks.push(benchmark);
        Ok(())
    }

    fn leave_out(&mut self, name: &str, reason: &str) {
        if self.unmeasured.len() < MAX_BENCHMARKS {
            self.unmeasured.push(Unmeasured {
                name: excerpt(name, MAX_BENCHMARK_NAME),
                reason: excerpt(reason, 200),
            });
        }
    }

    /// The whole, once every name is known to stand once.
    fn whole(self) -> Result<Self, Unreadable> {
        let mut names: Vec<&str> = self
            .benchmarks
            .iter()
            .map(|benchmark| benchmark.name.as_str())
            .collect();
        names.sort_unstable();
        if let Some(twice) = names
            .array_windows()
            .find_map(|[one, other]| (one == other).then_some(*one))
        {
            return Err(Unreadable::value(format!(
                "the benchmark {twice:?} stands twice: give each its own name"
            )));
        }
        if self.benchmarks.is_empty() {
            return Err(Unreadable::value(match self.unmeasured.first() {
                Some(first) => format!(
                    "no benchmark was measured ({}: {}): mend them and run them again",
                    first.name, first.reason
                ),
                None => "there are no benchmarks in the file: look whether any was run".to_owned(),
            }));
        }
        Ok(self)
    }
}

/// A benchmark's name as it is kept.
fn name(written: &str) -> Result<String, Unreadable> {
    let name = written.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Unreadable::value(
            "a benchmark has no name, or one with control characters: give each a name in one line",
        ));
    }
    let length = name.chars().count();
    if length > MAX_BENCHMARK_NAME {
        return Err(Unreadable::too_many(format!(
            "the name of a benchmark has {length} characters, at most {MAX_BENCHMARK_NAME} are read: shorten it"
        )));
    }
    Ok(name.to_owned())
}

/// A time in seconds from a number of some unit.
fn seconds(name: &str, value: f64, unit: f64) -> Result<f64, Unreadable> {
    let seconds = value * unit;
    if (0.0..=MAX_BENCHMARK_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Unreadable::value(format!(
        "benchmark {name:?}: {value} is no time: it is to be from 0 to {MAX_BENCHMARK_SECONDS} seconds"
    )))
}

/// How many seconds a unit of time has.
fn unit(word: &str) -> Option<f64> {
    Some(match word {
        "s" | "sec" | "second" | "seconds" => 1.0,
        "ms" | "millisecond" | "milliseconds" => 1e-3,
        "us" | "µs" | "μs" | "microsecond" | "microseconds" => 1e-6,
        "ns" | "nanosecond" | "nanoseconds" => 1e-9,
        "ps" => 1e-12,
        "min" | "minutes" => 60.0,
        _ => return None,
    })
}
