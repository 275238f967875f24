//! Criterion, in either of the two ways in which its users have its numbers.
//!
//! - The files that `cargo bench` leaves behind, one after the other: each benchmark's `benchmark.json`, which has its name, and
//!   then its `estimates.json`, `sample.json` and `tukey.json` in any order, as this writes them:
//!   `find target/criterion -path '*/new/*.json' | sort | xargs cat`.
//! - The messages of `cargo criterion --message-format=json`, one to a line.
//!
//! Measurements are a sample's time over its iterations, in nanoseconds unless a message says otherwise. `estimates.json` is
//! not used: it says neither what was measured nor how often. By itself it is refused, with these words.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Benchmark, Benchmarks, MAX_BENCHMARKS, MAX_MEASUREMENTS, name, seconds, unit};
use crate::json::{self, AtMost, Keys};
use crate::text::excerpt;
use crate::unreadable::{Position, Unreadable};

/// JSON values of one file at most.
const MAX_VALUES: usize = 8 * MAX_BENCHMARKS;
const NANOSECOND: f64 = 1e-9;

/// `benchmark.json`.
#[derive(Deserialize)]
struct Named {
    full_id: String,
}

/// `sample.json`.
#[derive(Deserialize)]
struct Sample {
    iters: AtMost<f64, MAX_MEASUREMENTS>,
    times: AtMost<f64, MAX_MEASUREMENTS>,
}

/// A message of cargo-criterion.
#[derive(Deserialize)]
struct Message {
    reason: String,
    id: Option<String>,
    iteration_count: Option<AtMost<f64, MAX_MEASUREMENTS>>,
    measured_values: Option<AtMost<f64, MAX_MEASUREMENTS>>,
    unit: Option<String>,
}

/// A benchmark whose files are being read.
struct Open {
    name: String,
    sample: Option<Sample>,
}

pub(crate) fn read(text: &str) -> Result<Benchmarks, Unreadable> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let (mut found, mut open) = (Benchmarks::default(), None);
    let mut count = 0_usize;
    while let Some(value) = values.next() {
        let value = value.map_err(|error| json::unreadable(&error))?.get();
        let begin = values.byte_offset().saturating_sub(value.len());
        let place = |error: Unreadable| within(error, Position::of(text, begin));
        count += 1;
        if count > MAX_VALUES {
            return Err(place(Unreadable::too_many(format!(
                "there are more than {MAX_VALUES} JSON values: send the benchmarks in parts"
            ))));
        }
        // The fences of outliers, `tukey.json`.
        if value.starts_with('[') {
            continue;
        }
        take(value, &mut found, &mut open).map_err(place)?;
    }
    close(open, &mut found)?;
    found.whole()
}

/// One value of the file.
fn take(value: &str, found: &mut Benchmarks, open: &mut Option<Open>) -> Result<(), Unreadable> {
    let keys: Keys = json::read(value)?;
    if keys.has("reason") {
        return message(json::read(value)?, found);
    }
    if keys.has("full_id") {
        let named: Named = json::read(value)?;
        let next = Open {
            name: name(&named.full_id)?,
            sample: None,
        };
        return close(open.replace(next), found);
    }
    let is_sample = keys.has("iters") && keys.has("times");
    if !is_sample && !keys.has("mean") {
        return Err(Unreadable::wrong_format(
            "this is nothing that Criterion writes: send benchmark.json, estimates.json and sample.json of each benchmark, or the messages of cargo criterion",
        ));
    }
    let Some(open) = open else {
        return Err(Unreadable::value(
            "this does not say which benchmark it is of: its benchmark.json comes first, as in find target/criterion -path '*/new/*.json' | sort | xargs cat",
        ));
    };
    if is_sample {
        open.sample = Some(json::read(value)?);
    }
    Ok(())
}

fn message(message: Message, found: &mut Benchmarks) -> Result<(), Unreadable> {
    if message.reason != "benchmark-complete" {
        return Ok(());
    }
    let (Some(id), Some(iterations), Some(values)) =
        (message.id, message.iteration_count, message.measured_values)
    else {
        return Err(Unreadable::value(
            "a message benchmark-complete needs id, iteration_count and measured_values",
        ));
    };
    let name = name(&id)?;
    let word = message.unit.unwrap_or_default();
    let unit = unit(&word).ok_or_else(|| {
        let word = excerpt(&word, 20);
        Unreadable::value(format!(
            "benchmark {name:?} is measured in {word:?}, which is no unit of time"
        ))
    })?;
    let samples = ratios(&name, &iterations.0, &values.0, unit)?;
    found.add(Benchmark::of_samples(name, samples)?)
}

fn close(open: Option<Open>, found: &mut Benchmarks) -> Result<(), Unreadable> {
    let Some(Open { name, sample }) = open else {
        return Ok(());
    };
    if let Some(sample) = sample {
        let samples = ratios(&name, &sample.iters.0, &sample.times.0, NANOSECOND)?;
        found.add(Benchmark::of_samples(name, samples)?)
    } else {
        found.leave_out(&name, "its sample.json is missing");
        Ok(())
    }
}

/// Times of single runs.
fn ratios(
    name: &str,
    iterations: &[f64],
    values: &[f64],
    unit: f64,
) -> Result<Vec<f64>, Unreadable> {
    if iterations.len() != values.len() {
        return Err(Unreadable::value(format!(
            "benchmark {name:?} has {} counts of iterations and {} times",
            iterations.len(),
            values.len()
        )));
    }
    let pairs = iterations.iter().zip(values);
    pairs
        .map(|(&iterations, &value)| seconds(name, value / iterations, unit))
        .collect()
}

/// An error in a part of a text that begins at a place.
fn within(mut error: Unreadable, begin: Position) -> Unreadable {
    error.at = Some(match error.at {
        None => begin,
        Some(at) if at.line <= 1 => Position {
            line: begin.line,
            column: begin.column.saturating_add(at.column).saturating_sub(1),
        },
        Some(at) => Position {
            line: begin.line.saturating_add(at.line).saturating_sub(1),
            column: at.column,
        },
    });
    error
}
