//! `/api/v1/migrations/{migration}/search`.

use axum::Json;
use axum::extract::State;
use control::queries;
use domain::Key;
use domain::read::SearchView;
use serde::Deserialize;

use super::{At, Query};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    environment: Option<Key>,
    #[serde(default)]
    q: String,
}

/// Modules, phases, checks, issues, audit entries, pages and commands.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(asked): Query<Asked>,
) -> Result<Json<SearchView>, Problem> {
    let environment = asked.environment.as_ref();
    let found = queries::search(&state.control, &caller, &migration, environment, &asked.q);
    Ok(Json(found.await?))
}
