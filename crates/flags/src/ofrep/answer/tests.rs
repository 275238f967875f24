use serde_json::{Value, json};

use super::*;
use crate::Snapshot;

fn flag_set(kill_switch: bool) -> FlagSet {
    let snapshot = json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": "e", "revision": 7,
        "killSwitch": kill_switch,
        "flags": [
            {"key": "both", "mode": "both_validate", "exposure": 0, "retired": false},
            {"key": "half", "mode": "gradual_rollout", "exposure": 5000, "retired": false},
            {"key": "gone", "mode": "new_only", "exposure": 10000, "retired": true},
        ],
    });
    FlagSet::compile(Snapshot::from_json(snapshot.to_string().as_bytes()).unwrap())
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut out = Vec::new();
    write(&mut out);
    serde_json::from_slice(&out).unwrap()
}

fn single(set: &FlagSet, key: &str, subject: Option<&str>) -> Value {
    written(|out| write_evaluation(out, key, &set.evaluate(key, subject), 7))
}

#[test]
fn a_flag_is_answered_with_value_reason_variant_and_metadata() {
    let set = flag_set(false);
    assert_eq!(
        single(&set, "arche.both", None),
        json!({"key": "arche.both", "value": false, "reason": "STATIC", "variant": "old",
            "metadata": {"revision": 7, "mode": "both_validate", "exposure": 0, "compare": true}})
    );
    let new_for = (0..100)
        .map(|i| format!("u{i}"))
        .find(|u| set.evaluate("half", Some(u)).unwrap().serve.is_new())
        .unwrap();
    assert_eq!(
        single(&set, "arche.half", Some(&new_for)),
        json!({"key": "arche.half", "value": true, "reason": "SPLIT", "variant": "new",
            "metadata": {"revision": 7, "mode": "gradual_rollout", "exposure": 5000, "compare": false}})
    );
}

#[test]
fn the_kill_switch_shows_the_mode_in_effect_and_the_stored_one() {
    let set = flag_set(true);
    assert_eq!(
        single(&set, "arche.half", None),
        json!({"key": "arche.half", "value": false, "reason": "STATIC", "variant": "old",
            "metadata": {"revision": 7, "mode": "old_only", "exposure": 0, "compare": false,
                "killSwitch": true, "storedMode": "gradual_rollout"}})
    );
    let gone = single(&set, "gone", None);
    assert_eq!(
        (&gone["value"], &gone["metadata"]["retired"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(gone["metadata"].get("killSwitch"), None);
}

#[test]
fn a_mode_question_is_answered_with_a_string() {
    let set = flag_set(false);
    let answer = written(|out| write_mode(out, "half.mode", &set.mode("half.mode"), 7));
    assert_eq!(
        answer,
        json!({"key": "half.mode", "value": "gradual_rollout", "reason": "STATIC", "variant": "gradual_rollout",
            "metadata": {"revision": 7, "mode": "gradual_rollout", "exposure": 5000, "compare": false}})
    );
}

#[test]
fn errors_carry_the_key_as_asked_whatever_is_in_it() {
    let set = flag_set(false);
    let missing = single(&set, "no\"such\n", None);
    assert_eq!(
        (&missing["key"], &missing["errorCode"]),
        (&json!("no\"such\n"), &json!("FLAG_NOT_FOUND"))
    );
    let mode = written(|out| write_mode(out, "x.mode", &set.mode("x.mode"), 7));
    assert_eq!(
        (&mode["key"], &mode["errorCode"]),
        (&json!("x.mode"), &json!("FLAG_NOT_FOUND"))
    );
    let whole = written(|out| write_error(out, None, ErrorCode::ParseError, "why"));
    assert_eq!(
        whole,
        json!({"errorCode": "PARSE_ERROR", "errorDetails": "why"})
    );
    for error in [
        EvaluationError::FlagNotFound,
        EvaluationError::TargetingKeyMissing,
    ] {
        assert_eq!(details(error), error.to_string());
    }
}

#[test]
fn a_bulk_names_every_flag_in_full_and_keeps_errors_to_their_entry() {
    let bulk = written(|out| {
        write_bulk(
            out,
            &flag_set(false),
            None,
            Some("/ofrep/v1/stream?ticket=t"),
        );
    });
    let keys: Vec<_> = bulk["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| &flag["key"])
        .collect();
    assert_eq!(keys, ["arche.both", "arche.half", "arche.gone"]);
    assert_eq!(bulk["flags"][0]["value"], false);
    assert_eq!(bulk["flags"][1]["errorCode"], "TARGETING_KEY_MISSING");
    assert_eq!(bulk["flags"][2]["value"], true);
    assert_eq!(bulk["metadata"]["revision"], 7);
    assert_eq!(
        bulk["eventStreams"],
        json!([{"type": "sse", "endpoint": {"requestUri": "/ofrep/v1/stream?ticket=t"}}])
    );
    let quiet = written(|out| write_bulk(out, &flag_set(false), Some("u"), None));
    assert_eq!(quiet.get("eventStreams"), None);
    assert!(
        quiet["flags"]
            .as_array()
            .unwrap()
            .iter()
            .all(|flag| flag.get("errorCode").is_none())
    );
}
