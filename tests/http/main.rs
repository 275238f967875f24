//! Tests over real HTTP: the real binary, a real database, one server a test.
#![expect(
    clippy::indexing_slicing,
    reason = "a missing field of a JSON answer is null, and then the test fails where it is compared"
)]

mod access;
mod admission;
use http_tests::app;
mod bad_input;
mod calendar;
mod checklists;
mod clients;
mod concurrency;
mod crash;
mod data_plane;
mod evidence;
mod exports;
mod history;
mod issues;
mod pages;
mod round_trip;
mod security;
mod store;
mod story;
mod streams;

/// A plan with three modules in one phase, in this project's own words.
pub const PLAN: &str = include_str!("../plans/three-modules.md");
/// The first day of its earliest phase.
pub const START: &str = "2026-12-07";

/// A server with [`PLAN`] imported as migration `ledger`, and an admin's client.
pub async fn with_plan() -> anyhow::Result<(app::TestApp, app::Api)> {
    let app = app::TestApp::start().await?;
    let admin = app.api("admin").await?;
    admin.import("ledger", START, PLAN).await?.expect(200)?;
    Ok((app, admin))
}
