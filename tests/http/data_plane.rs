//! Reading flags: the snapshot, and `OpenFeature`'s remote evaluation.

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use crate::with_plan;
use http_tests::app::Answer;

#[tokio::test]
async fn the_snapshot_is_sent_once_and_then_only_when_it_changed() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let first = service.get("/api/v1/flags").await?.expect(200)?;
    let set = flags::FlagSet::compile(flags::Snapshot::from_json(first.text.as_bytes())?);
    assert_eq!(set.iter().count(), 3);
    let etag = first.header("etag").to_owned();
    let unchanged = service
        .request(Method::GET, "/api/v1/flags")
        .header("if-none-match", &etag)
        .send()
        .await?;
    assert_eq!(unchanged.status(), 304);
    admin
        .set("ledger", "parcel_ledger", "both_validate", None)
        .await?
        .expect(200)?;
    let request = service
        .request(Method::GET, "/api/v1/flags")
        .header("if-none-match", &etag);
    let changed = Answer::of(request.send().await?).await?.expect(200)?;
    assert_ne!(changed.header("etag"), etag);
    Ok(())
}

#[tokio::test]
async fn compressed_snapshots_hold_the_same_flags() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let plain = service.get("/api/v1/flags").await?.expect(200)?;
    for encoding in ["gzip", "br"] {
        let request = service
            .request(Method::GET, "/api/v1/flags")
            .header("accept-encoding", encoding);
        let response = request.send().await?;
        assert_eq!(response.headers()["content-encoding"], encoding);
        assert!(response.bytes().await?.len() < plain.text.len());
    }
    Ok(())
}

#[tokio::test]
async fn bulk_answers_carry_full_keys_and_an_etag_of_state_and_subject() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(50.0))
        .await?
        .expect(200)?;
    let service = app.sdk("ledger").await?;
    let path = "/ofrep/v1/evaluate/flags";
    let ask = |user: &str| json!({ "context": { "targetingKey": user } });
    let one = service.post(path, ask("user-1")).await?.expect(200)?;
    assert_eq!(one.json["flags"].as_array().map(Vec::len), Some(3));
    assert!(
        one.text.contains("\"ledger.parcel_ledger\""),
        "{}",
        one.text
    );
    let other = service.post(path, ask("user-2")).await?.expect(200)?;
    assert_ne!(one.header("etag"), other.header("etag"));
    let again = service
        .request(Method::POST, path)
        .header("if-none-match", one.header("etag"))
        .json(&ask("user-1"))
        .send()
        .await?;
    assert_eq!(again.status(), 304);
    let nobody = service
        .post(path, json!({ "context": {} }))
        .await?
        .expect(200)?;
    assert!(
        nobody.text.contains("TARGETING_KEY_MISSING"),
        "{}",
        nobody.text
    );
    Ok(())
}

#[tokio::test]
async fn every_error_of_an_evaluation_has_key_code_and_details() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(50.0))
        .await?
        .expect(200)?;
    let service = app.sdk("ledger").await?;
    let send = async |key: &str, body: &str| {
        let request = service
            .request(Method::POST, &format!("/ofrep/v1/evaluate/flags/{key}"))
            .header("content-type", "application/json")
            .body(body.to_owned());
        Answer::of(request.send().await?).await
    };
    for (key, body, status, code) in [
        ("parcel_ledger", "{", 400, "PARSE_ERROR"),
        ("parcel_ledger", "", 400, "PARSE_ERROR"),
        ("parcel_ledger", r#"{"context":7}"#, 400, "INVALID_CONTEXT"),
        (
            "parcel_ledger",
            r#"{"context":{"targetingKey":7}}"#,
            400,
            "INVALID_CONTEXT",
        ),
        (
            "parcel_ledger",
            r#"{"context":{}}"#,
            400,
            "TARGETING_KEY_MISSING",
        ),
        (
            "nowhere",
            r#"{"context":{"targetingKey":"u"}}"#,
            404,
            "FLAG_NOT_FOUND",
        ),
        (
            "other.parcel_ledger",
            r#"{"context":{"targetingKey":"u"}}"#,
            404,
            "FLAG_NOT_FOUND",
        ),
    ] {
        let answer = send(key, body).await?.expect(status)?;
        assert_eq!(
            answer.json["errorCode"], code,
            "{key} {body}: {}",
            answer.text
        );
        assert_eq!(answer.json["key"], key);
        assert!(
            answer.json["errorDetails"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    let mode = service
        .evaluate("parcel_ledger.mode", "u")
        .await?
        .expect(200)?;
    assert_eq!(mode.json["value"], "gradual_rollout");
    Ok(())
}

#[tokio::test]
async fn flags_are_read_only_with_a_token_for_them() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let body = json!({ "context": { "targetingKey": "u" } });
    for path in [
        "/ofrep/v1/evaluate/flags/parcel_ledger",
        "/ofrep/v1/evaluate/flags",
    ] {
        app.anonymous()
            .post(path, body.clone())
            .await?
            .expect(401)?;
        admin.post(path, body.clone()).await?.expect(403)?;
    }
    app.anonymous().get("/api/v1/flags").await?.expect(401)?;
    let service = app.sdk("ledger").await?;
    service.get("/api/v1/migrations").await?.expect(403)?;
    let by_key = app.anonymous();
    let request = by_key
        .request(Method::POST, "/ofrep/v1/evaluate/flags/parcel_ledger")
        .header("x-api-key", service.token.unwrap_or_default())
        .json(&body);
    Answer::of(request.send().await?).await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn a_revoked_token_reads_nothing_from_the_next_request_on() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    service.get("/api/v1/flags").await?.expect(200)?;
    let tokens = admin.get("/api/v1/tokens").await?.expect(200)?;
    let list = tokens.json["tokens"]
        .as_array()
        .or(tokens.json.as_array())
        .cloned();
    let id = list
        .into_iter()
        .flatten()
        .find(|token| token["name"] == "service")
        .and_then(|token| token["id"].as_str().map(ToOwned::to_owned))
        .unwrap_or_default();
    let revoke = admin.request(Method::DELETE, &format!("/api/v1/tokens/{id}"));
    Answer::of(revoke.send().await?).await?.expect(200)?;
    service.get("/api/v1/flags").await?.expect(401)?;
    Ok(())
}
