//! `POST /api/v1/migrations/{migration}/undo`: brings flags, or what was edited, moved, created or archived on the
//! calendar, back to what it was before an audit entry, as a new change.

use std::collections::BTreeMap;

use axum::extract::State;
use control::commands::{self, Undo};
use domain::Key;
use serde::Deserialize;

use super::{At, Body, Done};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which entry, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    sequence: u64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    expected_versions: BTreeMap<Key, i64>,
}

/// Undoes a change of flags, judged by rank like any other, or an edit, by the edit's own rules.
pub async fn undo(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(change): Body<Change>,
) -> Result<Done, Problem> {
    let wanted = Undo {
        migration,
        sequence: change.sequence,
        reason: change.reason,
        expected: change.expected_versions,
    };
    Ok(Done::new(
        commands::undo(&state.control, &caller, wanted).await?,
    ))
}
