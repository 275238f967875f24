//! Answers of Prometheus' query API (`/api/v1/query_range`, `/api/v1/query`), JSON.
//!
//! A query that is to be evidence ends in sums by module and side, such as
//! `sum by (switchback_module, switchback_side) (increase(switchback_uses_total[1m]))`; [`Answer::points`] reads the labels.

use std::fmt;

use flags::{Key, Side};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::json::{self, AtMost, Entries};
use crate::text::{decode, excerpt};
use crate::unreadable::{Problem, Unreadable};

/// Series of one answer at most.
pub const MAX_SERIES: usize = 40_000;
/// Samples of one series at most: Prometheus gives 11,000.
pub const MAX_SAMPLES: usize = 11_000;
/// Samples of one answer at most.
pub const MAX_ALL_SAMPLES: usize = 1_000_000;
/// Labels of one series at most.
pub const MAX_LABELS: usize = 100;
/// Warnings that are kept at most.
const MAX_WARNINGS: usize = 100;

/// What Prometheus answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// In its order.
    pub series: Vec<Series>,
    /// What it warns of: the answer may not be whole.
    pub warnings: Vec<String>,
}

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Names and values.
    pub labels: Vec<(String, String)>,
    /// Milliseconds since 1970 (UTC), and the value. What is not a number, or infinite, is left out.
    pub samples: Vec<(i64, f64)>,
}

/// A value of a module's side.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The module's key.
    pub module: Key,
    /// Which implementation.
    pub side: Side,
    /// Milliseconds since 1970 (UTC).
    pub at: i64,
    /// What the query asked for.
    pub value: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Prometheus refused the query, or could not carry it out.
    #[error("Prometheus answers {kind}: {message}")]
    Refused {
        /// Its word for the kind of error, such as `bad_data` or `timeout`.
        kind: String,
        /// What it says.
        message: String,
    },
    /// The body is none of its answers.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    status: String,
    data: Option<Data>,
    error_type: Option<String>,
    error: Option<String>,
    #[serde(default)]
    warnings: AtMost<String, MAX_WARNINGS>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    #[serde(default)]
    result: AtMost<Row, MAX_SERIES>,
}

#[derive(Deserialize)]
struct Row {
    metric: Option<Entries<String, MAX_LABELS>>,
    #[serde(default)]
    values: AtMost<Sample, MAX_SAMPLES>,
    value: Option<Sample>,
}

/// `[1700000000.5, "12.5"]`
#[derive(Clone, Copy)]
struct Sample {
    seconds: f64,
    value: f64,
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;

        impl<'de> Visitor<'de> for Pair {
            type Value = Sample;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in seconds and a value in quotes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Sample, A::Error> {
                let missing = || serde::de::Error::custom("a sample is a time and a value");
                let seconds: f64 = pair.next_element()?.ok_or_else(missing)?;
                let value: String = pair.next_element()?.ok_or_else(missing)?;
                let value = value.parse().map_err(|_| {
                    let value = excerpt(&value, 40);
                    serde::de::Error::custom(format_args!("{value:?} is no value"))
                })?;
                Ok(Sample { seconds, value })
            }
        }

        deserializer.deserialize_seq(Pair)
    }
}

/// Reads a body, whatever the HTTP status: errors have one too.
///
/// # Errors
/// [`NoAnswer`]: what Prometheus says, or that the body is none of its answers.
pub fn read(bytes: &[u8]) -> Result<Answer, NoAnswer> {
    let text = decode(bytes)?;
    let body: Body = json::read(&text)?;
    if body.status != "success" {
        return Err(NoAnswer::Refused {
            kind: excerpt(&body.error_type.unwrap_or(body.status), 40),
            message: excerpt(&body.error.unwrap_or_default(), 500),
        });
    }
    let data = body.data.ok_or_else(|| {
        Unreadable::new(Problem::Value, "the answer says success and has no data")
    })?;
    if !matches!(data.result_type.as_str(), "matrix" | "vector") {
        let kind = excerpt(&data.result_type, 40);
        return Err(Unreadable::wrong_format(format!(
            "the query gives a {kind}: ask for series, summed by module and side"
        ))
        .into());
    }
    let (mut series, mut count) = (Vec::new(), 0_usize);
    for row in data.result.0 {
        let samples = row.values.0.into_iter().chain(row.value);
        let samples: Vec<(i64, f64)> = samples.filter_map(Sample::taken).collect();
        count += samples.len();
        if count > MAX_ALL_SAMPLES {
            return Err(Unreadable::too_many(format!(
                "there are more than {MAX_ALL_SAMPLES} samples: ask for a shorter time, or a longer step"
            ))
            .into());
        }
        let labels = row.metric.map(|labels| labels.0).unwrap_or_default();
        series.push(Series { labels, samples });
    }
    let warnings = body.warnings.0.iter();
    Ok(Answer {
        series,
        warnings: warnings.map(|warning| excerpt(warning, 200)).collect(),
    })
}

impl Sample {
    /// None for what is no number, or at no time.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked before"
    )]
    fn taken(self) -> Option<(i64, f64)> {
        let milliseconds = (self.seconds * 1e3).round();
        let is_time = (0.0..=1e15).contains(&milliseconds);
        (is_time && self.value.is_finite()).then_some((milliseconds as i64, self.value))
    }
}

impl Series {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        let label = self.labels.iter().find(|(label, _)| label == name)?;
        Some(&label.1)
    }

    /// The module and side that the labels `switchback_module` and `switchback_side` name, or `module` and `side`.
    fn subject(&self) -> Result<(Key, Side), String> {
        let label = |long: &str, short: &str| {
            let found = self.label(long).or_else(|| self.label(short));
            found.ok_or_else(|| format!("a series has no label {long}: sum by it"))
        };
        let module = label("switchback_module", "module")?;
        let module = Key::parse(module).map_err(|error| format!("switchback_module: {error}"))?;
        match label("switchback_side", "side")? {
            "old" => Ok((module, Side::Old)),
            "new" => Ok((module, Side::New)),
            other => {
                let other = excerpt(other, 40);
                Err(format!("switchback_side is {other:?}: it is old or new"))
            }
        }
    }
}

impl Answer {
    /// The samples of all series by module and side, and the first reason for which a series was left out.
    pub fn points(&self) -> (Vec<Measured>, Option<String>) {
        let (mut points, mut reason) = (Vec::new(), None);
        for series in &self.series {
            match series.subject() {
                Ok((module, side)) => {
                    points.extend(series.samples.iter().map(|&(at, value)| Measured {
                        module: module.clone(),
                        side,
                        at,
                        value,
                    }));
                }
                Err(why) => {
                    reason.get_or_insert(why);
                }
            }
        }
        (points, reason)
    }
}
