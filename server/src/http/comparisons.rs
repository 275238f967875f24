//! `POST /api/v1/migrations/{migration}/comparisons`: what clients found when they ran old and new side by side.
//!
//! Evidence has no store yet: reports are validated and counted, so that clients can send them from now on.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use control::directory::Identity;
use domain::read::TokenKind;
use domain::refusal::FieldError;
use domain::{Key, Refusal};
use flags::report::ComparisonReport;
use serde::Serialize;

use super::data_plane::identify;
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, SMALL, collect};
use crate::state::AppState;

/// How many were taken.
#[derive(Debug, Serialize)]
pub struct Taken {
    accepted: usize,
}

/// Takes a report whole, or refuses it whole.
pub async fn take(
    State(state): State<AppState>,
    Path(migration): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let identity = identify(&state, &request, TokenKind::Ingest)?;
    of_this_migration(&identity, &migration)?;
    let bytes = collect(request.into_body(), SMALL, HANDLER_TIME).await?;
    let report: ComparisonReport = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::field(
            "comparisons",
            format!("The report cannot be read: {error}."),
        )
    })?;
    check(&report)?;
    let (compared, mismatched) = report.comparisons.iter().fold((0, 0), |(all, bad), one| {
        let mismatches = one.found.mismatches;
        (
            one.found
                .matches
                .saturating_add(mismatches)
                .saturating_add(all),
            mismatches.saturating_add(bad),
        )
    });
    state.metrics.compared(compared, mismatched);
    Ok((
        StatusCode::ACCEPTED,
        Json(Taken {
            accepted: report.comparisons.len(),
        }),
    ))
}

fn of_this_migration(identity: &Identity, migration: &str) -> Result<(), Problem> {
    if identity.migration.as_ref().map(Key::as_str) == Some(migration) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no such migration, or this token is for another one.",
    ))
}

/// Every part that is wrong, by its place.
fn check(report: &ComparisonReport) -> Result<(), Problem> {
    let refused = report.validate();
    if refused.is_empty() {
        return Ok(());
    }
    let fields = refused.into_iter().map(|refused| FieldError {
        field: refused.path,
        message: refused.message,
    });
    Err(Refusal::Invalid {
        fields: fields.collect(),
    }
    .into())
}
