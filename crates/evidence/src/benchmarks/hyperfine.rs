//! hyperfine's JSON (`hyperfine --export-json FILE`).
//!
//! The name is `command`, which is what `--command-name` says where it is given. Times are wall-clock.

use serde::Deserialize;

use super::{Benchmark, Benchmarks, MAX_BENCHMARKS, MAX_MEASUREMENTS, name, seconds};
use crate::json::{self, AtMost};
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Report {
    results: AtMost<Entry, MAX_BENCHMARKS>,
}

#[derive(Deserialize)]
struct Entry {
    command: String,
    times: Option<AtMost<f64, MAX_MEASUREMENTS>>,
}

pub(crate) fn read(text: &str) -> Result<Benchmarks, Unreadable> {
    let report: Report = json::read(text)?;
    let mut found = Benchmarks::default();
    for entry in report.results.0 {
        let name = name(&entry.command)?;
        let times = entry.times.unwrap_or_default().0;
        if times.is_empty() {
            // Without them not even their number is known.
            found.leave_out(&name, "it has no list of times");
            continue;
        }
        let samples = times.into_iter().map(|time| seconds(&name, time, 1.0));
        let samples = samples.collect::<Result<_, _>>()?;
        found.add(Benchmark::of_samples(name, samples)?)?;
    }
    found.whole()
}
