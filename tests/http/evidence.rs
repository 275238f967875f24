//! What services and pipelines saw of old and new.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use http_tests::app::{Answer, Api, TestApp};
use http_tests::clients::{self, Conversation};
use http_tests::events::Events;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::with_plan;

const MINUTE: i64 = 60_000;

/// The start of the minute that is on.
fn this_minute() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_millis());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    now - now % MINUTE
}

/// The API as a service that sends evidence of the migration asks it.
async fn ingest(app: &TestApp) -> Result<Api> {
    let token = app
        .cli_ok(&[
            "token",
            "create",
            "--name",
            "pipeline",
            "--kind",
            "ingest",
            "--migration",
            "ledger",
        ])
        .await?;
    Ok(Api {
        token: Some(token),
        ..app.anonymous()
    })
}

fn comparison() -> Value {
    json!({
        "module": "parcel_ledger", "at": this_minute(), "matches": 98, "mismatches": 2,
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
async fn comparisons_are_counted_and_bad_ones_refused_whole() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let ingest = ingest(&app).await?;
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
        but("at", json!(this_minute() + 1)),
        but("at", json!(this_minute() + 60 * MINUTE)),
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

fn samples(batch: &str, samples: &[Value]) -> Value {
    json!({ "batch": batch, "service": "shop", "instance": "shop-1", "samples": samples })
}

fn sample(side: &str, minute: i64, uses: u64, errors: u64) -> Value {
    json!({
        "module": "parcel_ledger", "side": side, "minute": minute, "uses": uses, "errors": errors,
        "latency": [[12.5, uses]],
    })
}

const PATH: &str = "/api/v1/migrations/ledger/samples";
const SEEN: &str = "/api/v1/migrations/ledger/modules/parcel_ledger/evidence?range=1h";

#[tokio::test]
async fn samples_are_counted_once_a_batch_and_read_again_after_a_restart() -> Result<()> {
    let (mut app, _) = with_plan().await?;
    let sender = ingest(&app).await?;
    let now = this_minute();
    let report = |batch, uses| {
        let of_new = sample("new", now - 2 * MINUTE, uses, 1);
        samples(batch, &[of_new, sample("old", now - 2 * MINUTE, 50, 0)])
    };
    let taken = sender.post(PATH, report("a", 100)).await?.expect(202)?;
    assert_eq!(taken.json["accepted"], 2, "{}", taken.text);
    let again = sender.post(PATH, report("a", 100)).await?.expect(202)?;
    assert_eq!(
        again.json,
        json!({ "accepted": 0, "duplicate": true, "unknown_modules": [] })
    );
    sender.post(PATH, report("b", 7)).await?.expect(202)?;
    app.kill().await?;
    app.start_again().await?;
    let sender = Api {
        token: sender.token.clone(),
        ..app.anonymous()
    };
    let again = sender.post(PATH, report("b", 7)).await?.expect(202)?;
    assert_eq!(again.json["duplicate"], true);
    let admin = app.api("admin").await?;
    let seen = admin.get(SEEN).await?.expect(200)?;
    let (new, old) = (&seen.json["new"], &seen.json["old"]);
    assert_eq!(new["total"]["uses"], 107, "{}", seen.text);
    assert_eq!(new["total"]["errors"], 2);
    assert_eq!(old["total"]["uses"], 100);
    let points = new["points"].as_array().context("points")?;
    assert_eq!(points.len(), 1, "{}", seen.text);
    let median = points[0]["p50_ms"].as_f64().context("p50")?;
    assert!((median - 12.5).abs() < 0.13, "{median}");
    Ok(())
}

#[tokio::test]
async fn bad_samples_are_refused_whole_with_their_place() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let sender = ingest(&app).await?;
    let now = this_minute();
    let but = |field: &str, value: Value| {
        let mut one = sample("new", now, 5, 1);
        one[field] = value;
        samples("a", &[sample("new", now, 5, 1), one])
    };
    for (body, said) in [
        (json!(null), "cannot be read"),
        (json!({ "samples": [] }), "batch"),
        (samples("", &[]), "batch"),
        (samples(&"x".repeat(65), &[]), "batch"),
        (samples("a\u{e9}", &[]), "batch"),
        (
            samples("a", &vec![sample("new", now, 1, 0); 1_001]),
            "samples",
        ),
        (but("module", json!("No Key")), "samples[1].module"),
        (but("side", json!("both")), "cannot be read"),
        (but("minute", json!(now + 1)), "samples[1].minute"),
        (but("uses", json!(-1)), "cannot be read"),
        (but("uses", json!(2_000_000_000_u64)), "samples[1].uses"),
        (but("errors", json!(6)), "samples[1].errors"),
        (but("latency", json!([[-1.0, 1]])), "samples[1].latency"),
        (but("latency", json!([[1.0, 6]])), "samples[1].latency"),
        (
            but("minute", json!(now + 60 * MINUTE)),
            "The server's clock shows",
        ),
        (
            samples("a", &[sample("new", now - 120 * MINUTE, 1, 0)]),
            "The server's clock shows",
        ),
    ] {
        let answer = sender.post(PATH, body).await?;
        assert_eq!(answer.status, 400, "{said}: {}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    let seen = admin.get(SEEN).await?.expect(200)?;
    assert_eq!(seen.json["new"]["total"]["uses"], 0, "{}", seen.text);
    let mut elsewhere = sample("new", now, 5, 1);
    elsewhere["module"] = json!("not_of_this_plan");
    let answer = sender
        .post(PATH, samples("c", &[elsewhere, sample("new", now, 5, 1)]))
        .await?
        .expect(202)?;
    assert_eq!(answer.json["accepted"], 1);
    assert_eq!(answer.json["unknown_modules"], json!(["not_of_this_plan"]));
    app.sdk("ledger")
        .await?
        .post(PATH, samples("d", &[]))
        .await?
        .expect(403)?;
    admin.post(PATH, samples("d", &[])).await?.expect(403)?;
    app.anonymous()
        .post(PATH, samples("d", &[]))
        .await?
        .expect(401)?;
    for query in ["range=1y", "range=0h", "range=h", "from=yesterday"] {
        let path = format!("/api/v1/migrations/ledger/modules/parcel_ledger/evidence?{query}");
        let answer = admin.get(&path).await?;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
    }
    admin
        .get("/api/v1/migrations/ledger/modules/nothing/evidence")
        .await?
        .expect(404)?;
    Ok(())
}

/// What the module's page says of both sides.
async fn totals(reader: &Api, module: &str) -> Result<Value> {
    let path = format!("/api/v1/migrations/ledger/modules/{module}/evidence?range=1h");
    let seen = reader.get(&path).await?.expect(200)?.json;
    Ok(json!({
        "new": [seen["new"]["total"]["uses"], seen["new"]["total"]["errors"]],
        "old": [seen["old"]["total"]["uses"], seen["old"]["total"]["errors"]],
    }))
}

#[tokio::test]
async fn opentelemetrys_own_sdk_sends_deltas_and_sums_and_each_use_counts_once() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let sender = ingest(&app).await?;
    let used = |side: &str, error: bool, count: u32| json!({ "module": "parcel_ledger", "side": side, "error": error, "seconds": 0.02, "count": count });
    for (temporality, compression, so_far) in [
        ("delta", "none", json!({ "new": [19, 4], "old": [6, 0] })),
        (
            "cumulative",
            "gzip",
            json!({ "new": [38, 8], "old": [12, 0] }),
        ),
    ] {
        let job = json!({
            "temporality": temporality, "compression": compression,
            "batches": [
                [used("new", false, 10), used("new", true, 2), used("old", false, 6)],
                [used("new", false, 5), used("new", true, 2)],
            ],
        });
        let sent = Conversation::with(&sender, clients::python("otlp.py")?, &job)
            .await?
            .only_answers()
            .await?;
        // The SDK exports once more when it is shut down.
        assert!(
            sent.len() >= 2 && sent.iter().all(|sent| *sent == json!(true)),
            "{sent:?}"
        );
        assert_eq!(
            totals(&admin, "parcel_ledger").await?,
            so_far,
            "{temporality}"
        );
    }
    let seen = admin.get(SEEN).await?.expect(200)?;
    let median = seen.json["new"]["total"]["p50_ms"]
        .as_f64()
        .context("p50")?;
    assert!((10.0..40.0).contains(&median), "{median}");
    Ok(())
}

#[tokio::test]
async fn metrics_that_cannot_be_read_are_refused_and_what_cannot_be_used_is_told() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let sender = ingest(&app).await?;
    let send = async |kind: &str, encoding: Option<&str>, body: Vec<u8>| {
        let mut request = sender
            .request(Method::POST, "/v1/metrics")
            .header("content-type", kind)
            .body(body);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        Answer::of(request.send().await?).await
    };
    for (kind, encoding, body, status) in [
        ("text/plain", None, b"uses 1".to_vec(), 415),
        ("application/json", Some("br"), b"{}".to_vec(), 415),
        ("application/json", None, b"[]".to_vec(), 400),
        (
            "application/json",
            None,
            b"{\"resourceMetrics\": 1}".to_vec(),
            400,
        ),
        (
            "application/x-protobuf",
            None,
            b"\xff\xff\xff".to_vec(),
            400,
        ),
        (
            "application/x-protobuf",
            Some("gzip"),
            b"no gzip".to_vec(),
            400,
        ),
        ("application/x-protobuf", None, vec![0; 4_200_000], 413),
    ] {
        let answer = send(kind, encoding, body).await?;
        assert_eq!(
            answer.status, status,
            "{kind} {encoding:?}: {}",
            answer.text
        );
    }
    let now = u128::from(this_minute().unsigned_abs() + 1) * 1_000_000;
    let point = |module: &str, side: &str| {
        json!({ "asInt": "3", "timeUnixNano": now.to_string(), "attributes": [
            { "key": "switchback.module", "value": { "stringValue": module } },
            { "key": "switchback.side", "value": { "stringValue": side } },
        ] })
    };
    let export = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [{
        "name": "switchback.uses",
        "sum": { "isMonotonic": true, "aggregationTemporality": 1, "dataPoints": [
            point("parcel_ledger", "new"), point("parcel_ledger", "sideways"), point("not_of_this_plan", "old"),
        ] },
    }] }] }] });
    let body = export.to_string().into_bytes();
    for _sent_again in 0..2 {
        let answer = send("application/json", None, body.clone())
            .await?
            .expect(200)?;
        let partial = &answer.json["partialSuccess"];
        assert_eq!(partial["rejectedDataPoints"], "2", "{}", answer.text);
        let why = partial["errorMessage"].as_str().unwrap_or_default();
        assert!(why.contains("not_of_this_plan"), "{why}");
    }
    assert_eq!(
        totals(&admin, "parcel_ledger").await?,
        json!({ "new": [3, 0], "old": [0, 0] })
    );
    app.sdk("ledger")
        .await?
        .post("/v1/metrics", json!({}))
        .await?
        .expect(403)?;
    app.anonymous()
        .post("/v1/metrics", json!({}))
        .await?
        .expect(401)?;
    Ok(())
}

#[tokio::test]
async fn a_module_whose_errors_are_proven_goes_back_by_itself_and_services_hear_of_it() -> Result<()>
{
    let (app, admin) = with_plan().await?;
    let sender = ingest(&app).await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let sdk = app.sdk("ledger").await?;
    let mut events = Events::of(sdk.request(Method::GET, "/api/v1/stream").send().await?)?;
    events.change().await?;
    // The minute of the change does not count, so what is seen is of the one to come.
    let minute = this_minute() + MINUTE;
    let of_new = sample("new", minute, 500, 100);
    sender
        .post(PATH, samples("a", &[of_new]))
        .await?
        .expect(202)?;
    let change = timeout(Duration::from_secs(30), events.change()).await??;
    let change = change.data.to_string();
    assert!(change.contains("old_only"), "{change}");
    let module = "/api/v1/migrations/ledger/modules/parcel_ledger";
    let module = admin.get(module).await?.expect(200)?;
    assert!(module.text.contains("old_only"), "{}", module.text);
    let audit = admin
        .get("/api/v1/audit?migration=ledger&q=action:flag.rollback")
        .await?
        .expect(200)?;
    assert!(audit.text.contains("conductor"), "{}", audit.text);
    assert!(audit.text.contains("20 % of 500 uses"), "{}", audit.text);
    let refused = admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(409)?;
    assert!(
        refused.text.contains("rolled back in production"),
        "{}",
        refused.text
    );
    Ok(())
}
