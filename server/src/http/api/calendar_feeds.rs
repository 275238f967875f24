//! `/api/v1/migrations/{migration}/calendar-feeds`: addresses for calendar programs, each a person's.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use control::commands::{RevokeCalendarFeed, create_calendar_feed};
use control::queries;
use domain::Key;
use http::StatusCode;
use serde_json::{Value, json};

use super::edit::Why;
use super::{At, Body, Done, run};
use crate::http::calendar_feeds::PREFIX;
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Addresses without their secrets: one's own, for admins everybody's.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Json<Value>, Problem> {
    let feeds = queries::calendar_feeds(&state.control, &caller, &migration).await?;
    Ok(Json(json!({ "calendar_feeds": feeds })))
}

/// Makes an address and shows it this once.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Response, Problem> {
    let (committed, secret) = create_calendar_feed(&state.control, &caller, migration).await?;
    let base = state.public_url.to_string();
    let address = format!("{}{PREFIX}{secret}.ics", base.trim_end_matches('/'));
    let answer = json!({ "address": address, "id": committed.subject, "committed": committed });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// Ends an address.
pub async fn revoke(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(id): At<String>,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = RevokeCalendarFeed {
        id,
        reason: why.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}
