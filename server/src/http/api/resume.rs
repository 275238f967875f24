//! `/api/v1/migrations/{migration}/resume`: takes the kill switch back. What comes back is confirmed by its digest.

use axum::Json;
use axum::extract::State;
use control::commands::Resume;
use control::queries;
use domain::Key;
use domain::read::ResumeView;
use serde::Deserialize;

use super::{At, Body, Done, InEnvironment, Query, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Exactly what would come back, with the digest to confirm it by.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(here): Query<InEnvironment>,
) -> Result<Json<ResumeView>, Problem> {
    Ok(Json(
        queries::resume(
            &state.control,
            &caller,
            &migration,
            here.environment.as_ref(),
        )
        .await?,
    ))
}

/// Where, what was confirmed, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    environment: Option<Key>,
    digest: Option<String>,
    #[serde(default)]
    from_old: bool,
    #[serde(default)]
    reason: String,
    revision_seen: Option<u64>,
}

/// Resumes; with `from_old` everything is lowered to `old_only` first.
pub async fn resume(
    State(state): State<AppState>,
    Authenticated(mut caller): Authenticated,
    At(migration): At<Key>,
    Body(confirmed): Body<Confirmed>,
) -> Result<Done, Problem> {
    caller.revision_seen = confirmed.revision_seen;
    let command = Resume {
        migration,
        environment: confirmed.environment,
        digest: confirmed.digest,
        from_old: confirmed.from_old,
        reason: confirmed.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}
