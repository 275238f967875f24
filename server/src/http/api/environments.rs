//! `/api/v1/migrations/{migration}/environments`

use axum::Json;
use axum::extract::State;
use control::commands::{ArchiveEnvironment, CreateEnvironment, EditEnvironment};
use control::queries;
use domain::{Environment, Key, Refusal};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, Versioned, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Every environment, the deciding one first.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Json<Value>, Problem> {
    let environments = queries::environments(&state.control, &caller, &migration).await?;
    Ok(Json(json!({ "environments": environments })))
}

/// One environment.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, key)): At<(Key, Key)>,
) -> Result<Versioned<Environment>, Problem> {
    let environments = queries::environments(&state.control, &caller, &migration).await?;
    let found = environments
        .into_iter()
        .find(|environment| environment.key == key);
    let environment = found.ok_or_else(|| Refusal::not_found("environment", key.as_str()))?;
    let version = environment.version;
    Ok(Versioned(environment, version))
}

/// An environment to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEnvironment {
    key: Key,
    name: Option<String>,
    #[serde(default)]
    reason: String,
}

/// Creates an environment in which every module is `old_only`.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewEnvironment>,
) -> Result<Done, Problem> {
    let location = format!("/api/v1/migrations/{migration}/environments/{}", new.key);
    let name = new.name.unwrap_or_else(|| new.key.to_string());
    let command = CreateEnvironment {
        migration,
        key: new.key,
        name,
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
    deciding: Option<bool>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Renames an environment or makes it the deciding one.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, environment)): At<(Key, Key)>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let command = EditEnvironment {
        migration,
        environment,
        name: edit.name,
        deciding: edit.deciding,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts an environment away, with its snapshot.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, environment)): At<(Key, Key)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let expected = if_match.or(why.expected_version);
    let command = ArchiveEnvironment {
        migration,
        environment,
        expected,
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}
