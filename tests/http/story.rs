//! The main job, end to end, without a browser.

use anyhow::Result;
use serde_json::json;

use crate::{PLAN, START, with_plan};

#[tokio::test]
async fn a_module_moves_to_ten_percent_a_service_follows_and_a_rollback_brings_it_back()
-> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let before = service
        .evaluate("parcel_ledger", "user-1")
        .await?
        .expect(200)?;
    assert_eq!(before.json["value"], false);
    assert_eq!(before.json["reason"], "STATIC");

    let moved = admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    assert_eq!(
        moved.json["flags"][0]["after"],
        json!({"mode": "gradual_rollout", "exposure": 1000})
    );
    let mut on_new = 0;
    for user in 0..200 {
        let answer = service
            .evaluate("parcel_ledger", &format!("user-{user}"))
            .await?
            .expect(200)?;
        assert_eq!(answer.json["reason"], "SPLIT");
        assert_eq!(
            answer.json["metadata"]["revision"],
            moved.json["revision_number"]
        );
        on_new += i32::from(answer.json["value"] == true);
    }
    assert!(
        (5..=40).contains(&on_new),
        "{on_new} of 200 subjects on new at 10 %"
    );

    let back = admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    assert_eq!(back.json["action"], "flag.rollback");
    for user in 0..200 {
        let answer = service
            .evaluate("parcel_ledger", &format!("user-{user}"))
            .await?
            .expect(200)?;
        assert_eq!(
            answer.json["value"], false,
            "a service read new after the rollback was answered"
        );
    }

    let log = admin
        .get("/api/v1/audit?q=module:parcel_ledger")
        .await?
        .expect(200)?;
    let actions: Vec<_> = log.json["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["action"].as_str())
        .collect();
    assert_eq!(
        actions.get(..2),
        Some(&["flag.rollback", "flag.set"][..]),
        "{}",
        log.text
    );
    let verified = admin.get("/api/v1/audit/verify").await?.expect(200)?;
    assert_eq!(verified.json["state"], "verified");
    Ok(())
}

#[tokio::test]
async fn importing_the_same_plan_again_changes_nothing_and_duplicates_nothing() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let again = admin.import("ledger", START, PLAN).await?.expect(409)?;
    assert_eq!(again.json["code"], "no-change");
    let modules = admin
        .get("/api/v1/migrations/ledger/modules")
        .await?
        .expect(200)?;
    let list = modules
        .json
        .as_array()
        .or(modules.json["modules"].as_array())
        .map(Vec::len);
    assert_eq!(list, Some(3), "{}", modules.text);
    Ok(())
}

#[tokio::test]
async fn the_kill_switch_overrides_everything_and_resuming_brings_back_what_was_confirmed()
-> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    admin
        .set("ledger", "parcel_ledger", "new_only", None)
        .await?
        .expect(200)?;
    let path = "/api/v1/migrations/ledger";
    let reason = json!({ "reason": "errors everywhere" });
    admin
        .post(&format!("{path}/kill-switch"), reason.clone())
        .await?
        .expect(200)?;
    let killed = service
        .evaluate("parcel_ledger", "user-1")
        .await?
        .expect(200)?;
    assert_eq!(killed.json["value"], false);
    assert_eq!(killed.json["metadata"]["killSwitch"], true);
    assert_eq!(killed.json["metadata"]["storedMode"], "new_only");
    let pressed_again = admin
        .post(&format!("{path}/kill-switch"), reason)
        .await?
        .expect(409)?;
    assert_eq!(pressed_again.json["code"], "no-change");

    let refused = admin
        .set("ledger", "stamp_printer", "both_validate", None)
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "kill-switch-on");

    let list = admin.get(&format!("{path}/resume")).await?.expect(200)?;
    let digest = list.json["digest"].clone();
    assert_eq!(list.json["returning"][0]["module"], "parcel_ledger");
    // What lies beneath may be lowered; the list that was confirmed is then another one.
    admin
        .roll_back("ledger", "parcel_ledger")
        .await?
        .expect(200)?;
    let drifted = json!({ "digest": digest, "reason": "looks well again" });
    let refused = admin
        .post(&format!("{path}/resume"), drifted)
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "drift");
    let list = admin.get(&format!("{path}/resume")).await?.expect(200)?;
    let confirmed = json!({ "digest": list.json["digest"], "reason": "looks well again" });
    admin
        .post(&format!("{path}/resume"), confirmed)
        .await?
        .expect(200)?;
    let resumed = service
        .evaluate("parcel_ledger", "user-1")
        .await?
        .expect(200)?;
    assert_eq!(resumed.json["value"], false);
    assert!(resumed.json["metadata"]["killSwitch"].is_null());
    Ok(())
}

#[tokio::test]
async fn a_retired_module_serves_new_for_ever_also_under_the_kill_switch() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let retire = "/api/v1/migrations/ledger/modules/route_table/retire";
    let version = admin.version("ledger", "route_table").await?;
    let body = json!({ "reason": "old code deleted", "expected_version": version });
    let refused = admin.post(retire, body).await?.expect(409)?;
    assert_eq!(refused.json["code"], "not-on-new");
    admin
        .set("ledger", "route_table", "new_only", None)
        .await?
        .expect(200)?;
    let version = admin.version("ledger", "route_table").await?;
    let body = json!({ "reason": "old code deleted", "expected_version": version });
    admin.post(retire, body).await?.expect(200)?;
    let kill = json!({ "reason": "drill" });
    admin
        .post("/api/v1/migrations/ledger/kill-switch", kill)
        .await?
        .expect(200)?;
    let answer = service
        .evaluate("route_table", "user-1")
        .await?
        .expect(200)?;
    assert_eq!(answer.json["value"], true);
    let refused = admin
        .roll_back("ledger", "route_table")
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "not-active");
    Ok(())
}

#[tokio::test]
async fn undoing_a_change_brings_its_flags_back_and_is_audited_itself() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    admin
        .set("ledger", "stamp_printer", "gradual_rollout", Some(50.0))
        .await?
        .expect(200)?;
    let back = admin
        .roll_back("ledger", "stamp_printer")
        .await?
        .expect(200)?;
    let version = admin.version("ledger", "stamp_printer").await?;
    let undo = json!({
        "sequence": back.json["sequence"], "reason": "rolled back the wrong one",
        "expected_versions": { "stamp_printer": version },
    });
    let undone = admin
        .post("/api/v1/migrations/ledger/undo", undo)
        .await?
        .expect(200)?;
    assert_eq!(
        undone.json["flags"][0]["after"],
        json!({"mode": "gradual_rollout", "exposure": 5000})
    );
    Ok(())
}

#[tokio::test]
async fn the_log_is_narrowed_to_an_environment_by_the_api_and_in_the_table() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let staging = json!({ "key": "staging", "name": "Staging" });
    admin
        .post("/api/v1/migrations/ledger/environments", staging)
        .await?
        .expect(201)?;
    for environment in ["production", "staging"] {
        let press = json!({ "environment": environment, "reason": "a drill" });
        admin
            .post("/api/v1/migrations/ledger/kill-switch", press)
            .await?
            .expect(200)?;
    }
    let browser = app.browser().await?;
    for query in [
        "environment=staging",
        "migration=ledger&environment=staging",
    ] {
        let log = admin
            .get(&format!("/api/v1/audit?{query}"))
            .await?
            .expect(200)?;
        let rows = log.json["rows"].as_array().cloned().unwrap_or_default();
        assert!(!rows.is_empty(), "{}", log.text);
        assert!(rows.iter().all(|row| row["environment"] == "staging"));
    }
    let table = browser
        .get("/m/ledger/audit.csv?env=staging")
        .await?
        .expect(200)?;
    assert!(
        table.text.contains("kill_switch.on,staging"),
        "{}",
        table.text
    );
    assert!(
        !table.text.contains("kill_switch.on,production"),
        "{}",
        table.text
    );
    Ok(())
}

#[tokio::test]
async fn an_edit_is_undone_from_its_audit_entry() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let path = "/api/v1/migrations/ledger/modules/stamp_printer";
    let version = admin.version("ledger", "stamp_printer").await?;
    let edit = json!({ "owner": "the night shift", "expected_version": version });
    let edited = admin.patch(path, edit).await?.expect(200)?;
    let page = format!("/m/ledger/audit/{}", edited.json["sequence"]);
    let browser = app.browser().await?;
    let shown = browser.get(&page).await?.expect(200)?;
    assert!(shown.text.contains("action=\"/fn/undo\""), "{}", shown.text);
    let sequence = edited.json["sequence"].to_string();
    let fields = [
        ("migration", "ledger"),
        ("sequence", sequence.as_str()),
        ("reason", "the wrong module"),
    ];
    let undone = browser.post_form("/fn/undo", &fields).await?;
    assert!(undone.status.is_redirection(), "{}", undone.text);
    // Again there is nothing to undo; by the API as on the page.
    let again = json!({ "sequence": edited.json["sequence"], "reason": "the wrong module" });
    let refused = admin
        .post("/api/v1/migrations/ledger/undo", again)
        .await?
        .expect(409)?;
    assert_eq!(refused.json["code"], "no-change");
    let summary = refused.json["other_change"]["summary"].to_string();
    assert!(
        summary.contains(&format!("undid entry {sequence}")),
        "{summary}"
    );
    Ok(())
}

#[tokio::test]
async fn the_command_line_sets_rolls_back_and_presses_the_kill_switch() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let token = app
        .cli_ok(&["token", "create", "--name", "ops", "--kind", "operator"])
        .await?;
    let run = async |arguments: &[&str]| {
        tokio::process::Command::new(http_tests::app::binary())
            .args(arguments)
            .args(["--migration", "ledger", "--reason", "from a terminal"])
            .env("SWITCHBACK_URL", &app.url)
            .env("SWITCHBACK_TOKEN", &token)
            .output()
            .await
    };
    let set = run(&[
        "set",
        "parcel_ledger",
        "--mode",
        "gradual_rollout",
        "--exposure",
        "10",
    ])
    .await?;
    assert!(
        set.status.success(),
        "{}",
        String::from_utf8_lossy(&set.stderr)
    );
    let service = app.sdk("ledger").await?;
    let answer = service
        .evaluate("parcel_ledger", "user-1")
        .await?
        .expect(200)?;
    assert_eq!(answer.json["metadata"]["exposure"], 1000);
    for _ in 0..2 {
        // The second time nothing changes, and that is a success for whoever rolls back.
        let back = run(&["rollback", "parcel_ledger"]).await?;
        assert!(
            back.status.success(),
            "{}",
            String::from_utf8_lossy(&back.stderr)
        );
    }
    for _ in 0..2 {
        let kill = run(&["rollback"]).await?;
        assert!(
            kill.status.success(),
            "{}",
            String::from_utf8_lossy(&kill.stderr)
        );
    }
    let resume = run(&["resume", "--from-old"]).await?;
    assert!(
        resume.status.success(),
        "{}",
        String::from_utf8_lossy(&resume.stderr)
    );
    Ok(())
}
