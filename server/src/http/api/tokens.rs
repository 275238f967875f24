//! `/api/v1/tokens`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use control::commands::{NewToken, RevokeToken, create_token};
use control::queries;
use domain::Key;
use domain::read::TokenKind;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{At, Body, Done, Query, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Tokens, without the tokens themselves.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, Problem> {
    let view = queries::tokens(&state.control, &caller).await?;
    Ok(Json(json!({ "tokens": view.tokens })))
}

/// A token to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    name: String,
    kind: TokenKind,
    migration: Option<Key>,
    environment: Option<Key>,
    #[serde(default)]
    reason: String,
}

/// Makes a token and shows it this once.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let new = NewToken {
        name: wanted.name,
        kind: wanted.kind,
        migration: wanted.migration,
        environment: wanted.environment,
        reason: wanted.reason,
    };
    let (committed, token) = create_token(&state.control, &caller, new).await?;
    let answer = json!({ "token": token, "id": committed.subject, "committed": committed });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// Why a token is revoked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    #[serde(default)]
    reason: String,
}

/// Revokes a token: from the answer on nobody gets in with it.
pub async fn revoke(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(id): At<String>,
    Query(why): Query<Why>,
) -> Result<Done, Problem> {
    let command = RevokeToken {
        id,
        reason: why.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}
