//! Every vector of `tests/vectors/bucketing.json`, asked through the client as a service asks.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use switchback_client::{Client, EvaluationError};

#[derive(Deserialize)]
struct Vectors {
    subjects: Vec<Bucketed>,
    evaluations: Vec<Case>,
}

#[derive(Deserialize)]
struct Bucketed {
    migration: String,
    module: String,
    subject: String,
    bucket: u16,
    new: BTreeMap<String, bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    migration: String,
    module: String,
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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/bucketing.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn snapshot(migration: &str, kill_switch: bool, flag: &Value) -> Value {
    json!({
        "format": 1, "migration": migration, "environment": "production", "epoch": "e", "revision": 1,
        "killSwitch": kill_switch, "flags": [flag],
    })
}

/// A client that knows nothing but a snapshot from its disk.
fn client(snapshot: &Value) -> Client {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flags");
    let body = snapshot.to_string();
    let checksum = crc32fast::hash(body.as_bytes());
    let length = body.len();
    let file = format!("switchback-snapshot 1 {checksum:08x} {length}\n{body}");
    std::fs::write(&path, file).unwrap();
    let builder = Client::builder("http://127.0.0.1:1", "sb_sdk_test");
    // Nothing is asked for here: roots of trust, which take a while to read, are not needed.
    let builder = builder.http(|http| http.tls_certs_only([]));
    builder.disk(&path).start().unwrap()
}

#[tokio::test]
async fn every_subject_falls_into_its_bucket() {
    let vectors = vectors().subjects;
    assert!(vectors.len() >= 200);
    // One client for each flag as it stands at an exposure, all subjects asked of it.
    let mut clients: BTreeMap<(String, String, String), Client> = BTreeMap::new();
    for vector in vectors {
        for (exposure, new) in vector.new {
            let place = (
                vector.migration.clone(),
                vector.module.clone(),
                exposure.clone(),
            );
            let client = clients.entry(place).or_insert_with(|| {
                let exposure: u16 = exposure.parse().unwrap();
                let flag = json!({
                    "key": vector.module, "mode": "gradual_rollout", "exposure": exposure, "retired": false,
                });
                client(&snapshot(&vector.migration, false, &flag))
            });
            let found = client
                .evaluate(&vector.module, Some(&vector.subject))
                .unwrap();
            assert_eq!(
                (found.serve.is_new(), found.bucket),
                (new, Some(vector.bucket)),
                "{} at {exposure}",
                vector.subject
            );
            assert_eq!(client.use_new(&vector.module, Some(&vector.subject)), new);
        }
    }
}

#[tokio::test]
async fn every_evaluation_gives_what_is_expected() {
    let cases = vectors().evaluations;
    assert!(cases.len() >= 100);
    for case in cases {
        let flag = json!({
            "key": case.module, "mode": case.mode, "exposure": case.exposure, "retired": case.retired,
        });
        let client = client(&snapshot(&case.migration, case.kill_switch, &flag));
        let subject = case.subject.as_deref();
        let new = client.use_new(&case.module, subject);
        assert_eq!(new, case.serve.as_deref() == Some("new"), "{case:?}");
        match client.evaluate(&case.module, subject) {
            Ok(found) => {
                assert_eq!(
                    Some(found.serve.as_str()),
                    case.serve.as_deref(),
                    "{case:?}"
                );
                assert_eq!(
                    Some(found.reason.as_str()),
                    case.reason.as_deref(),
                    "{case:?}"
                );
                let mode = client.mode(&case.module).unwrap();
                assert_eq!(
                    Some(mode.as_str()),
                    case.effective_mode.as_deref(),
                    "{case:?}"
                );
                assert_eq!(found.state.mode(), mode, "{case:?}");
                let exposure = found.state.exposure().basis_points();
                assert_eq!(Some(exposure), case.effective_exposure, "{case:?}");
                assert_eq!(Some(found.state.compare()), case.compare, "{case:?}");
            }
            Err(error) => {
                assert_eq!(error, EvaluationError::TargetingKeyMissing, "{case:?}");
                assert_eq!(
                    case.error.as_deref(),
                    Some("TARGETING_KEY_MISSING"),
                    "{case:?}"
                );
            }
        }
    }
}
