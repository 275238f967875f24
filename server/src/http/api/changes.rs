//! `GET /api/v1/migrations/{migration}/changes/{revision}`: a change of flags and what it did.

use axum::Json;
use axum::extract::State;
use control::queries;
use domain::Key;
use domain::read::ChangeView;

use super::At;
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// One change.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, revision)): At<(Key, u64)>,
) -> Result<Json<ChangeView>, Problem> {
    Ok(Json(
        queries::change(&state.control, &caller, &migration, revision).await?,
    ))
}
