//! `/api/v1/audit`: the log, its chain, and its export.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use control::queries;
use domain::audit::ChainedEntry;
use domain::read::{AuditFilter, AuditPage, ChainState};
use domain::{Key, Refusal};
use serde::Deserialize;

use super::{At, Query};
use crate::http::exports;
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    migration: Option<Key>,
    environment: Option<Key>,
    #[serde(default)]
    q: String,
    before: Option<u64>,
}

/// Entries, newest first, a page at a time.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AuditPage>, Problem> {
    let filter = AuditFilter {
        q: wanted.q,
        environment: wanted.environment.clone(),
        before: wanted.before,
    };
    let (migration, environment) = (wanted.migration.as_ref(), wanted.environment.as_ref());
    let page = queries::audit(&state.control, &caller, migration, environment, &filter).await?;
    if !page.not_understood.is_empty() {
        let unknown = page.not_understood.join(", ");
        return Err(Refusal::field("q", format!("Not understood: {unknown}.")).into());
    }
    Ok(Json(page))
}

/// One entry with its place in the chain.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(sequence): At<u64>,
) -> Result<Json<ChainedEntry>, Problem> {
    Ok(Json(
        queries::audit_entry(&state.control, &caller, sequence).await?,
    ))
}

/// Whether the chain holds, looked at whole, for the server's admins.
pub async fn verify(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ChainState>, Problem> {
    Ok(Json(queries::audit_verify(&state.control, &caller).await?))
}

/// Which entries are exported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    migration: Option<Key>,
}

/// Every entry as a line of JSON, oldest first; of the whole server, which `audit verify --file` can check, or of one
/// migration.
pub async fn export(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Query(exported): Query<Exported>,
) -> Result<Response, Problem> {
    exports::json_lines(&state, &caller, exported.migration.as_ref()).await
}
