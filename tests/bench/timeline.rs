//! The timeline of 79 modules whose steps were all gone through, beside 2,000 checks: made whole by the server for a person.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use http_tests::app::Api;
use serde_json::json;

use crate::figures::Figures;
use crate::{MIGRATION, modules, with_plan};

/// Checks of the migration.
const CHECKS: usize = 2_000;
/// Pages of each kind.
const PAGES: usize = 300;
/// What each module goes through: with its way back to old, five steps.
const STEPS: [(&str, Option<f64>); 5] = [
    ("both_validate", None),
    ("gradual_rollout", Some(10.0)),
    ("gradual_rollout", Some(50.0)),
    ("gradual_rollout", Some(90.0)),
    ("new_only", None),
];

/// Writes the plan's history, then asks for its pages.
pub async fn run() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let keys = modules(&admin).await?;
    skip_gates(&admin).await?;
    for (mode, exposure) in STEPS {
        for key in &keys {
            admin
                .set(MIGRATION, key, mode, exposure)
                .await?
                .expect(200)?;
        }
    }
    let lists = format!("/api/v1/migrations/{MIGRATION}/checklists");
    for number in 0..CHECKS {
        let list = if number % 2 == 0 { "daily" } else { "once" };
        let check = json!({ "list": list, "title": format!("Look at number {number}") });
        admin.post(&lists, check).await?.expect(201)?;
    }
    println!(
        "timeline: {} modules with {} steps, {CHECKS} checks",
        keys.len(),
        keys.len() * STEPS.len()
    );
    let browser = app.browser().await?;
    // What was done just now is to be seen.
    let calendar = format!("/api/v1/migrations/{MIGRATION}/calendar");
    let calendar = admin.get(&calendar).await?.expect(200)?;
    let now = calendar.json.get("now").and_then(|now| now.as_str());
    let now = now.context("the day from which today is shown")?;
    for below in [
        format!("calendar?from={now}"),
        format!("calendar?from={now}&days=365"),
        "calendar?layout=month".to_owned(),
        "calendar?layout=week".to_owned(),
    ] {
        let path = format!("/m/{MIGRATION}/{below}");
        let mut measured = Vec::with_capacity(PAGES);
        let mut length = 0;
        for _ in 0..PAGES {
            let begun = Instant::now();
            let page = browser.get(&path).await?;
            measured.push(begun.elapsed());
            let page = page.expect(200)?;
            ensure!(page.text.contains("</html>"), "{path} broke off");
            length = page.text.len();
        }
        let figures = Figures::new(measured);
        let kept = figures.percentile(0.5) < Duration::from_millis(30);
        println!(
            "timeline, {below}: {length} bytes of HTML, {}{}",
            figures.summary(),
            if kept { "" } else { ", OVER 30 ms" }
        );
    }
    Ok(())
}

/// Lists that hold first promotions back are not what is measured here.
async fn skip_gates(admin: &Api) -> Result<()> {
    let lists = format!("/api/v1/migrations/{MIGRATION}/checklists");
    let view = admin.get(&lists).await?.expect(200)?;
    let phases = view.json.get("phases").and_then(|phases| phases.as_array());
    for phase in phases.context("phases with their lists")? {
        let before = phase.get("before").and_then(|list| list.as_array());
        for row in before.into_iter().flatten() {
            let id = row.get("id").context("an item without an id")?;
            let why = json!({ "reason": "not what is measured" });
            admin
                .post(&format!("{lists}/{id}/skip"), why)
                .await?
                .expect(200)?;
        }
    }
    Ok(())
}
