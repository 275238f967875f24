//! Streams of flags, acknowledgements and receipts.

use anyhow::{Context as _, Result};
use flags::{Snapshot, SnapshotChange};
use http_tests::app::{Answer, Api};
use http_tests::events::Events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::with_plan;

async fn stream(service: &Api, headers: &[(&str, &str)]) -> Result<Events> {
    let mut request = service.request(Method::GET, "/api/v1/stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Events::of(request.send().await?)
}

fn instance(name: &str) -> [(&str, &str); 3] {
    [
        ("switchback-instance", name),
        ("switchback-service", "shop"),
        ("switchback-sdk", "test/1"),
    ]
}

fn acknowledgement(name: &str, id: &str) -> Value {
    let (epoch, revision) = id.split_once(':').unwrap_or_default();
    json!({
        "instance": name, "service": "shop", "sdk": "test/1", "epoch": epoch,
        "revision": revision.parse::<u64>().unwrap_or_default(), "applied_at": 1_800_000_000_000_i64,
    })
}

#[tokio::test]
async fn a_stream_begins_with_the_whole_and_goes_on_with_changes() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let mut events = stream(&service, &[]).await?;
    let first = events.change().await?;
    assert_eq!(first.name, "snapshot");
    let mut here = Snapshot::from_json(first.data.to_string().as_bytes())?;
    assert_eq!(first.id, here.revision.to_string());
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(25.0))
        .await?
        .expect(200)?;
    admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    // The two may come as one: what counts is where they lead.
    loop {
        let event = events.change().await?;
        assert_eq!(event.name, "change");
        here = SnapshotChange::from_json(event.data.to_string().as_bytes())?.apply(&here)?;
        assert_eq!(event.id, here.revision.to_string());
        let whole = service.get("/api/v1/flags").await?.expect(200)?;
        if Snapshot::from_json(whole.text.as_bytes())? == here {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn who_comes_back_is_told_what_was_missed_and_no_more() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let first = stream(&service, &[]).await?.change().await?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let mut events = stream(&service, &[("last-event-id", &first.id)]).await?;
    let missed = events.change().await?;
    assert_eq!(missed.name, "change");
    assert_eq!(missed.data["flags"].as_array().map(Vec::len), Some(1));
    let mut events = stream(&service, &[("last-event-id", &missed.id)]).await?;
    assert_eq!(events.next().await?.context("ended")?.name, "heartbeat");
    for id in ["nonsense", "other:4", "", &first.id.replace(':', ":9")] {
        let event = stream(&service, &[("last-event-id", id)])
            .await?
            .change()
            .await?;
        assert_eq!(
            (event.name.as_str(), &event.id),
            ("snapshot", &missed.id),
            "{id}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let mut events = stream(&service, &[]).await?;
    events.change().await?;
    let tokens = admin.get("/api/v1/tokens").await?.expect(200)?;
    let list = tokens.json.as_array().or(tokens.json["tokens"].as_array());
    let id = list
        .into_iter()
        .flatten()
        .find(|token| token["kind"] == "sdk")
        .and_then(|token| token["id"].as_str())
        .context("the token is listed")?;
    let revoked = admin.request(
        Method::DELETE,
        &format!("/api/v1/tokens/{id}?reason=leaked"),
    );
    Answer::of(revoked.send().await?).await?.expect(200)?;
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    assert_eq!(events.next().await?, None);
    let refused = service.get("/api/v1/stream").await?;
    assert_eq!(refused.status, 401);
    Ok(())
}

#[tokio::test]
async fn a_receipt_shows_who_obeys_and_who_does_not() -> Result<()> {
    let (mut app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let mut fast = stream(&service, &instance("shop-1")).await?;
    let mut slow = stream(&service, &instance("shop-2")).await?;
    fast.change().await?;
    slow.change().await?;
    // Reads without acknowledging: never counted as obeying.
    service
        .evaluate("ledger.parcel_ledger", "ada")
        .await?
        .expect(200)?;
    let done = admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let revision = done.json["revision_number"]
        .as_u64()
        .context("a revision")?;
    let path = format!("/api/v1/migrations/ledger/changes/{revision}");
    let told = fast.change().await?;
    service
        .post("/api/v1/acks", acknowledgement("shop-1", &told.id))
        .await?
        .expect(204)?;
    let receipt = admin.get(&path).await?.expect(200)?.json["receipt"].clone();
    assert_eq!(
        (
            receipt["expected"].as_u64(),
            receipt["acknowledged"].as_u64()
        ),
        (Some(2), Some(1))
    );
    assert_eq!(receipt["behind"], json!(["shop-2"]));
    assert!(
        receipt["slowest_ms"]
            .as_i64()
            .is_some_and(|ms| (0..5_000).contains(&ms)),
        "{receipt}"
    );
    let rows = admin
        .get("/api/v1/migrations/ledger/instances")
        .await?
        .expect(200)?
        .json;
    let behind: Vec<_> = rows["instances"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            (
                row["instance"].as_str(),
                row["behind"].as_bool(),
                row["connected"].as_bool(),
            )
        })
        .collect();
    assert_eq!(
        behind,
        [
            (Some("shop-1"), Some(false), Some(true)),
            (Some("shop-2"), Some(true), Some(true))
        ]
    );
    assert_eq!(rows["without_receipts"].as_array().map(Vec::len), Some(1));
    drop((fast, slow));
    // A reviewer reads it after the server was started again.
    app.stop().await?;
    app.start_again().await?;
    let admin = app.api("admin").await?;
    let kept = admin.get(&path).await?.expect(200)?.json["receipt"].clone();
    assert_eq!(kept, receipt);
    Ok(())
}

#[tokio::test]
async fn a_poll_carries_an_acknowledgement() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let poll = |applied: Option<String>| {
        let mut request = service.request(Method::GET, "/api/v1/flags");
        for (name, value) in instance("shop-9") {
            request = request.header(name, value);
        }
        if let Some(applied) = applied {
            request = request.header("switchback-applied", applied);
        }
        async move { Answer::of(request.send().await?).await }
    };
    let first = poll(None).await?.expect(200)?;
    let etag = first.header("etag").trim_matches('"').to_owned();
    poll(Some(etag.clone())).await?.expect(200)?;
    let rows = admin
        .get("/api/v1/migrations/ledger/instances")
        .await?
        .expect(200)?
        .json;
    assert_eq!(rows["instances"][0]["behind"], false);
    assert_eq!(rows["instances"][0]["service"], "shop");
    poll(Some("nonsense".into())).await?.expect(400)?;
    poll(Some(format!("{etag}0"))).await?.expect(400)?;
    Ok(())
}

#[tokio::test]
async fn acknowledgements_that_cannot_be_taken_are_refused_whole() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let head = stream(&service, &[]).await?.change().await?.id;
    let good = acknowledgement("shop-1", &head);
    let but = |field: &str, value: Value| {
        let mut ack = good.clone();
        ack[field] = value;
        ack
    };
    let without = |field: &str| {
        let mut ack = good.clone();
        ack.as_object_mut().map(|ack| ack.remove(field));
        ack
    };
    let bad = [
        json!(null),
        json!("text"),
        json!({}),
        without("instance"),
        without("epoch"),
        without("revision"),
        but("instance", json!("")),
        but("instance", json!("x".repeat(129))),
        but("instance", json!("two\nlines")),
        but("service", json!(7)),
        but("sdk", json!("x".repeat(65))),
        but("epoch", json!("no epoch")),
        but("revision", json!(-1)),
        but("revision", json!(1.5)),
        but("revision", json!(u64::MAX)),
        but("applied_at", json!("now")),
        json!([good, but("revision", json!(999_999))]),
        Value::Array(vec![good.clone(); 101]),
    ];
    for body in bad {
        let answer = service.post("/api/v1/acks", body.clone()).await?;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert!(answer.json["detail"].is_string(), "{}", answer.text);
    }
    let rows = admin
        .get("/api/v1/migrations/ledger/instances")
        .await?
        .expect(200)?
        .json;
    assert_eq!(
        rows["instances"],
        json!([]),
        "nothing was taken of a list with one bad entry"
    );
    service
        .post("/api/v1/acks", json!([good]))
        .await?
        .expect(204)?;
    admin
        .post("/api/v1/acks", good.clone())
        .await?
        .expect(403)?;
    app.anonymous()
        .post("/api/v1/acks", good)
        .await?
        .expect(401)?;
    Ok(())
}

#[tokio::test]
async fn ofrep_announces_a_stream_that_a_browser_can_open_bare() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let bulk = service
        .post(
            "/ofrep/v1/evaluate/flags",
            json!({ "context": { "targetingKey": "ada" } }),
        )
        .await?
        .expect(200)?;
    let path = bulk.json["eventStreams"][0]["endpoint"]["requestUri"]
        .as_str()
        .context("a stream is announced")?
        .to_owned();
    assert_eq!(bulk.json["eventStreams"][0]["type"], "sse");
    let anybody = app.anonymous();
    let mut events = Events::of(anybody.request(Method::GET, &path).send().await?)?;
    let first = events.change().await?;
    assert_eq!(
        (first.name.as_str(), &first.data["type"]),
        ("message", &json!("refetchEvaluation"))
    );
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let told = events.change().await?;
    let etag = told.data["etag"].as_str().context("an etag")?;
    assert_ne!(first.data["etag"].as_str(), Some(etag));
    // The ETag of the event is what the next question may name.
    let asked = format!("/ofrep/v1/evaluate/flags?flagConfigEtag={etag}");
    let again = service
        .post(&asked, json!({ "context": { "targetingKey": "ada" } }))
        .await?;
    assert!(
        again.header("etag").starts_with(&format!("\"{etag}")),
        "{}",
        again.header("etag")
    );
    for forged in ["/ofrep/v1/stream", "/ofrep/v1/stream?ticket=x.1.y"] {
        let refused = anybody.get(forged).await?;
        assert_eq!(refused.status, 401);
        assert!(refused.json["errorDetails"].is_string(), "{}", refused.text);
    }
    Ok(())
}

#[tokio::test]
async fn after_a_restart_evaluating_again_brings_a_ticket_that_holds() -> Result<()> {
    let (mut app, _admin) = with_plan().await?;
    let question = json!({ "context": { "targetingKey": "ada" } });
    let path = "/ofrep/v1/evaluate/flags";
    let service = app.sdk("ledger").await?;
    let etag = service
        .post(path, question.clone())
        .await?
        .expect(200)?
        .header("etag")
        .to_owned();
    app.stop().await?;
    app.start_again().await?;
    let service = Api {
        url: app.url.clone(),
        ..service
    };
    let asked = service
        .request(Method::POST, path)
        .header("if-none-match", etag)
        .json(&question);
    let again = Answer::of(asked.send().await?).await?.expect(200)?;
    let stream = again.json["eventStreams"][0]["endpoint"]["requestUri"]
        .as_str()
        .context("a stream")?;
    Events::of(app.anonymous().request(Method::GET, stream).send().await?)?
        .change()
        .await?;
    Ok(())
}

#[tokio::test]
async fn streams_end_when_the_server_stops() -> Result<()> {
    let (mut app, _admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let mut events = stream(&service, &[]).await?;
    events.change().await?;
    let begun = std::time::Instant::now();
    app.stop().await?;
    assert_eq!(events.next().await?, None);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    Ok(())
}
