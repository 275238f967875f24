//! Metrics as SDKs send them and as Prometheus answers, read to exact numbers; and bodies that are neither.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use evidence::Problem;
use evidence::otlp::{
    self, Cumulative, Metrics, Point, Temporality, Value, answer_json, answer_protobuf, read_json,
    read_protobuf,
};
use evidence::prometheus::{self, Measured, NoAnswer};
use flags::{Key, Side};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
};
use proptest::prelude::*;
use prost::Message;

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).expect("a sample")
}

/// Uses that went well, and those that failed.
fn uses(points: &[Point], wanted: Side) -> (u64, u64) {
    points
        .iter()
        .filter(|point| point.side == wanted)
        .fold((0, 0), |(well, badly), point| match point.value {
            Value::Uses {
                count,
                failed: false,
            } => (well + count, badly),
            Value::Uses {
                count,
                failed: true,
            } => (well, badly + count),
            Value::Latency(_) => (well, badly),
        })
}

fn latencies(points: &[Point], wanted: Side) -> Vec<(f64, u64)> {
    points
        .iter()
        .filter(|point| point.side == wanted)
        .filter_map(|point| match &point.value {
            Value::Latency(latencies) => Some(latencies.clone()),
            Value::Uses { .. } => None,
        })
        .flatten()
        .collect()
}

fn one_rejected(metrics: &Metrics) {
    assert_eq!((metrics.ignored, metrics.rejected), (1, 1));
    let [reason] = metrics.reasons.as_slice() else {
        panic!("{:?}", metrics.reasons);
    };
    assert!(reason.starts_with("switchback.module: a key"), "{reason}");
}

#[test]
fn deltas_of_an_sdk_stand_for_themselves() {
    let metrics = read_protobuf(&sample("otlp-delta.bin")).unwrap();
    one_rejected(&metrics);
    assert!(
        metrics
            .points
            .iter()
            .all(|point| point.module.as_str() == "memory"
                && point.temporality == Temporality::Delta
                && point.at > 1_700_000_000_000)
    );
    assert_eq!(uses(&metrics.points, Side::Old), (3, 0));
    // One by `error`, one by `error.type`.
    assert_eq!(uses(&metrics.points, Side::New), (2, 2));
    // The SDK's own bounds are far too wide for seconds; least and greatest narrow them: 4 to 30 ms, 3 to 9 ms.
    let near = |found: Vec<(f64, u64)>, wanted: f64, count: u64| {
        assert!(
            matches!(found.as_slice(), [(latency, n)] if (latency - wanted).abs() < 1e-9 && *n == count),
            "{found:?}"
        );
    };
    near(latencies(&metrics.points, Side::Old), 120.0_f64.sqrt(), 3);
    near(latencies(&metrics.points, Side::New), 27.0_f64.sqrt(), 2);
}

#[test]
fn exponential_histograms_of_an_sdk_are_near_what_was_measured() {
    let metrics = read_protobuf(&sample("otlp-exponential.bin")).unwrap();
    one_rejected(&metrics);
    let found = latencies(&metrics.points, Side::Old);
    assert_eq!(found.len(), 3);
    for ((latency, count), measured) in found.iter().zip([4.0, 12.0, 30.0]) {
        assert!((latency / measured - 1.0).abs() < 0.02, "{latency}");
        assert_eq!(*count, 1);
    }
}

#[test]
fn cumulative_exports_become_what_is_new_in_them() {
    let first = read_protobuf(&sample("otlp-cumulative-1.bin")).unwrap();
    let second = read_protobuf(&sample("otlp-cumulative-2.bin")).unwrap();
    assert_eq!(uses(&first.points, Side::New), (2, 2));
    assert_eq!(uses(&second.points, Side::New), (4, 4));
    let difference = |keeper: &mut Cumulative, metrics: &Metrics| -> Vec<Point> {
        let points = metrics.points.iter().cloned();
        points
            .filter_map(|point| keeper.difference(point))
            .collect()
    };
    // A process that began after we did.
    let mut keeper = Cumulative::new(1_700_000_000_000, 10_000);
    for metrics in [&first, &second] {
        let new = difference(&mut keeper, metrics);
        assert_eq!(uses(&new, Side::Old), (3, 0));
        assert_eq!(uses(&new, Side::New), (2, 2));
        assert_eq!(latencies(&new, Side::Old), [(2_500.0, 3)]);
        assert_eq!(difference(&mut keeper, metrics), [], "twice");
    }
    // One that ran before: its first export may have been counted.
    let mut keeper = Cumulative::new(1_900_000_000_000, 10_000);
    assert_eq!(difference(&mut keeper, &first), []);
    assert_eq!(uses(&difference(&mut keeper, &second), Side::Old), (3, 0));
}

#[test]
fn json_of_an_sdk_is_read_with_the_module_in_the_resource() {
    let metrics = read_json(&sample("otlp-javascript.json")).unwrap();
    assert_eq!((metrics.ignored, metrics.rejected), (0, 0));
    assert_eq!(uses(&metrics.points, Side::Old), (3, 0));
    assert_eq!(uses(&metrics.points, Side::New), (0, 2));
    let wanted = [(2.5, 1), (250.0_f64.sqrt(), 1), (1_250.0_f64.sqrt(), 1)];
    for ((latency, count), (middle, n)) in latencies(&metrics.points, Side::Old).iter().zip(wanted)
    {
        assert!((latency - middle).abs() < 1e-9 && *count == n);
    }
    let times: Vec<i64> = metrics.points.iter().map(|point| point.at).collect();
    assert_eq!(times, [1_795_426_013_907; 3]);
    let streams: std::collections::BTreeSet<u128> = metrics
        .points
        .iter()
        .filter_map(|point| match point.temporality {
            Temporality::Cumulative { stream, .. } => Some(stream),
            Temporality::Delta => None,
        })
        .collect();
    assert_eq!(streams.len(), 3);
    assert_eq!(answer_json(&metrics), "{}");
    assert_eq!(answer_protobuf(&metrics), [0_u8; 0]);
}

/// A request with one point of the counter.
fn counted(point: &str, sum: &str) -> Metrics {
    let body = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"switchback.uses","sum":{{"dataPoints":[{{{point}}}],{sum}}}}}]}}]}}]}}"#
    );
    read_json(body.as_bytes()).unwrap()
}

const ATTRIBUTES: &str = r#""attributes":[{"key":"switchback.module","value":{"stringValue":"a"}},{"key":"switchback.side","value":{"stringValue":"old"}}]"#;
const DELTA: &str = r#""aggregationTemporality":1,"isMonotonic":true"#;

#[test]
fn points_that_cannot_be_used_are_rejected_with_the_reason() {
    let fine = counted(
        &format!("{ATTRIBUTES},\"timeUnixNano\":\"2000000\",\"asInt\":\"3\""),
        DELTA,
    );
    let point = Point {
        module: Key::parse("a").unwrap(),
        side: Side::Old,
        at: 2,
        value: Value::Uses {
            count: 3,
            failed: false,
        },
        temporality: Temporality::Delta,
    };
    assert_eq!(fine.points, [point]);
    let rejected = |point: &str, sum: &str, words: &str| {
        let metrics = counted(point, sum);
        assert_eq!((metrics.points.len(), metrics.rejected), (0, 1), "{words}");
        assert!(
            metrics.reasons.concat().contains(words),
            "{:?}",
            metrics.reasons
        );
        let answer =
            ExportMetricsServiceResponse::decode(answer_protobuf(&metrics).as_slice()).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_data_points, 1);
        assert!(partial.error_message.contains(words));
        assert!(answer_json(&metrics).starts_with("{\"partialSuccess\":{"));
    };
    let time = "\"timeUnixNano\":\"2000000\"";
    rejected(
        &format!("{time},\"asInt\":3"),
        DELTA,
        "no attribute switchback.module",
    );
    rejected(
        &format!("{},{time},\"asInt\":3", ATTRIBUTES.replace("old", "middle")),
        DELTA,
        "old or new",
    );
    rejected(
        &format!(
            "{},{time},\"asInt\":3",
            ATTRIBUTES.replace("\"stringValue\":\"old\"", "\"intValue\":1")
        ),
        DELTA,
        "is to be a text",
    );
    rejected(&format!("{ATTRIBUTES},\"asInt\":3"), DELTA, "no time");
    rejected(&format!("{ATTRIBUTES},{time}"), DELTA, "no value");
    for number in ["-1", "9007199254740993"] {
        rejected(
            &format!("{ATTRIBUTES},{time},\"asInt\":{number}"),
            DELTA,
            "whole numbers",
        );
    }
    for number in ["1.5", "-1.0", "1e300"] {
        rejected(
            &format!("{ATTRIBUTES},{time},\"asDouble\":{number}"),
            DELTA,
            "whole numbers",
        );
    }
    let whole = format!("{ATTRIBUTES},{time},\"asInt\":3");
    rejected(
        &format!("{whole},\"startTimeUnixNano\":2000001"),
        DELTA,
        "begins after its time",
    );
    rejected(&whole, "\"aggregationTemporality\":1", "monotonic");
    rejected(
        &whole,
        "\"isMonotonic\":true",
        "neither delta nor cumulative",
    );
    let gauge = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"switchback.uses","gauge":{{"dataPoints":[{{{whole}}}]}}}}]}}]}}]}}"#
    );
    assert_eq!(read_json(gauge.as_bytes()).unwrap().rejected, 1);
    // A point that says that it has no value.
    let none = counted(&format!("{ATTRIBUTES},{time},\"flags\":1"), DELTA);
    assert_eq!((none.points.len(), none.rejected), (0, 0));
}

#[test]
fn what_an_error_is() {
    for (value, failed) in [
        ("{\"boolValue\":true}", true),
        ("{\"boolValue\":false}", false),
        ("{\"stringValue\":\"true\"}", true),
        ("{\"stringValue\":\"boom\"}", true),
        ("{\"stringValue\":\"false\"}", false),
        ("{\"stringValue\":\"\"}", false),
        ("{\"intValue\":\"1\"}", true),
    ] {
        let attributes = ATTRIBUTES.replace(
            "}]",
            &format!("}},{{\"key\":\"error\",\"value\":{value}}}]"),
        );
        let metrics = counted(
            &format!("{attributes},\"timeUnixNano\":1,\"asInt\":1"),
            DELTA,
        );
        assert_eq!(
            metrics.points.first().map(|point| &point.value),
            Some(&Value::Uses { count: 1, failed }),
            "{value}"
        );
    }
}

#[test]
fn requests_that_are_none_or_too_large_are_refused_in_time() {
    for name in ["otlp-delta.bin", "otlp-exponential.bin"] {
        let bytes = sample(name);
        for end in 0..bytes.len() {
            // What was cut between two messages is one; it never brings more.
            if let Ok(metrics) = read_protobuf(&bytes[..end]) {
                assert!(metrics.points.is_empty());
            }
        }
    }
    let text = sample("otlp-javascript.json");
    for end in 0..text.len() {
        assert!(read_json(&text[..end]).is_err());
    }
    let problem = |bytes: &[u8]| read_protobuf(bytes).unwrap_err().problem;
    assert_eq!(problem(b"{\"resourceMetrics\":[]}"), Problem::Syntax);
    assert_eq!(problem(&vec![0; otlp::MAX_REQUEST + 1]), Problem::TooLarge);
    assert_eq!(read_json(b"").unwrap_err().problem, Problem::Empty);
    assert_eq!(read_json(b"[]").unwrap_err().problem, Problem::WrongFormat);
    assert!(read_json(b"{\"resourceMetrics\":\"\xFF\"}").is_err());
    assert_eq!(read_protobuf(b"").unwrap(), Metrics::default());
    let request = |points: usize| {
        let data_points = vec![NumberDataPoint::default(); points];
        let sum = Sum {
            data_points,
            ..Sum::default()
        };
        let metric = Metric {
            name: otlp::USES.to_owned(),
            data: Some(Data::Sum(sum)),
            ..Metric::default()
        };
        let scope = ScopeMetrics {
            metrics: vec![metric],
            ..ScopeMetrics::default()
        };
        let resource = ResourceMetrics {
            scope_metrics: vec![scope],
            ..ResourceMetrics::default()
        };
        ExportMetricsServiceRequest {
            resource_metrics: vec![resource],
        }
        .encode_to_vec()
    };
    assert_eq!(read_protobuf(&request(1_000)).unwrap().rejected, 1_000);
    assert_eq!(problem(&request(otlp::MAX_POINTS + 1)), Problem::TooMany);
    // Two bytes each: they are counted before they take memory.
    assert_eq!(problem(&request(2_000_000)), Problem::TooMany);
    let begun = Instant::now();
    let objects = format!("{{\"resourceMetrics\":[{}{{}}]}}", "{},".repeat(600_000));
    assert_eq!(
        read_json(objects.as_bytes()).unwrap_err().problem,
        Problem::TooMany
    );
    let deep = format!("{{\"resourceMetrics\":{}", "[".repeat(1_000_000));
    assert!(read_json(deep.as_bytes()).is_err());
    // An attribute that is a list in a list in a list.
    let deep = (0..5_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        [10_u8, 42].into_iter().fold(inner, |inner, key| {
            let mut outer = vec![key];
            prost::encoding::encode_varint(inner.len() as u64, &mut outer);
            outer.extend(inner);
            outer
        })
    });
    let mut attribute = vec![18];
    prost::encoding::encode_varint(deep.len() as u64, &mut attribute);
    attribute.extend(deep);
    let wrapped = [10_u8, 10, 10].into_iter().fold(attribute, |inner, key| {
        let mut outer = vec![key];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    assert_eq!(problem(&wrapped), Problem::Syntax);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn answers_of_prometheus_are_read() {
    let answer = prometheus::read(&sample("prometheus-range.json")).unwrap();
    let (points, reason) = answer.points();
    assert_eq!(reason, None);
    assert_eq!(points.len(), 6);
    let first = Measured {
        module: Key::parse("memory").unwrap(),
        side: Side::New,
        at: 1_795_426_025_000,
        value: 28.84,
    };
    assert_eq!(points.first(), Some(&first));
    assert_eq!(
        points.last().map(|point| (point.side, point.value)),
        Some((Side::Old, 150.0))
    );
    let error = prometheus::read(&sample("prometheus-error.json")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Prometheus answers bad_data: 1:9: parse error: unclosed left parenthesis"
    );
    let infinite = prometheus::read(&sample("prometheus-infinite.json")).unwrap();
    assert_eq!(infinite.series.len(), 2);
    assert!(
        infinite
            .series
            .iter()
            .all(|series| series.samples.is_empty())
    );
}

#[test]
fn what_is_no_answer_of_prometheus_is_refused() {
    let refused = |text: &str| match prometheus::read(text.as_bytes()).unwrap_err() {
        NoAnswer::Unreadable(error) => error,
        other @ NoAnswer::Refused { .. } => panic!("{other}"),
    };
    assert_eq!(
        refused("<html>502 Bad Gateway</html>").problem,
        Problem::Syntax
    );
    assert_eq!(refused("").problem, Problem::Empty);
    assert_eq!(refused("{\"status\":\"success\"}").problem, Problem::Value);
    let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#;
    refused(scalar);
    let value = |sample: &str| {
        format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":{sample}}}]}}}}"#
        )
    };
    for bad in [
        "[1,2]",
        "[1]",
        "[\"1\",\"2\"]",
        "[1,\"two\"]",
        "[1e999,\"1\"]",
        "[1,\"2\",3]",
    ] {
        refused(&value(bad));
    }
    for none in ["[1,\"NaN\"]", "[1,\"-Inf\"]", "[-1,\"1\"]", "[1e300,\"1\"]"] {
        let answer = prometheus::read(value(none).as_bytes()).unwrap();
        assert!(
            answer.series.iter().all(|series| series.samples.is_empty()),
            "{none}"
        );
    }
    let (points, reason) = prometheus::read(value("[1.5,\"2\"]").as_bytes())
        .unwrap()
        .points();
    assert!(points.is_empty() && reason.unwrap().contains("switchback_module"));
    let whole = sample("prometheus-range.json");
    for end in 0..whole.trim_ascii_end().len() {
        assert!(prometheus::read(&whole[..end]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_protobuf(&bytes);
        let _ = read_json(&bytes);
        let _ = prometheus::read(&bytes);
    }

    /// One byte of a sample changed: what is still read is in range.
    #[test]
    fn a_changed_request_is_answered(place in any::<prop::sample::Index>(), byte in any::<u8>(), exponential in any::<bool>()) {
        let mut bytes = sample(if exponential { "otlp-exponential.bin" } else { "otlp-delta.bin" });
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(metrics) = read_protobuf(&bytes) {
            for point in metrics.points {
                if let Value::Latency(latencies) = point.value {
                    prop_assert!(latencies.iter().all(|(latency, count)| latency.is_finite() && *latency >= 0.0 && *count > 0));
                }
            }
        }
    }
}
