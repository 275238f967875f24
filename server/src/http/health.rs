//! Liveness, readiness and counters.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use control::store::Health;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::problem::Problem;
use crate::middleware::authentication::bearer;
use crate::middleware::request::{RequestInfo, text};
use crate::state::AppState;

/// `GET /healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 while flags are served and changes are taken, or at least rollbacks; 503 when no write is.
pub async fn ready(State(state): State<AppState>) -> Response {
    let (status, word, why) = match state.control.health() {
        _ if state.shutdown.is_cancelled() => (StatusCode::SERVICE_UNAVAILABLE, "stopping", String::new()),
        Health::Ready => (StatusCode::OK, "ready", String::new()),
        Health::ReadOnly => (
            StatusCode::OK,
            "read_only",
            "The disk of the data directory is nearly full: only rollbacks and the kill switch are accepted.".into(),
        ),
        Health::Broken(why) => (StatusCode::SERVICE_UNAVAILABLE, "broken", why),
    };
    (status, Json(json!({ "status": word, "why": why }))).into_response()
}

/// `GET /metrics`: for a management token, or from this machine.
pub async fn metrics(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let here = request
        .extensions()
        .get::<RequestInfo>()
        .is_some_and(|info| info.from_this_machine);
    let token = bearer(text(request.headers(), &AUTHORIZATION).unwrap_or_default());
    let known = || {
        state
            .control
            .directory()
            .authenticate(token)
            .is_some_and(|identity| identity.actor.is_some())
    };
    if !here && !known() {
        return Err(Problem::unauthenticated(
            "Send a token of kind viewer, operator or admin.",
        ));
    }
    let ready = state.control.health() == Health::Ready;
    let text = state.metrics.text(ready).map_err(|error| {
        tracing::error!(%error, "the counters could not be written");
        Problem::internal()
    })?;
    let mut response = text.into_response();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}
