//! pytest-benchmark's JSON (`pytest --benchmark-json=FILE`).
//!
//! The name is `fullname`, with the file. Measurements are `stats.data`; a file without them (`--benchmark-autosave`) has the
//! tool's own numbers.

use serde::Deserialize;

use super::{Benchmark, Benchmarks, MAX_BENCHMARKS, MAX_MEASUREMENTS, name, seconds};
use crate::json::{self, AtMost};
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Report {
    benchmarks: AtMost<Entry, MAX_BENCHMARKS>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    fullname: Option<String>,
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    data: AtMost<f64, MAX_MEASUREMENTS>,
    rounds: u64,
    mean: f64,
    stddev: f64,
    median: f64,
    min: f64,
    max: f64,
}

pub(crate) fn read(text: &str) -> Result<Benchmarks, Unreadable> {
    let report: Report = json::read(text)?;
    let mut found = Benchmarks::default();
    for entry in report.benchmarks.0 {
        let name = name(entry.fullname.as_deref().unwrap_or(&entry.name))?;
        let Some(stats) = entry.stats else {
            found.leave_out(&name, "it has no stats");
            continue;
        };
        let seconds = |value: f64| seconds(&name, value, 1.0);
        if stats.data.0.is_empty() {
            if stats.rounds == 0 {
                found.leave_out(&name, "it ran no rounds");
                continue;
            }
            found.add(Benchmark {
                n: stats.rounds,
                mean: seconds(stats.mean)?,
                stddev: (stats.rounds > 1)
                    .then(|| seconds(stats.stddev))
                    .transpose()?,
                median: Some(seconds(stats.median)?),
                min: Some(seconds(stats.min)?),
                max: Some(seconds(stats.max)?),
                samples: Vec::new(),
                name,
            })?;
        } else {
            let samples = stats.data.0.into_iter().map(seconds);
            let samples = samples.collect::<Result<_, _>>()?;
            found.add(Benchmark::of_samples(name, samples)?)?;
        }
    }
    found.whole()
}
