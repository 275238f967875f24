//! Whatever is sent as metrics, points are in range, those that are rejected have a reason, and nothing counts twice.

use evidence::otlp::{
    Cumulative, MAX_COUNT, MAX_POINTS, Metrics, Temporality, Value, answer_json, answer_protobuf,
    read_json, read_protobuf,
};

/// Streams and buckets that are remembered: few enough to be met.
const CAPACITY: usize = 8;

/// What must hold of every input, as protobuf and as JSON.
pub fn holds(input: &[u8]) {
    for read in [read_protobuf, read_json] {
        match read(input) {
            Ok(metrics) => is_sound(&metrics),
            Err(error) => assert!(!error.message.is_empty()),
        }
    }
}

fn is_sound(metrics: &Metrics) {
    let points = u64::try_from(metrics.points.len()).expect("a count");
    let most = u64::try_from(MAX_POINTS).expect("a count");
    assert!(points + metrics.ignored + metrics.rejected <= most);
    assert_eq!(metrics.rejected > 0, !metrics.reasons.is_empty());
    assert_eq!(metrics.rejected > 0, !answer_protobuf(metrics).is_empty());
    assert_eq!(metrics.rejected > 0, answer_json(metrics) != "{}");
    let mut keeper = Cumulative::new(0, CAPACITY);
    for point in &metrics.points {
        assert!(point.at >= 0);
        is_in_range(&point.value);
        let delta = keeper.difference(point.clone());
        if let Some(delta) = delta {
            assert_eq!(delta.temporality, Temporality::Delta);
            assert!(total(&delta.value) <= total(&point.value));
            is_in_range(&delta.value);
        }
        let again = keeper.difference(point.clone());
        assert_eq!(again.is_some(), point.temporality == Temporality::Delta);
        assert!(keeper.len() <= CAPACITY);
    }
}

fn is_in_range(value: &Value) {
    if let Value::Latency(latencies) = value {
        for (latency, count) in latencies {
            assert!(latency.is_finite() && *latency >= 0.0 && *count > 0);
        }
    }
    assert!(total(value) <= MAX_COUNT);
}

fn total(value: &Value) -> u64 {
    match value {
        Value::Uses { count, .. } => *count,
        Value::Latency(latencies) => latencies.iter().map(|(_, count)| count).sum(),
    }
}
