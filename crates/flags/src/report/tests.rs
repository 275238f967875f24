use serde_json::{Value, json};

use super::*;

fn samples() -> Value {
    json!({"batch": "b-1", "service": "orders", "instance": "orders-1", "samples": [sample(), sample()]})
}

fn sample() -> Value {
    json!({
        "module": "order_intake", "side": "new", "minute": 1_800_000_000_000_i64, "uses": 412, "errors": 2,
        "latency": [[12.4, 409], [80.1, 3]],
    })
}

/// As clients before `batch` and the paired numbers send it.
fn comparison() -> Value {
    json!({
        "module": "order_intake", "at": 1_800_000_000_000_i64, "matches": 98, "mismatches": 2,
        "old_errors": 0, "new_errors": 1, "new_panics": 0, "new_timeouts": 0, "dropped": 3,
        "old_latency_ns": {"count": 100, "sum": 5_000_000, "max": 90_000},
        "new_latency_ns": {"count": 100, "sum": 4_000_000, "max": 80_000},
        "noise": {"compared": 10, "mismatches": 0},
    })
}

fn comparisons() -> Value {
    json!({"service": "orders", "instance": "orders-1", "comparisons": [comparison(), comparison()]})
}

fn newer() -> Value {
    let mut newer = comparison();
    newer["paired"] = json!({"both_ok": 99, "old_failed": 0, "new_failed": 1, "both_failed": 0});
    newer["log_ratio"] = json!({"count": 99, "mean": -0.22, "m2": 3.1});
    newer["noise"]["log_ratio"] = json!({"count": 10, "mean": -0.1, "m2": 0.04});
    newer["new_first"] = json!(50);
    newer["examples"] = json!([{"path": "total", "old": "a number", "new": "a text"}]);
    newer
}

/// The report with another value at a place, `None` for one without it.
fn but(report: &Value, place: &str, value: Option<Value>) -> Value {
    let mut changed = report.clone();
    let (before, last) = place.rsplit_once('/').unwrap();
    let parent = changed.pointer_mut(before).unwrap();
    match value {
        Some(value) => parent[last] = value,
        None => drop(parent.as_object_mut().unwrap().remove(last)),
    }
    changed
}

fn paths(refused: &[Refused]) -> Vec<&str> {
    assert!(refused.iter().all(|one| one.message.ends_with('.')));
    refused.iter().map(|one| &*one.path).collect()
}

fn read_samples(report: Value) -> SampleReport {
    serde_json::from_value(report).unwrap()
}

fn read_comparisons(report: Value) -> ComparisonReport {
    serde_json::from_value(report).unwrap()
}

#[test]
fn reports_are_read_and_written_as_documented() {
    let report = read_samples(samples());
    assert_eq!(report.validate(), []);
    assert_eq!(report.samples[0].side, Side::New);
    assert_eq!(serde_json::to_value(&report).unwrap(), samples());
    let sketch = report.samples[0].sketch();
    assert_eq!(sketch.count(), 412);
    assert!((sketch.quantile(1.0).unwrap() - 0.0801).abs() < 0.0009);

    let mut given = comparisons();
    given["batch"] = json!("b-2");
    given["comparisons"] = json!([newer()]);
    let report = read_comparisons(given.clone());
    assert_eq!(report.validate(), []);
    assert_eq!(report.comparisons[0].found.paired.unwrap().calls(), 100);
    assert_eq!(serde_json::to_value(&report).unwrap(), given);
}

#[test]
fn what_older_and_simpler_senders_leave_out_may_be_missing() {
    let report = read_comparisons(comparisons());
    assert_eq!(report.validate(), []);
    let found = &report.comparisons[0].found;
    assert_eq!(
        (found.paired, found.log_ratio, found.new_first),
        (None, None, 0)
    );

    let mut bare = samples();
    for place in [
        "/service",
        "/instance",
        "/samples/0/errors",
        "/samples/0/latency",
    ] {
        bare = but(&bare, place, None);
    }
    let report = read_samples(bare);
    assert_eq!(report.validate(), []);
    assert!(report.samples[0].sketch().is_empty());
}

#[test]
fn what_cannot_be_counted_is_refused_by_its_place() {
    let long = "x".repeat(129);
    for (place, value) in [
        ("batch", json!("")),
        ("batch", json!("two words")),
        ("batch", json!("x".repeat(65))),
        ("service", json!("")),
        ("instance", json!(long)),
        ("samples/1/module", json!("No Key")),
        ("samples/1/minute", json!(1_800_000_000_001_i64)),
        ("samples/1/minute", json!(-60_000)),
        ("samples/1/uses", json!(MOST_CALLS + 1)),
        ("samples/1/errors", json!(413)),
        ("samples/1/latency", json!([[-0.1, 1]])),
        ("samples/1/latency", json!([[1, 412], [2, 1]])),
        ("samples/1/latency", json!([[1, u64::MAX], [2, u64::MAX]])),
        ("samples/1/latency", json!(vec![(1, 0); MOST_LATENCIES + 1])),
        ("samples", json!(vec![sample(); MOST_SAMPLES + 1])),
    ] {
        let report = read_samples(but(&samples(), &format!("/{place}"), Some(value)));
        let path = place.replace("/1/", "[1].");
        assert_eq!(paths(&report.validate()), [path]);
    }
    let text = json!({"path": "a", "old": "x".repeat(201), "new": ""});
    for (place, value, path) in [
        ("batch", json!("ü"), "batch"),
        ("instance", json!(""), "instance"),
        ("service", json!(long), "service"),
        ("1/module", json!("mode"), "[1].module"),
        ("1/at", json!(1), "[1].at"),
        ("1/dropped", json!(MOST_CALLS + 1), "[1].dropped"),
        ("1/old_errors", json!(104), "[1].old_errors"),
        ("1/new_errors", json!(104), "[1].new_errors"),
        ("1/old_latency_ns/count", json!(0), "[1].old_latency_ns"),
        (
            "1/new_latency_ns/max",
            json!(4_000_001),
            "[1].new_latency_ns",
        ),
        (
            "1/new_latency_ns/sum",
            json!(u64::MAX),
            "[1].new_latency_ns",
        ),
        ("1/noise/mismatches", json!(11), "[1].noise.mismatches"),
        ("1/new_first", json!(101), "[1].new_first"),
        ("1/paired/both_failed", json!(1), "[1].paired"),
        ("1/log_ratio/count", json!(101), "[1].log_ratio"),
        ("1/log_ratio/m2", json!(-1), "[1].log_ratio"),
        ("1/log_ratio/mean", json!(51), "[1].log_ratio"),
        ("1/noise/log_ratio/count", json!(11), "[1].noise.log_ratio"),
        ("1/noise/log_ratio/count", json!(0), "[1].noise.log_ratio"),
        ("1/examples", json!([text]), "[1].examples"),
        (
            "1/examples",
            json!(vec![newer()["examples"][0].clone(); 11]),
            "[1].examples",
        ),
    ] {
        let mut report = comparisons();
        report["comparisons"][1] = newer();
        let (place, path) = if place.starts_with('1') {
            (
                format!("/comparisons/{place}"),
                format!("comparisons{path}"),
            )
        } else {
            (format!("/{place}"), path.to_owned())
        };
        let report = read_comparisons(but(&report, &place, Some(value)));
        assert_eq!(paths(&report.validate()), [path]);
    }
    let many = json!(vec![comparison(); MOST_COMPARISONS + 1]);
    let report = read_comparisons(but(&comparisons(), "/comparisons", Some(many)));
    assert_eq!(paths(&report.validate()), ["comparisons"]);
}

#[test]
fn every_bad_entry_is_named() {
    let mut report = read_samples(samples());
    report.samples[0].errors = 1_000;
    report.samples[1].module.clear();
    report.samples[1].uses = 1;
    let refused = report.validate();
    let expected = [
        "samples[0].errors",
        "samples[1].module",
        "samples[1].errors",
        "samples[1].latency",
    ];
    assert_eq!(paths(&refused), expected);
    let words = refused[0].to_string();
    assert_eq!(words, "samples[0].errors: There are more errors than uses.");
}

#[test]
fn errors_are_counted_in_pairs() {
    let mut paired = Paired::default();
    for (old, new, times) in [
        (false, false, 4),
        (true, false, 3),
        (false, true, 2),
        (true, true, 1),
    ] {
        (0..times).for_each(|_| paired.add(old, new));
    }
    let expected = Paired {
        both_ok: 4,
        old_failed: 3,
        new_failed: 2,
        both_failed: 1,
    };
    assert_eq!((paired, paired.calls()), (expected, 10));
}
