//! `POST /api/v1/migrations/{migration}/rollback`: lowers modules, or a phase. Nothing stands in its way.

use axum::extract::State;
use control::commands::RollBack;
use domain::{FlagState, Key, Mode, PhaseNumber};
use serde::Deserialize;
use serde_json::Number;

use super::flags::{selection, state};
use super::{At, Body, Done, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which modules, how far down, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    modules: Option<Vec<Key>>,
    phase: Option<PhaseNumber>,
    to: Option<Target>,
    #[serde(default)]
    reason: String,
    environment: Option<Key>,
    revision_seen: Option<u64>,
}

/// A state to stop at on the way down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    mode: Mode,
    exposure: Option<Number>,
}

/// Rolls back; to `old_only` unless it says how far.
pub async fn roll_back(
    State(shared): State<AppState>,
    Authenticated(mut caller): Authenticated,
    At(migration): At<Key>,
    Body(rollback): Body<Rollback>,
) -> Result<Done, Problem> {
    let to: Option<FlagState> = rollback
        .to
        .map(|target| state(target.mode, target.exposure.as_ref()))
        .transpose()?;
    caller.revision_seen = rollback.revision_seen;
    let command = RollBack {
        migration,
        environment: rollback.environment,
        selection: selection(rollback.modules, rollback.phase)?,
        to,
        reason: rollback.reason,
    };
    Ok(Done::new(run(&shared, &caller, command).await?))
}
