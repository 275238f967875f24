//! Two people at once.

use anyhow::Result;
use serde_json::json;

use crate::with_plan;

#[tokio::test]
async fn a_rollback_succeeds_while_another_edits_and_the_edit_is_told_what_changed() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let seen = admin.version("ledger", "parcel_ledger").await?;
    admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    let module = "/api/v1/migrations/ledger/modules/parcel_ledger";
    let edit = json!({ "owner": "ines", "expected_version": seen });
    let refused = admin.patch(module, edit).await?.expect(409)?;
    assert_eq!(refused.json["code"], "stale", "{}", refused.text);
    assert!(
        refused.text.contains("rolled back parcel_ledger"),
        "{}",
        refused.text
    );
    let promote = json!({
        "modules": ["parcel_ledger"], "mode": "gradual_rollout", "exposure": 50, "reason": "next step",
        "expected_versions": { "parcel_ledger": seen },
    });
    let refused = admin
        .post("/api/v1/migrations/ledger/flags", promote)
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "stale");
    Ok(())
}

#[tokio::test]
async fn two_presses_at_once_are_one_change_and_the_second_learns_who_was_first() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "new_only", None)
        .await?
        .expect(200)?;
    let before = admin
        .get("/api/v1/migrations/ledger/modules/parcel_ledger")
        .await?;
    let (one, other) = tokio::join!(
        admin.roll_back("ledger", "parcel_ledger"),
        admin.roll_back("ledger", "parcel_ledger"),
    );
    let (one, other) = (one?, other?);
    let (first, second) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    let (first, second) = (first.expect(200)?, second.expect(409)?);
    assert_eq!(second.json["code"], "no-change");
    assert!(second.text.contains("token:test-admin"), "{}", second.text);
    assert!(
        second.text.contains(&first.json["sequence"].to_string()),
        "{}",
        second.text
    );
    let after = admin
        .get("/api/v1/migrations/ledger/modules/parcel_ledger")
        .await?;
    let versions = [&before, &after].map(|answer| answer.json["version"].as_i64());
    assert_eq!(versions[1], versions[0].map(|version| version + 1));
    Ok(())
}

#[tokio::test]
async fn a_promotion_must_say_which_version_was_seen() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let blind = json!({ "modules": ["stamp_printer"], "mode": "both_validate", "reason": "blind" });
    admin
        .post("/api/v1/migrations/ledger/flags", blind)
        .await?
        .expect(428)?;
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_with_the_same_key_is_answered_and_not_done_again() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "stamp_printer", "new_only", None)
        .await?
        .expect(200)?;
    let body = json!({ "modules": ["stamp_printer"], "reason": "retry" });
    let send = async |body: &serde_json::Value| {
        let request = admin
            .request(reqwest::Method::POST, "/api/v1/migrations/ledger/rollback")
            .header("idempotency-key", "press-1")
            .json(body);
        http_tests::app::Answer::of(request.send().await?).await
    };
    let first = send(&body).await?.expect(200)?;
    let again = send(&body).await?.expect(200)?;
    assert_eq!(first.json, again.json);
    let other = json!({ "modules": ["route_table"], "reason": "another" });
    send(&other).await?.expect(422)?;
    Ok(())
}
