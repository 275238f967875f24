//! A plain JSON for tools that are not known here.
//!
//! ```json
//! {"benchmarks": [
//!   {"name": "search", "unit": "ms", "samples": [12.1, 11.9, 12.4]},
//!   {"name": "insert", "unit": "us", "n": 200, "mean": 81.5, "stddev": 4.2, "median": 80.9, "min": 75.0, "max": 99.1}]}
//! ```
//!
//! `unit` is `s` (when it is left out), `ms`, `us` or `ns`, for all times of the benchmark. Either `samples` is there, or `mean`
//! and `n`; `stddev` (over n - 1), `median`, `min` and `max` may be left out. Unknown fields are refused, so that a misspelt one
//! is not lost.

use serde::Deserialize;

use super::{Benchmark, Benchmarks, MAX_BENCHMARKS, MAX_MEASUREMENTS, name, seconds, unit};
use crate::json::{self, AtMost};
use crate::text::excerpt;
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    benchmarks: AtMost<Entry, MAX_BENCHMARKS>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    unit: Option<String>,
    samples: Option<AtMost<f64, MAX_MEASUREMENTS>>,
    n: Option<u64>,
    mean: Option<f64>,
    stddev: Option<f64>,
    median: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

pub(crate) fn read(text: &str) -> Result<Benchmarks, Unreadable> {
    let report: Report = json::read(text)?;
    let mut found = Benchmarks::default();
    for entry in report.benchmarks.0 {
        found.add(entry.benchmark()?)?;
    }
    found.whole()
}

impl Entry {
    fn benchmark(self) -> Result<Benchmark, Unreadable> {
        let name = name(&self.name)?;
        let word = self.unit.as_deref().unwrap_or("s");
        let unit = unit(word).ok_or_else(|| {
            let word = excerpt(word, 20);
            Unreadable::value(format!(
                "benchmark {name:?}: the unit {word:?} is unknown: write s, ms, us or ns"
            ))
        })?;
        let time = |value: f64| seconds(&name, value, unit);
        if let Some(AtMost(samples)) = self.samples {
            let computed = [self.mean, self.stddev, self.median, self.min, self.max];
            if self.n.is_some() || computed.iter().any(Option::is_some) {
                return Err(Unreadable::value(format!(
                    "benchmark {name:?} has samples and numbers computed from them: send one or the other"
                )));
            }
            let samples = samples.into_iter().map(time).collect::<Result<_, _>>()?;
            return Benchmark::of_samples(name, samples);
        }
        let (Some(mean), Some(n @ 1..)) = (self.mean, self.n) else {
            return Err(Unreadable::value(format!(
                "benchmark {name:?} needs samples, or mean and n (at least 1)"
            )));
        };
        let time_of = |value: Option<f64>| value.map(time).transpose();
        let benchmark = Benchmark {
            n,
            mean: time(mean)?,
            stddev: time_of(self.stddev)?.filter(|_| n > 1),
            median: time_of(self.median)?,
            min: time_of(self.min)?,
            max: time_of(self.max)?,
            samples: Vec::new(),
            name,
        };
        let is_below = |limit: Option<f64>| limit.is_some_and(|limit| benchmark.mean < limit);
        let is_above = |limit: Option<f64>| limit.is_some_and(|limit| benchmark.mean > limit);
        if is_below(benchmark.min) || is_above(benchmark.max) {
            return Err(Unreadable::value(format!(
                "benchmark {:?}: the mean lies outside of min and max",
                benchmark.name
            )));
        }
        Ok(benchmark)
    }
}
