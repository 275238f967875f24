//! `/api/v1/migrations`

use axum::Json;
use axum::extract::State;
use control::commands::{ArchiveMigration, CreateMigration, EditMigration};
use control::queries;
use domain::{Key, Migration, Thresholds};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, Patch, Versioned, present, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Every migration the caller may see.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, Problem> {
    let (viewer, migrations) = queries::migrations(&state.control, &caller).await?;
    Ok(Json(json!({ "viewer": viewer, "migrations": migrations })))
}

/// One migration.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(key): At<Key>,
) -> Result<Versioned<Migration>, Problem> {
    let migration = queries::migration(&state.control, &caller, &key).await?;
    let version = migration.version;
    Ok(Versioned(migration, version))
}

/// A migration to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMigration {
    key: Key,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "utc")]
    zone: String,
    start: Option<Date>,
    expected_modules: Option<u32>,
    #[serde(default)]
    thresholds: Thresholds,
    #[serde(default)]
    reason: String,
}

/// The zone of a migration that names none.
pub fn utc() -> String {
    "UTC".into()
}

/// Creates a migration with the environment `production`.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(new): Body<NewMigration>,
) -> Result<Done, Problem> {
    let location = format!("/api/v1/migrations/{}", new.key);
    let command = CreateMigration {
        key: new.key,
        name: new.name,
        description: new.description,
        zone: new.zone,
        start: new.start,
        expected_modules: new.expected_modules,
        thresholds: new.thresholds,
        reason: new.reason,
    };
    Ok(Done::created(
        run(&state, &caller, command).await?,
        location,
    ))
}

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    name: Option<String>,
    description: Option<String>,
    zone: Option<String>,
    #[serde(default, deserialize_with = "present")]
    start: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    expected_modules: Patch<u32>,
    thresholds: Option<Thresholds>,
    automatic_rollback: Option<bool>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits a migration.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let command = EditMigration {
        migration,
        name: edit.name,
        description: edit.description,
        zone: edit.zone,
        start: edit.start,
        expected_modules: edit.expected_modules,
        thresholds: edit.thresholds,
        automatic_rollback: edit.automatic_rollback,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts a migration away, with its snapshots.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let expected = if_match.or(why.expected_version);
    let command = ArchiveMigration {
        migration,
        expected,
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}
