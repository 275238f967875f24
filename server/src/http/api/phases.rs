//! `/api/v1/migrations/{migration}/phases`

use axum::Json;
use axum::extract::State;
use control::commands::{ArchivePhase, CreatePhase, EditPhase};
use control::queries;
use domain::{Key, Phase, PhaseNumber, Refusal};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, Patch, Versioned, present, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Every phase, in order.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Json<Value>, Problem> {
    let phases = queries::phases(&state.control, &caller, &migration).await?;
    Ok(Json(json!({ "phases": phases })))
}

/// One phase.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, PhaseNumber)>,
) -> Result<Versioned<Phase>, Problem> {
    let phases = queries::phases(&state.control, &caller, &migration).await?;
    let found = phases.into_iter().find(|phase| phase.number == number);
    let phase = found.ok_or_else(|| Refusal::not_found("phase", number.to_string()))?;
    let version = phase.version;
    Ok(Versioned(phase, version))
}

/// A phase to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPhase {
    number: Option<PhaseNumber>,
    name: String,
    start: Option<Date>,
    end: Option<Date>,
    expected_modules: Option<u32>,
    validation_days: Option<u32>,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    reason: String,
}

/// Creates a phase, the next one unless a number is given.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewPhase>,
) -> Result<Done, Problem> {
    let base = format!("/api/v1/migrations/{migration}/phases");
    let command = CreatePhase {
        migration,
        number: new.number,
        name: new.name,
        start: new.start,
        end: new.end,
        expected_modules: new.expected_modules,
        validation_days: new.validation_days,
        notes: new.notes,
        reason: new.reason,
    };
    let committed = run(&state, &caller, command).await?;
    let location = format!(
        "{base}/{}",
        committed.subject.as_deref().unwrap_or_default()
    );
    Ok(Done::created(committed, location))
}

/// What is to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    start: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    end: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    expected_modules: Patch<u32>,
    #[serde(default, deserialize_with = "present")]
    validation_days: Patch<u32>,
    notes: Option<String>,
    #[serde(default)]
    overriding: bool,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits a phase.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, PhaseNumber)>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let command = EditPhase {
        migration,
        number,
        name: edit.name,
        start: edit.start,
        end: edit.end,
        expected_modules: edit.expected_modules,
        validation_days: edit.validation_days,
        notes: edit.notes,
        overriding: edit.overriding,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts a phase away.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, PhaseNumber)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let expected = if_match.or(why.expected_version);
    let command = ArchivePhase {
        migration,
        number,
        expected,
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}
