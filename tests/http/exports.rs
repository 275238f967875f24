//! Flags for callers without a client.

use anyhow::{Context as _, Result};
use reqwest::Method;
use tokio::process::Command;

use crate::with_plan;

/// Sources a text in a shell of its own and says what a variable is there.
async fn sourced(text: &str, variable: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("flags.env");
    std::fs::write(&file, text)?;
    let script = format!(". \"$1\" && printf %s \"${{{variable}-unset}}\"");
    let output = Command::new("sh")
        .args(["-euc", &script, "sh"])
        .arg(&file)
        .env_clear()
        .output()
        .await?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn a_shell_sources_the_flags() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    admin
        .set("ledger", "parcel_ledger", "gradual_rollout", Some(12.5))
        .await?
        .expect(200)?;
    let text = service.get("/api/v1/flags.env").await?.expect(200)?.text;
    for (variable, value) in [
        ("LEDGER_MIGRATION_MODE", "gradual_rollout"),
        ("LEDGER_MIGRATION_PERCENTAGE", "0.125"),
        ("LEDGER_MODULE_PARCEL_LEDGER_MIGRATION", "enabled"),
        ("LEDGER_MODULE_STAMP_PRINTER_MIGRATION", "disabled"),
        ("LEDGER_MODULE_NOBODY_MIGRATION", "unset"),
    ] {
        assert_eq!(sourced(&text, variable).await?, value, "{variable}");
    }
    let named = service
        .get("/api/v1/flags.env?prefix=SHOP")
        .await?
        .expect(200)?
        .text;
    assert_eq!(
        sourced(&named, "SHOP_MIGRATION_MODE").await?,
        "gradual_rollout"
    );
    for prefix in ["shop", "1A", "A%3Brm", "A%20B"] {
        service
            .get(&format!("/api/v1/flags.env?prefix={prefix}"))
            .await?
            .expect(400)?;
    }
    Ok(())
}

#[tokio::test]
async fn exports_are_sent_again_only_when_they_changed() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    for path in ["/api/v1/flags.env", "/api/v1/flagd.json"] {
        let etag = service
            .get(path)
            .await?
            .expect(200)?
            .header("etag")
            .to_owned();
        let again = service
            .request(Method::GET, path)
            .header("if-none-match", &etag);
        assert_eq!(again.send().await?.status(), 304);
        admin
            .set("ledger", "parcel_ledger", "both_validate", None)
            .await?
            .expect(200)?;
        let changed = service
            .request(Method::GET, path)
            .header("if-none-match", &etag);
        assert_eq!(changed.send().await?.status(), 200);
        admin
            .roll_back("ledger", "parcel_ledger")
            .await?
            .expect(200)?;
        app.anonymous().get(path).await?.expect(401)?;
    }
    let definition = service.get("/api/v1/flagd.json").await?.expect(200)?;
    definition.json["flags"]["ledger.parcel_ledger"]["defaultVariant"]
        .as_str()
        .context("a flag is defined")?;
    Ok(())
}
