//! Bad input gets a clear error and changes nothing.

use std::fmt::Write as _;

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use crate::{START, with_plan};
use http_tests::app::{Answer, Api, TestApp};

async fn upload(admin: &Api, body: Vec<u8>) -> Result<Answer> {
    let path = format!("/api/v1/migrations/upload/plan?start={START}");
    let request = admin
        .request(Method::POST, &path)
        .header("content-type", "text/markdown")
        .body(body);
    Answer::of(request.send().await?).await
}

#[tokio::test]
async fn files_that_are_no_plan_are_refused_with_what_to_do() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.api("admin").await?;
    let six_mebibytes = "- a line of a plan that never ends\n"
        .repeat(190_000)
        .into_bytes();
    assert!(six_mebibytes.len() > 6 * 1024 * 1024);
    let cases = [
        ("empty", Vec::new(), 400),
        ("only spaces", b"  \n\n ".to_vec(), 400),
        ("binary", vec![0, 159, 146, 150, 0, 1, 2], 400),
        ("too large", six_mebibytes, 413),
    ];
    for (name, body, status) in cases {
        let answer = upload(&admin, body).await?.expect(status)?;
        let detail = answer.json["detail"].as_str().unwrap_or_default();
        assert!(detail.len() > 20, "{name}: {}", answer.text);
    }
    let migrations = admin.get("/api/v1/migrations").await?.expect(200)?;
    assert!(
        !migrations.text.contains("upload"),
        "a refused plan left a migration behind"
    );
    Ok(())
}

#[tokio::test]
async fn a_long_plan_with_html_in_it_is_read_as_text() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.api("admin").await?;
    let mut plan = String::from(
        "# A long plan\n\n## Week 1: All of it\n\n<script>alert(1)</script>\n\nApplied to:\n\n",
    );
    for number in 0..300 {
        writeln!(plan, "- `module_{number}`")?;
    }
    for number in 0..9_700 {
        writeln!(
            plan,
            "\nA remark with <img src=x onerror=alert({number})> in it."
        )?;
    }
    upload(&admin, plan.into_bytes()).await?.expect(200)?;
    let modules = admin
        .get("/api/v1/migrations/upload/modules?page=2")
        .await?
        .expect(200)?;
    assert!(modules.text.contains("module_299"));
    let browser = app.browser().await?;
    for page in ["/m/upload", "/m/upload/plan", "/m/upload/modules"] {
        let answer = browser.get(page).await?.expect(200)?;
        assert!(!answer.text.contains("<script>alert"), "{page}");
        assert!(!answer.text.contains("<img src=x"), "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn modules_by_csv_are_taken_whole_or_not_at_all() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let send = async |body: &str| {
        let request = admin
            .request(Method::POST, "/api/v1/migrations/ledger/modules/import")
            .header("content-type", "text/csv")
            .body(body.to_owned());
        Answer::of(request.send().await?).await
    };
    let bad = "key,name,phase,owner,old_path,new_path\nscale,Scale,1,ines,a,b\nBAD KEY,x,1,,,\nscale,Twice,1,,,\n";
    let refused = send(bad).await?.expect(400)?;
    assert!(
        refused.text.contains("line 3") && refused.text.contains("line 4"),
        "{}",
        refused.text
    );
    admin
        .get("/api/v1/migrations/ledger/modules/scale")
        .await?
        .expect(404)?;
    let good =
        "key,name,phase,owner,old_path,new_path\nscale,\"Scale, big\",1,ines,old/scale,new/scale\n";
    send(good).await?.expect(200)?;
    let scale = admin
        .get("/api/v1/migrations/ledger/modules/scale")
        .await?
        .expect(200)?;
    assert!(scale.text.contains("Scale, big"), "{}", scale.text);
    Ok(())
}

#[tokio::test]
async fn every_wrong_field_of_a_change_is_told() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let path = "/api/v1/migrations/ledger/flags";
    let with = |key: &str, value: serde_json::Value| {
        let mut body = json!({
            "modules": ["parcel_ledger"], "mode": "gradual_rollout", "exposure": 10, "reason": "test",
            "expected_versions": { "parcel_ledger": 1 },
        });
        body[key] = value;
        body
    };
    for (field, value, status) in [
        ("mode", json!("sideways"), 400),
        ("mode", json!(7), 400),
        ("exposure", json!(0), 400),
        ("exposure", json!(100), 400),
        ("exposure", json!(-1), 400),
        ("exposure", json!(10.001), 400),
        ("exposure", json!("much"), 400),
        ("reason", json!("  "), 400),
        ("reason", json!("x".repeat(1_001)), 400),
        ("modules", json!([]), 400),
        ("modules", json!(["nowhere"]), 404),
        ("modules", json!(["Not A Key"]), 400),
        ("expected_versions", json!({ "parcel_ledger": 99 }), 409),
    ] {
        let answer = admin.post(path, with(field, value.clone())).await?;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{field} = {value}: {}",
            answer.text
        );
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{field}"
        );
        assert!(answer.json["request_id"].is_string() && answer.json["title"].is_string());
    }
    let request = admin
        .request(Method::POST, path)
        .header("content-type", "application/json");
    Answer::of(request.body("{not json").send().await?)
        .await?
        .expect(400)?;
    let huge = json!({ "reason": "x".repeat(100 * 1024) });
    admin.post(path, huge).await?.expect(413)?;
    admin.get("/api/v1/nowhere").await?.expect(404)?;
    let wrong = admin.request(Method::DELETE, path);
    Answer::of(wrong.send().await?).await?.expect(405)?;
    Ok(())
}

#[tokio::test]
async fn an_unreadable_if_match_stands_in_the_way_of_no_rollback() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "new_only", None)
        .await?
        .expect(200)?;
    let path = "/api/v1/migrations/ledger/flags";
    let set = async |mode: &str| {
        let request = admin
            .request(Method::POST, path)
            .header("if-match", "\"not a version\"")
            .json(&json!({ "modules": ["parcel_ledger"], "mode": mode, "reason": "errors" }));
        Answer::of(request.send().await?).await
    };
    set("both_validate").await?.expect(200)?;
    let refused = set("new_only").await?.expect(400)?;
    assert!(refused.text.contains("If-Match"), "{}", refused.text);
    Ok(())
}
