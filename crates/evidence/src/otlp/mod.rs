//! Metrics of the OpenTelemetry protocol (OTLP 1), in protobuf or JSON, and what Switchback takes from them.
//!
//! | metric | what it is | what is taken |
//! | --- | --- | --- |
//! | `switchback.uses` | a monotonic sum | its value: uses; they are errors too when the point says so |
//! | `switchback.duration` | a histogram, explicit or exponential, with a unit of `s`, `ms`, `us` or `ns` | its buckets: latencies |
//!
//! Uses are counted by `switchback.uses` and by nothing else, and latencies by `switchback.duration` and by nothing else:
//! a histogram's count never adds to the uses. So no use is ever counted twice, whatever is sent together or apart, and a
//! sender counts every use once in `switchback.uses` and, where it takes the time, records it in `switchback.duration` as well.
//!
//! | attribute | where | what |
//! | --- | --- | --- |
//! | `switchback.module` | point, else resource | the module's key |
//! | `switchback.side` | point, else resource | `old` or `new` |
//! | `error` | point | a boolean, or a text: `false`, `0` and the empty one are no error, any other is |
//! | `error.type` | point | any text but the empty one is an error |
//!
//! Delta points stand for themselves. Cumulative ones carry the identity of their stream, and [`Cumulative`] makes deltas of
//! them. Metrics of other names are ignored; points of these that cannot be used are rejected and counted, with the first
//! reasons, as OTLP's partial success.

mod attributes;
mod cumulative;
mod latency;
mod size;

use flags::{Key, Side};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, metric::Data, number_data_point,
};
use prost::Message;

use crate::json;
use crate::text::{decode, excerpt};
use crate::unreadable::{Problem, Unreadable};
use attributes::Attributes;

pub use cumulative::Cumulative;

/// The counter of uses.
pub const USES: &str = "switchback.uses";
/// The histogram of latencies.
pub const DURATION: &str = "switchback.duration";
/// Largest request after it was inflated, in bytes.
pub const MAX_REQUEST: usize = 4 << 20;
/// Points of one request at most, ignored ones too.
pub const MAX_POINTS: usize = 100_000;
/// Messages of one request at most: points, attributes and all that they stand in.
pub const MAX_MESSAGES: usize = 500_000;
/// Buckets of one histogram at most.
pub const MAX_BUCKETS: usize = 2_000;
/// Greatest count of one point.
pub const MAX_COUNT: u64 = 1 << 53;
/// Reasons that are told at most.
const MAX_REASONS: usize = 5;

/// What a request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// In the request's order.
    pub points: Vec<Point>,
    /// Points of metrics with other names.
    pub ignored: u64,
    /// Points that could not be used.
    pub rejected: u64,
    /// Why, in words: the first few reasons that differ.
    pub reasons: Vec<String>,
}

/// Something that a module's side did up to a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The module's key, as it was sent; whether there is such a module is not known here.
    pub module: Key,
    /// Which implementation.
    pub side: Side,
    /// The end of the time that it is about, in milliseconds since 1970 (UTC).
    pub at: i64,
    /// What was measured.
    pub value: Value,
    /// Since when.
    pub temporality: Temporality,
}

/// What a point says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// So many uses; all of them errors, or none.
    Uses {
        /// How many.
        count: u64,
        /// Whether they failed.
        failed: bool,
    },
    /// Latencies in milliseconds, rising, and how often each. The latency of a bucket is its geometric middle, between the
    /// least and the greatest latency where a delta has them; without, that of a bucket from zero is half its upper bound and
    /// that of the last one its lower bound.
    Latency(Vec<(f64, u64)>),
}

/// Since when a point counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temporality {
    /// Since the last point: values add up.
    Delta,
    /// Since its stream began.
    Cumulative {
        /// The identity of the stream: resource, scope, metric and attributes. Only good within a process.
        stream: u128,
        /// When it began, in milliseconds since 1970 (UTC); 0 when the sender does not know.
        start: i64,
    },
}

/// Reads a request in protobuf.
///
/// # Errors
/// [`Unreadable`] when it is none, or beyond the bounds; no point is taken then.
pub fn read_protobuf(bytes: &[u8]) -> Result<Metrics, Unreadable> {
    check_size(bytes)?;
    size::check(bytes)?;
    let request = ExportMetricsServiceRequest::decode(bytes).map_err(|error| {
        Unreadable::new(
            Problem::Syntax,
            format!(
                "this is no ExportMetricsServiceRequest in protobuf ({error}): send OTLP metrics, or set the content type of what you send"
            ),
        )
    })?;
    take(&request)
}

/// Reads a request in OTLP's JSON.
///
/// # Errors
/// As of [`read_protobuf`].
pub fn read_json(bytes: &[u8]) -> Result<Metrics, Unreadable> {
    check_size(bytes)?;
    // Every message is an object, and every object begins so.
    let mut objects = bytes.iter().filter(|&&byte| byte == b'{');
    if objects.nth(MAX_MESSAGES).is_some() {
        return Err(size::too_many_messages());
    }
    let text = decode(bytes)?;
    if text.trim_start().starts_with('[') {
        return Err(Unreadable::new(
            Problem::WrongFormat,
            "this is a list: a request is an object with resourceMetrics",
        ));
    }
    take(&json::read(&text)?)
}

/// The answer to a protobuf request: nothing, or the partial success.
pub fn answer_protobuf(metrics: &Metrics) -> Vec<u8> {
    let partial_success = (metrics.rejected > 0).then(|| ExportMetricsPartialSuccess {
        rejected_data_points: i64::try_from(metrics.rejected).unwrap_or(i64::MAX),
        error_message: metrics.reasons.join("; "),
    });
    ExportMetricsServiceResponse { partial_success }.encode_to_vec()
}

/// The answer to a JSON request.
pub fn answer_json(metrics: &Metrics) -> String {
    if metrics.rejected == 0 {
        return "{}".to_owned();
    }
    serde_json::json!({"partialSuccess": {
        "rejectedDataPoints": metrics.rejected.to_string(),
        "errorMessage": metrics.reasons.join("; "),
    }})
    .to_string()
}

fn check_size(bytes: &[u8]) -> Result<(), Unreadable> {
    if bytes.len() > MAX_REQUEST {
        return Err(Unreadable::new(
            Problem::TooLarge,
            format!(
                "the request has {} bytes, at most {MAX_REQUEST} are read: export smaller batches",
                bytes.len()
            ),
        ));
    }
    Ok(())
}

fn take(request: &ExportMetricsServiceRequest) -> Result<Metrics, Unreadable> {
    let mut metrics = Metrics::default();
    let mut points = 0_usize;
    for resource in &request.resource_metrics {
        let within = Attributes::of_resource(resource);
        for scope in &resource.scope_metrics {
            let within = within.scope(scope);
            for metric in &scope.metrics {
                points = points.saturating_add(count(metric));
                if points > MAX_POINTS {
                    return Err(Unreadable::too_many(format!(
                        "there are more than {MAX_POINTS} points: export smaller batches"
                    )));
                }
                metrics.take(metric, &within.metric(&metric.name));
            }
        }
    }
    Ok(metrics)
}

fn count(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}

/// Why a point is not used.
type Reason = String;

/// The bit of a point that says that it has no value.
const NO_VALUE: u32 = 1;

/// When a point was taken, and how it counts.
struct Times {
    start: u64,
    at: u64,
    temporality: i32,
}

impl Metrics {
    fn take(&mut self, metric: &Metric, within: &Attributes<'_>) {
        match (metric.name.as_str(), &metric.data) {
            (USES, Some(Data::Sum(sum))) => {
                for point in &sum.data_points {
                    if point.flags & NO_VALUE != 0 {
                        continue;
                    }
                    let times = Times {
                        start: point.start_time_unix_nano,
                        at: point.time_unix_nano,
                        temporality: sum.aggregation_temporality,
                    };
                    self.add(self::point(within, &point.attributes, &times, |_| {
                        if !sum.is_monotonic {
                            return Err(format!("{USES} is to be a monotonic sum"));
                        }
                        Ok(Value::Uses {
                            count: whole(point.value)?,
                            failed: attributes::is_error(&point.attributes),
                        })
                    }));
                }
            }
            (DURATION, Some(Data::Histogram(histogram))) => {
                for point in &histogram.data_points {
                    if point.flags & NO_VALUE != 0 {
                        continue;
                    }
                    let times = Times {
                        start: point.start_time_unix_nano,
                        at: point.time_unix_nano,
                        temporality: histogram.aggregation_temporality,
                    };
                    self.add(self::point(within, &point.attributes, &times, |is_delta| {
                        latency::explicit(point, &metric.unit, is_delta).map(Value::Latency)
                    }));
                }
            }
            (DURATION, Some(Data::ExponentialHistogram(histogram))) => {
                for point in &histogram.data_points {
                    if point.flags & NO_VALUE != 0 {
                        continue;
                    }
                    let times = Times {
                        start: point.start_time_unix_nano,
                        at: point.time_unix_nano,
                        temporality: histogram.aggregation_temporality,
                    };
                    self.add(self::point(within, &point.attributes, &times, |_| {
                        latency::exponential(point, &metric.unit).map(Value::Latency)
                    }));
                }
            }
            (USES, Some(_)) => {
                self.reject(count(metric), format!("{USES} is to be a monotonic sum"));
            }
            (DURATION, Some(_)) => {
                self.reject(count(metric), format!("{DURATION} is to be a histogram"));
            }
            _ => {
                let ignored = u64::try_from(count(metric)).unwrap_or(u64::MAX);
                self.ignored = self.ignored.saturating_add(ignored);
            }
        }
    }

    fn add(&mut self, point: Result<Point, Reason>) {
        match point {
            Ok(point) => self.points.push(point),
            Err(reason) => self.reject(1, reason),
        }
    }

    fn reject(&mut self, points: usize, reason: Reason) {
        if points == 0 {
            return;
        }
        let points = u64::try_from(points).unwrap_or(u64::MAX);
        self.rejected = self.rejected.saturating_add(points);
        if self.reasons.len() < MAX_REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

fn point(
    within: &Attributes<'_>,
    own: &[opentelemetry_proto::tonic::common::v1::KeyValue],
    times: &Times,
    value: impl FnOnce(bool) -> Result<Value, Reason>,
) -> Result<Point, Reason> {
    let module = within.text(own, "switchback.module")?;
    let module = Key::parse(module).map_err(|error| format!("switchback.module: {error}"))?;
    let side = match within.text(own, "switchback.side")? {
        "old" => Side::Old,
        "new" => Side::New,
        other => {
            let other = excerpt(other, 40);
            return Err(format!("switchback.side is {other:?}: it is old or new"));
        }
    };
    if times.at == 0 {
        return Err("a point has no time (timeUnixNano)".to_owned());
    }
    if times.start > times.at {
        return Err("a point begins after its time (startTimeUnixNano)".to_owned());
    }
    let temporality = match AggregationTemporality::try_from(times.temporality) {
        Ok(AggregationTemporality::Delta) => Temporality::Delta,
        Ok(AggregationTemporality::Cumulative) => Temporality::Cumulative {
            stream: within.stream(own),
            start: milliseconds(times.start),
        },
        _ => return Err("the temporality is neither delta nor cumulative".to_owned()),
    };
    Ok(Point {
        module,
        side,
        at: milliseconds(times.at),
        value: value(temporality == Temporality::Delta)?,
        temporality,
    })
}

/// Milliseconds of nanoseconds; there are far fewer than fit.
fn milliseconds(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}

/// The count that a number is.
fn whole(value: Option<number_data_point::Value>) -> Result<u64, Reason> {
    let count = match value {
        Some(number_data_point::Value::AsInt(count)) => u64::try_from(count).ok(),
        Some(number_data_point::Value::AsDouble(count)) => whole_number(count),
        None => return Err("a point has no value".to_owned()),
    };
    count
        .filter(|&count| count <= MAX_COUNT)
        .ok_or_else(|| format!("{USES} counts in whole numbers from 0 to {MAX_COUNT}"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the range is checked, and whole numbers up to 2^53 are exact"
)]
fn whole_number(count: f64) -> Option<u64> {
    let is_whole = count.fract() == 0.0 && (0.0..=MAX_COUNT as f64).contains(&count);
    is_whole.then_some(count as u64)
}
