//! The data directory: one process writes it, commands reach the one that does, backups start a new epoch.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{PLAN, START, with_plan};
use http_tests::app::{TestApp, cli};

#[tokio::test]
async fn commands_on_the_data_directory_work_with_and_without_a_server_on_it() -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let plan = data.path().join("plan.md");
    std::fs::write(&plan, PLAN)?;
    let directory = data.path().join("data");
    let file = plan.to_string_lossy().into_owned();
    let import = [
        "plan",
        "import",
        &file,
        "--migration",
        "ledger",
        "--start",
        START,
    ];
    let dry = cli(
        &directory,
        &[&import[..], &["--dry-run", "--json"]].concat(),
    )
    .await?;
    let dry: Value = serde_json::from_slice(&dry.stdout).context("the dry run prints JSON")?;
    for list in [
        "phases",
        "modules",
        "steps",
        "preparation",
        "daily",
        "days",
        "conditional",
        "criteria",
        "thresholds",
        "runbook",
        "unrecognised",
        "changes",
    ] {
        assert!(dry[list].is_array(), "{list} is missing");
    }
    assert_eq!(dry["modules"].as_array().map(Vec::len), Some(3));
    assert!(dry["modules"][0]["line"].is_number());
    let done = cli(&directory, &import).await?;
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let again = cli(
        &directory,
        &[&import[..], &["--dry-run", "--json"]].concat(),
    )
    .await?;
    let again: Value = serde_json::from_slice(&again.stdout)?;
    assert_eq!(again["changes"], json!([]));

    let app = TestApp::start().await?;
    app.cli_ok(&import).await?;
    app.cli_ok(&["user", "add", "Dee", "--role", "operator"])
        .await?;
    let export = app
        .cli_ok(&["plan", "export", "--migration", "ledger"])
        .await?;
    assert!(export.contains("parcel_ledger"), "{export}");
    let log = app.cli_ok(&["audit", "export"]).await?;
    assert!(
        log.contains("plan.import") && log.contains("local:"),
        "{log}"
    );
    let exported = app.data_dir().join("export.jsonl");
    std::fs::write(&exported, &log)?;
    app.cli_ok(&["audit", "verify"]).await?;
    app.cli_ok(&["audit", "verify", "--file", &exported.to_string_lossy()])
        .await?;
    let forged = app.data_dir().join("forged.jsonl");
    std::fs::write(&forged, log.replace("plan.import", "plan.forged"))?;
    let refused = app
        .cli(&["audit", "verify", "--file", &forged.to_string_lossy()])
        .await?;
    assert!(!refused.status.success());
    Ok(())
}

#[tokio::test]
async fn the_control_socket_and_the_databases_are_for_their_owner_only() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let app = TestApp::start().await?;
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).map(|found| found.permissions().mode() & 0o777)
    };
    assert_eq!(mode(app.data_dir())?, 0o700);
    assert_eq!(mode(&app.data_dir().join("control.sock"))?, 0o600);
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused() -> Result<()> {
    let app = TestApp::start().await?;
    let arguments = ["serve", "--addr", "127.0.0.1:0"];
    let second = app.cli(&arguments).await?;
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"));
    Ok(())
}

#[tokio::test]
async fn a_restored_backup_serves_what_it_held_under_a_new_epoch() -> Result<()> {
    let (app, admin) = with_plan().await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(10.0))
        .await?
        .expect(200)?;
    let service = app.sdk("ledger").await?;
    let before = service.get("/api/v1/flags").await?.expect(200)?;
    let elsewhere = tempfile::TempDir::new()?;
    let file = elsewhere
        .path()
        .join("backup.db")
        .to_string_lossy()
        .into_owned();
    app.cli_ok(&["backup", &file]).await?;
    let twice = app.cli(&["backup", &file]).await?;
    assert!(!twice.status.success(), "a backup was overwritten");

    let restored = elsewhere.path().join("restored");
    let output = cli(&restored, &["restore", &file]).await?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let file_before = std::fs::read(restored.join("switchback.db"))?;
    let verified = cli(&restored, &["audit", "verify"]).await?;
    assert!(verified.status.success());
    let log = cli(&restored, &["audit", "export"]).await?;
    assert!(!String::from_utf8(log.stdout)?.contains("store.restore"));
    let plan = cli(&restored, &["plan", "export", "--migration", "ledger"]).await?;
    assert!(String::from_utf8(plan.stdout)?.contains("parcel_ledger"));
    let again = elsewhere.path().join("again.db");
    let again = cli(&restored, &["backup", &again.to_string_lossy()]).await?;
    assert!(again.status.success());
    assert_eq!(
        std::fs::read(restored.join("switchback.db"))?,
        file_before,
        "what only reads has written"
    );
    assert!(
        !restored.join("ballast").exists(),
        "what only reads has written"
    );
    let written = cli(&restored, &["user", "list"]).await?;
    assert!(written.status.success());
    let log = cli(&restored, &["audit", "export"]).await?;
    let log = String::from_utf8(log.stdout)?;
    assert!(log.contains("store.restore"), "{log}");
    let newest: Value = serde_json::from_str(log.lines().last().unwrap_or_default())?;
    assert_ne!(newest["entry"]["epoch"], before.json["epoch"]);
    assert_eq!(newest["entry"]["before"]["epoch"], before.json["epoch"]);
    let occupied = app.cli(&["restore", &file]).await?;
    assert!(
        !occupied.status.success(),
        "a restore overwrote a running server's data"
    );
    Ok(())
}
