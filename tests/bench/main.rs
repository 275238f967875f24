//! Benchmarks of the real release binary over HTTP: `server-bench PART ...`, run by `cargo xtask bench`.
//!
//! Load and server share the machine's cores, so a rate is that of the pair.

mod bare;
mod comeback;
mod evidence;
mod figures;
mod ofrep;
mod overview;
mod search;
mod start;
mod streams;
mod timeline;
mod writes;

use anyhow::{Result, bail};
use http_tests::app::{Api, TestApp};

const PARTS: &str = "start, writes, overview, search, timeline, evidence, ofrep, streams, comeback";
/// The project's own example plan: 79 modules.
const PLAN: &str = include_str!("../../examples/demo-plan.md");
/// The first day of its earliest phase.
const START: &str = "2026-12-07";
/// The migration it is imported into.
const MIGRATION: &str = "atlas";

#[tokio::main]
async fn main() -> Result<()> {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    if parts.is_empty() {
        bail!("name the parts to run: {PARTS}");
    }
    for part in parts {
        match part.as_str() {
            "start" => start::run().await?,
            "writes" => writes::run().await?,
            "overview" => overview::run().await?,
            "search" => search::run().await?,
            "timeline" => timeline::run().await?,
            "evidence" => evidence::run().await?,
            "ofrep" => ofrep::run().await?,
            "streams" => streams::run().await?,
            "comeback" => comeback::run().await?,
            // What `ofrep` starts beside the server.
            "bare" => bare::serve().await?,
            other => bail!("no part is called {other}: {PARTS}"),
        }
    }
    Ok(())
}

/// A server with the example plan imported, and an admin's client.
async fn with_plan() -> Result<(TestApp, Api)> {
    let app = TestApp::start().await?;
    let admin = app.api("admin").await?;
    admin.import(MIGRATION, START, PLAN).await?.expect(200)?;
    Ok((app, admin))
}

/// Keys of the migration's modules.
async fn modules(admin: &Api) -> Result<Vec<String>> {
    let answer = admin
        .get(&format!("/api/v1/migrations/{MIGRATION}/modules"))
        .await?
        .expect(200)?;
    let list = answer
        .json
        .as_array()
        .or_else(|| answer.json.get("modules")?.as_array())
        .cloned();
    let keys = list
        .into_iter()
        .flatten()
        .filter_map(|module| module.get("key")?.as_str().map(ToOwned::to_owned))
        .collect();
    Ok(keys)
}
