//! `GET /api/v1/migrations/{migration}/instances`: running instances of an environment.

use axum::Json;
use axum::extract::State;
use control::queries;
use domain::Key;
use domain::read::InstancesView;
use serde::Deserialize;

use super::{At, Query};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Where.
#[derive(Debug, Deserialize)]
pub struct Where {
    environment: Option<Key>,
}

/// Instances, by service and name.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Where>,
) -> Result<Json<InstancesView>, Problem> {
    let environment = wanted.environment.as_ref();
    Ok(Json(
        queries::instances(&state.control, &caller, &migration, environment).await?,
    ))
}
