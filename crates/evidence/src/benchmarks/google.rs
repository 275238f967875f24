//! Google Benchmark's JSON (`--benchmark_out=FILE --benchmark_out_format=json`).
//!
//! The time is `real_time`, in its `time_unit`. Repetitions of a benchmark (`--benchmark_repetitions`) are its measurements; the
//! aggregates beside them are not read. Where aggregates stand alone, `mean`, `median` and `stddev` are read. One run without
//! repetitions is one measurement, however many iterations it had: nothing says how they differ.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Benchmark, Benchmarks, MAX_BENCHMARKS, name, seconds, unit};
use crate::json::{self, AtMost};
use crate::text::excerpt;
use crate::unreadable::Unreadable;

/// Rows of a file at most: repetitions and aggregates have their own.
const MAX_ROWS: usize = 200_000;

#[derive(Deserialize)]
struct Report {
    benchmarks: AtMost<Row, MAX_ROWS>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    repetitions: Option<u64>,
    real_time: Option<f64>,
    time_unit: Option<String>,
    #[serde(default)]
    error_occurred: bool,
    error_message: Option<String>,
}

/// All rows of one benchmark.
#[derive(Default)]
struct Rows {
    samples: Vec<f64>,
    repetitions: u64,
    mean: Option<f64>,
    median: Option<f64>,
    stddev: Option<f64>,
    error: Option<String>,
}

pub(crate) fn read(text: &str) -> Result<Benchmarks, Unreadable> {
    let report: Report = json::read(text)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<(String, Rows)> = Vec::new();
    for row in report.benchmarks.0 {
        let name = name(row.run_name.as_deref().unwrap_or(&row.name))?;
        let place = *places.entry(name.clone()).or_insert(all.len());
        if place == all.len() {
            if place == MAX_BENCHMARKS {
                return Err(Unreadable::too_many(format!(
                    "there are more than {MAX_BENCHMARKS} benchmarks: send them in parts"
                )));
            }
            all.push((name.clone(), Rows::default()));
        }
        if let Some((_, rows)) = all.get_mut(place) {
            rows.take(&name, row)?;
        }
    }
    let mut found = Benchmarks::default();
    for (name, rows) in all {
        if let Some(error) = rows.error {
            found.leave_out(&name, &error);
        } else if !rows.samples.is_empty() {
            found.add(Benchmark::of_samples(name, rows.samples)?)?;
        } else if let (Some(mean), true) = (rows.mean, rows.repetitions > 0) {
            found.add(Benchmark {
                name,
                n: rows.repetitions,
                mean,
                stddev: rows.stddev.filter(|_| rows.repetitions > 1),
                median: rows.median,
                min: None,
                max: None,
                samples: Vec::new(),
            })?;
        } else {
            found.leave_out(&name, "it has neither runs nor a mean");
        }
    }
    found.whole()
}

impl Rows {
    fn take(&mut self, name: &str, row: Row) -> Result<(), Unreadable> {
        if row.error_occurred {
            self.error = Some(row.error_message.unwrap_or_else(|| "it failed".to_owned()));
            return Ok(());
        }
        let kind = row.aggregate_name.as_deref();
        let is_aggregate = row.run_type.as_deref() == Some("aggregate");
        if is_aggregate && !matches!(kind, Some("mean" | "median" | "stddev")) {
            return Ok(());
        }
        let Some(time) = row.real_time else {
            return Ok(());
        };
        let word = row.time_unit.as_deref().unwrap_or("ns");
        let unit = unit(word).ok_or_else(|| {
            let word = excerpt(word, 20);
            Unreadable::value(format!(
                "benchmark {name:?}: {word:?} is no unit of time: ns, us, ms or s"
            ))
        })?;
        let time = seconds(name, time, unit)?;
        match kind {
            Some("mean") => self.mean = Some(time),
            Some("median") => self.median = Some(time),
            Some(_) => self.stddev = Some(time),
            None => self.samples.push(time),
        }
        if is_aggregate {
            self.repetitions = row.repetitions.unwrap_or(0);
        }
        Ok(())
    }
}
