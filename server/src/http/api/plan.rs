//! `/api/v1/migrations/{migration}/plan`: a Markdown plan in, or out.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use control::commands::ImportPlan;
use control::{Caller, CommandError, queries};
use domain::{Key, Refusal};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::civil::Date;
use plan::Plan;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::migrations::utc;
use super::{At, Done, Query, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// How a plan is to be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    start: Date,
    name: Option<String>,
    zone: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    archive_absent: bool,
    #[serde(default)]
    overriding: bool,
    #[serde(default)]
    reason: String,
}

/// Imports a plan, creating the migration where it is not there yet; with `dry_run` says what that would change.
pub async fn import(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(reading): Query<Reading>,
    body: Bytes,
) -> Result<Response, Problem> {
    let plan = plan::parse_markdown(&body, reading.start)
        .map_err(|error| Problem::field("plan", error.to_string()))?;
    if reading.dry_run {
        let preview = preview(&state, &caller, &migration, &plan, reading.archive_absent).await?;
        return Ok(Json(preview).into_response());
    }
    let zone = match reading.zone {
        Some(zone) if plan.zone.as_ref().is_some_and(|said| *said != zone) => {
            let said = plan.zone.as_deref().unwrap_or_default();
            let message = format!(
                "The plan says that it is in {said}: leave the zone out, or change that line of the plan."
            );
            return Err(Problem::field("zone", message));
        }
        Some(zone) => zone,
        None => zone_of(&state, &caller, &migration, &plan).await?,
    };
    let command = ImportPlan {
        migration,
        name: reading.name,
        zone,
        plan,
        document: hex::encode(Sha256::digest(&body)),
        archive_absent: reading.archive_absent,
        overriding: reading.overriding,
        reason: reading.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?).into_response())
}

/// The migration's own zone; for a new one that of the plan, else UTC.
async fn zone_of(
    state: &AppState,
    caller: &Caller,
    migration: &Key,
    plan: &Plan,
) -> Result<String, CommandError> {
    match queries::migration(&state.control, caller, migration).await {
        Ok(migration) => Ok(migration.zone),
        Err(CommandError::Refused(Refusal::NotFound { .. })) => {
            Ok(plan.zone.clone().unwrap_or_else(utc))
        }
        Err(error) => Err(error),
    }
}

/// Everything recognised, each item with its line, and what an import would change now.
async fn preview(
    state: &AppState,
    caller: &Caller,
    migration: &Key,
    plan: &Plan,
    archive_absent: bool,
) -> Result<Value, Problem> {
    let changes =
        queries::plan_changes(&state.control, caller, migration, plan, archive_absent).await?;
    let mut preview = json!(plan);
    if let Some(members) = preview.as_object_mut() {
        members.insert("changes".into(), json!(changes.changes));
        members.insert("migration_exists".into(), changes.migration_exists.into());
        members.insert("absent".into(), json!(changes.absent));
        members.insert("kept".into(), json!(changes.kept));
        let broken: Vec<String> = changes.broken.iter().map(ToString::to_string).collect();
        members.insert("broken".into(), json!(broken));
    }
    Ok(preview)
}

/// The plan as Markdown that can be imported again.
pub async fn export(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Response, Problem> {
    let markdown = queries::export_plan(&state.control, &caller, &migration).await?;
    let mut response = markdown.into_response();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/markdown; charset=utf-8"),
    );
    Ok(response)
}
