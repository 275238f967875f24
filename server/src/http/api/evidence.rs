//! `GET /api/v1/migrations/{migration}/evidence` and `.../modules/{module}/evidence`: what services saw of old and new.

use axum::Json;
use axum::extract::State;
use control::queries;
use domain::Key;
use domain::read::EvidenceRange;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{At, Query};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Where, and how far back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    environment: Option<Key>,
    #[serde(default)]
    range: EvidenceRange,
}

/// All modules, added up over a range.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let environment = wanted.environment.as_ref();
    let view = queries::evidence(
        &state.control,
        &caller,
        &migration,
        environment,
        wanted.range,
    )
    .await?;
    let modules: Vec<Value> = view
        .rows
        .iter()
        .map(|row| json!({ "module": row.module.key, "flag": row.module.track.state, "old": row.old, "new": row.new }))
        .collect();
    Ok(Json(json!({
        "environment": view.frame.environment.key, "range": view.range, "to": view.frame.now, "modules": modules,
    })))
}

/// One module, by the minute or hour.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let view = queries::module_evidence(
        &state.control,
        &caller,
        &migration,
        wanted.environment.as_ref(),
        &module,
        wanted.range,
    )
    .await?;
    Ok(Json(json!({
        "module": view.module.key, "environment": view.frame.environment.key, "flag": view.module.track.state,
        "range": view.range, "from": view.from, "to": view.frame.now, "point_ms": view.point_ms,
        "old": view.old, "new": view.new, "comparisons": view.comparisons, "marks": view.marks,
    })))
}
