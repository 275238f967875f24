//! What clients found when they ran old and new side by side.

use anyhow::Result;
use http_tests::app::Api;
use serde_json::{Value, json};

use crate::with_plan;

fn comparison() -> Value {
    json!({
        "module": "parcel_ledger", "at": 1_800_000_000_000_i64, "matches": 98, "mismatches": 2,
        "old_errors": 0, "new_errors": 1, "new_panics": 0, "new_timeouts": 0, "dropped": 3,
        "old_latency_ns": { "count": 100, "sum": 5_000_000, "max": 90_000 },
        "new_latency_ns": { "count": 100, "sum": 4_000_000, "max": 80_000 },
        "noise": { "compared": 10, "mismatches": 0 },
        "examples": [{ "path": "total", "old": "number", "new": "text" }],
    })
}

fn report(comparisons: Vec<Value>) -> Value {
    json!({ "service": "shop", "instance": "shop-1", "comparisons": Value::Array(comparisons) })
}

#[tokio::test]
async fn reports_are_counted_and_bad_ones_refused_whole() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let token = [
        "token",
        "create",
        "--name",
        "pipeline",
        "--kind",
        "ingest",
        "--migration",
        "ledger",
    ];
    let ingest = Api {
        token: Some(app.cli_ok(&token).await?),
        ..app.anonymous()
    };
    let path = "/api/v1/migrations/ledger/comparisons";
    let answer = ingest
        .post(path, report(vec![comparison(); 2]))
        .await?
        .expect(202)?;
    assert_eq!(answer.json["accepted"], 2);
    let but = |field: &str, value: Value| {
        let mut one = comparison();
        one[field] = value;
        report(vec![comparison(), one])
    };
    let example = json!({ "path": "a", "old": "x".repeat(201), "new": "" });
    let bad = [
        json!(null),
        json!([]),
        json!({ "service": "shop", "instance": "", "comparisons": [] }),
        report(vec![json!({})]),
        report(
            vec![comparison(); 1_001]
                .into_iter()
                .map(|_| json!(1))
                .collect(),
        ),
        but("module", json!("No Key")),
        but("at", json!(1_800_000_000_001_i64)),
        but("matches", json!(-1)),
        but("mismatches", json!("2")),
        but("new_errors", json!(1_000)),
        but("old_latency_ns", json!({ "count": 0, "sum": 1, "max": 1 })),
        but("new_latency_ns", json!({ "count": 1, "sum": 1, "max": 2 })),
        but("noise", json!({ "compared": 1, "mismatches": 2 })),
        but("examples", json!([example])),
        but(
            "examples",
            Value::Array(vec![json!({ "path": "", "old": "", "new": "" }); 11]),
        ),
    ];
    for body in bad {
        let answer = ingest.post(path, body.clone()).await?;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    let metrics = app.anonymous().get("/metrics").await?.expect(200)?.text;
    assert!(
        metrics.contains("switchback_comparisons_total 200"),
        "{metrics}"
    );
    assert!(
        metrics.contains("switchback_mismatches_total 4"),
        "{metrics}"
    );
    ingest
        .post("/api/v1/migrations/other/comparisons", report(vec![]))
        .await?
        .expect(404)?;
    app.sdk("ledger")
        .await?
        .post(path, report(vec![]))
        .await?
        .expect(403)?;
    admin.post(path, report(vec![])).await?.expect(403)?;
    ingest.get("/api/v1/flags").await?.expect(403)?;
    app.anonymous()
        .post(path, report(vec![]))
        .await?
        .expect(401)?;
    Ok(())
}
