//! The vectors every client checks, `tests/vectors/bucketing.json`, hold here too.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use flags::{Evaluation, FlagSet, Key, Snapshot, bucket, murmur3_x86_32, ofrep::ErrorCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    murmur3: Vec<Published>,
    subjects: Vec<Bucketed>,
    evaluations: Vec<Case>,
}

#[derive(Deserialize)]
struct Published {
    hex: String,
    seed: u32,
    hash: u32,
}

#[derive(Deserialize)]
struct Bucketed {
    migration: Key,
    module: Key,
    subject: String,
    hash: u32,
    bucket: u16,
    new: BTreeMap<String, bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    migration: Key,
    module: Key,
    mode: String,
    exposure: u16,
    kill_switch: bool,
    retired: bool,
    subject: Option<String>,
    serve: Option<String>,
    reason: Option<String>,
    effective_mode: Option<String>,
    effective_exposure: Option<u16>,
    compare: Option<bool>,
    error: Option<String>,
}

fn vectors() -> Vectors {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/bucketing.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn flag_set(
    migration: &Key,
    module: &Key,
    mode: &str,
    exposure: u16,
    kill_switch: bool,
    retired: bool,
) -> FlagSet {
    let snapshot = json!({
        "format": 1, "migration": migration, "environment": "production", "epoch": "e", "revision": 1,
        "killSwitch": kill_switch,
        "flags": [{"key": module, "mode": mode, "exposure": exposure, "retired": retired}],
    });
    FlagSet::compile(Snapshot::from_json(snapshot.to_string().as_bytes()).unwrap())
}

#[test]
fn published_murmur3_values_hold() {
    let vectors = vectors().murmur3;
    assert!(vectors.len() >= 20);
    for Published { hex, seed, hash } in vectors {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(
            murmur3_x86_32(&bytes, seed),
            hash,
            "{hex} with seed {seed:#x}"
        );
    }
}

#[test]
fn every_subject_falls_into_its_bucket() {
    let vectors = vectors().subjects;
    assert!(vectors.len() >= 200);
    for Bucketed {
        migration,
        module,
        subject,
        hash,
        bucket: expected,
        new,
    } in vectors
    {
        let hashed = format!("{migration}.{module}/{subject}");
        assert_eq!(murmur3_x86_32(hashed.as_bytes(), 0), hash, "{hashed}");
        assert_eq!(bucket(&migration, &module, &subject), expected, "{hashed}");
        assert!(!new.is_empty());
        for (exposure, new) in new {
            let set = flag_set(
                &migration,
                &module,
                "gradual_rollout",
                exposure.parse().unwrap(),
                false,
                false,
            );
            let answer = set.evaluate(module.as_str(), Some(&subject)).unwrap();
            assert_eq!(
                (answer.serve.is_new(), answer.bucket),
                (new, Some(expected)),
                "{hashed} at {exposure}"
            );
        }
    }
}

#[test]
fn every_evaluation_gives_what_is_expected() {
    let cases = vectors().evaluations;
    assert!(cases.len() >= 100);
    for case in cases {
        let set = flag_set(
            &case.migration,
            &case.module,
            &case.mode,
            case.exposure,
            case.kill_switch,
            case.retired,
        );
        match set.evaluate(case.module.as_str(), case.subject.as_deref()) {
            Ok(answer) => assert_answer(&case, &answer),
            Err(error) => assert_eq!(
                Some(ErrorCode::from(error).as_str()),
                case.error.as_deref(),
                "{case:?}"
            ),
        }
    }
}

fn assert_answer(case: &Case, answer: &Evaluation<'_>) {
    assert_eq!(case.error, None, "{case:?}");
    assert_eq!(
        Some(answer.serve.as_str()),
        case.serve.as_deref(),
        "{case:?}"
    );
    assert_eq!(
        Some(answer.reason.as_str()),
        case.reason.as_deref(),
        "{case:?}"
    );
    assert_eq!(
        Some(answer.state.mode().as_str()),
        case.effective_mode.as_deref(),
        "{case:?}"
    );
    assert_eq!(
        Some(answer.state.exposure().basis_points()),
        case.effective_exposure,
        "{case:?}"
    );
    assert_eq!(Some(answer.state.compare()), case.compare, "{case:?}");
}
