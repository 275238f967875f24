//! `/api/v1/users`

use axum::Json;
use axum::extract::State;
use control::commands::{AddUser, ArchiveUser, SetGrants, new_sign_in_link};
use control::queries;
use domain::{Grant, Key, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::Why;
use super::{At, Body, Done, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Users and their grants.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, Problem> {
    let view = queries::users(&state.control, &caller).await?;
    Ok(Json(json!({ "users": view.users })))
}

/// A user to be added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    name: String,
    role: Role,
    migration: Option<Key>,
    #[serde(default)]
    reason: String,
}

/// Adds a user with one role, in one migration or everywhere.
pub async fn add(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(new): Body<NewUser>,
) -> Result<Done, Problem> {
    let command = AddUser {
        name: new.name,
        role: new.role,
        migration: new.migration,
        reason: new.reason,
    };
    Ok(Done::created(
        run(&state, &caller, command).await?,
        "/api/v1/users".into(),
    ))
}

/// All grants a user is to have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    grants: Vec<Grant>,
    #[serde(default)]
    reason: String,
}

/// Replaces a user's grants.
pub async fn set_grants(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(name): At<String>,
    Body(grants): Body<Grants>,
) -> Result<Done, Problem> {
    let command = SetGrants {
        name,
        grants: grants.grants,
        reason: grants.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// Puts a user away: their sessions and links end.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(name): At<String>,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = ArchiveUser {
        name,
        reason: why.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// A sign-in link for a user, shown this once: 15 minutes, one use.
pub async fn sign_in_link(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(name): At<String>,
) -> Result<Json<Value>, Problem> {
    let secret = new_sign_in_link(&state.control, &caller, &name).await?;
    Ok(Json(
        json!({ "url": sign_in_url(&state, &secret), "minutes": 15 }),
    ))
}

/// Where a sign-in link leads.
pub fn sign_in_url(state: &AppState, secret: &str) -> String {
    format!("{}/sign-in?link={secret}", state.public_url)
}
