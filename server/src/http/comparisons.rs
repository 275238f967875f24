//! `POST /api/v1/migrations/{migration}/comparisons`: what clients found when they ran old and new side by side.
//!
//! Evidence has no store yet: reports are validated and counted, so that clients can send them from now on.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use control::directory::Identity;
use domain::Key;
use domain::read::TokenKind;
use serde::{Deserialize, Serialize};

use super::data_plane::identify;
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, SMALL, collect};
use crate::state::AppState;

/// Comparisons in one report at most.
const MOST: usize = 1_000;
/// Examples of one comparison at most.
const MOST_EXAMPLES: usize = 10;
/// Longest text of an example, characters.
const LONGEST_EXAMPLE: usize = 200;
/// Longest name of a service or instance, characters.
const LONGEST_NAME: usize = 128;

#[derive(Deserialize)]
struct Report {
    service: String,
    instance: String,
    comparisons: Vec<Comparison>,
}

/// A module's comparisons within one minute.
#[derive(Deserialize)]
struct Comparison {
    module: String,
    at: i64,
    matches: u64,
    mismatches: u64,
    old_errors: u64,
    new_errors: u64,
    new_panics: u64,
    new_timeouts: u64,
    dropped: u64,
    old_latency_ns: Latency,
    new_latency_ns: Latency,
    noise: Noise,
    #[serde(default)]
    examples: Vec<Example>,
}

#[derive(Deserialize)]
struct Latency {
    count: u64,
    sum: u64,
    max: u64,
}

/// Old against old: how often even the same code differs.
#[derive(Deserialize)]
struct Noise {
    compared: u64,
    mismatches: u64,
}

#[derive(Deserialize)]
struct Example {
    path: String,
    old: String,
    new: String,
}

/// How many were taken.
#[derive(Debug, Serialize)]
pub struct Taken {
    accepted: usize,
}

/// Takes a report whole, or refuses it whole.
pub async fn take(
    State(state): State<AppState>,
    Path(migration): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let identity = identify(&state, &request, TokenKind::Ingest)?;
    of_this_migration(&identity, &migration)?;
    let bytes = collect(request.into_body(), SMALL, HANDLER_TIME).await?;
    let report: Report = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::field(
            "comparisons",
            format!("The report cannot be read: {error}."),
        )
    })?;
    check(&report)?;
    let (compared, mismatched) = report.comparisons.iter().fold((0, 0), |(all, bad), one| {
        let mismatches = one.mismatches;
        (
            one.matches.saturating_add(mismatches).saturating_add(all),
            mismatches.saturating_add(bad),
        )
    });
    state.metrics.compared(compared, mismatched);
    Ok((
        StatusCode::ACCEPTED,
        Json(Taken {
            accepted: report.comparisons.len(),
        }),
    ))
}

fn of_this_migration(identity: &Identity, migration: &str) -> Result<(), Problem> {
    if identity.migration.as_ref().map(Key::as_str) == Some(migration) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no such migration, or this token is for another one.",
    ))
}

fn check(report: &Report) -> Result<(), Problem> {
    for (field, name) in [("service", &report.service), ("instance", &report.instance)] {
        let length = name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) {
            return Err(Problem::field(
                field,
                format!("Send 1 to {LONGEST_NAME} characters."),
            ));
        }
    }
    if report.comparisons.len() > MOST {
        return Err(Problem::field(
            "comparisons",
            format!("Send at most {MOST} comparisons at once."),
        ));
    }
    for (place, comparison) in report.comparisons.iter().enumerate() {
        if let Some(why) = wrong(comparison) {
            return Err(Problem::field(&format!("comparisons[{place}]"), why));
        }
    }
    Ok(())
}

/// What is wrong with a comparison, if anything is.
fn wrong(comparison: &Comparison) -> Option<String> {
    if Key::parse(&comparison.module).is_err() {
        return Some("module is no key.".to_owned());
    }
    if comparison.at % 60_000 != 0 {
        return Some("at is the start of a minute, in milliseconds since 1970.".to_owned());
    }
    for (name, latency) in [
        ("old_latency_ns", &comparison.old_latency_ns),
        ("new_latency_ns", &comparison.new_latency_ns),
    ] {
        let none = latency.count == 0 && (latency.sum > 0 || latency.max > 0);
        if none || latency.max > latency.sum {
            return Some(format!(
                "{name}: max and sum do not go together with count."
            ));
        }
    }
    if comparison.noise.mismatches > comparison.noise.compared {
        return Some("noise: more mismatches than were compared.".to_owned());
    }
    let ran = comparison
        .matches
        .saturating_add(comparison.mismatches)
        .saturating_add(comparison.new_panics)
        .saturating_add(comparison.new_timeouts);
    let errors = comparison.old_errors.max(comparison.new_errors);
    if errors > ran.saturating_add(comparison.dropped) {
        return Some("more errors than calls.".to_owned());
    }
    if comparison.examples.len() > MOST_EXAMPLES {
        return Some(format!("at most {MOST_EXAMPLES} examples."));
    }
    let long = |text: &str| text.chars().count() > LONGEST_EXAMPLE;
    comparison
        .examples
        .iter()
        .any(|example| long(&example.path) || long(&example.old) || long(&example.new))
        .then(|| format!("a text of an example is longer than {LONGEST_EXAMPLE} characters."))
}
