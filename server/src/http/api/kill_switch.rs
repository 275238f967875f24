//! `/api/v1/migrations/{migration}/kill-switch`: everything active is old at once.

use axum::Json;
use axum::extract::State;
use control::commands::PressKillSwitch;
use control::queries;
use domain::Key;
use domain::read::KillSwitchView;
use serde::Deserialize;

use super::{At, Body, Done, InEnvironment, Query, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// What it would do, and what it does not cover.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(here): Query<InEnvironment>,
) -> Result<Json<KillSwitchView>, Problem> {
    Ok(Json(
        queries::kill_switch(
            &state.control,
            &caller,
            &migration,
            here.environment.as_ref(),
        )
        .await?,
    ))
}

/// Where, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    environment: Option<Key>,
    #[serde(default)]
    reason: String,
    revision_seen: Option<u64>,
}

/// Presses it.
pub async fn press(
    State(state): State<AppState>,
    Authenticated(mut caller): Authenticated,
    At(migration): At<Key>,
    Body(press): Body<Press>,
) -> Result<Done, Problem> {
    caller.revision_seen = press.revision_seen;
    let command = PressKillSwitch {
        migration,
        environment: press.environment,
        reason: press.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}
