//! `POST /api/v1/migrations/{migration}/comparisons`: what clients found when they ran old and new side by side.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use flags::report::ComparisonReport;

use super::{Answer, Received, check, receive};
use crate::http::problem::Problem;
use crate::state::AppState;

/// Takes a report whole, or refuses it whole.
pub async fn take(
    State(state): State<AppState>,
    Path(migration): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let Received {
        place,
        clock,
        report,
    } = receive::<ComparisonReport>(&state, &migration, "comparisons", request).await?;
    check(report.validate())?;
    let (mut compared, mut mismatched) = (0_u64, 0_u64);
    for one in &report.comparisons {
        compared = compared.saturating_add(one.found.matches.saturating_add(one.found.mismatches));
        mismatched = mismatched.saturating_add(one.found.mismatches);
    }
    let batch = report.batch.as_deref();
    let taken = state
        .control
        .take_comparisons(&place, batch, clock, report.comparisons)
        .await?;
    if !taken.duplicate {
        state.metrics.compared(compared, mismatched);
    }
    Ok((StatusCode::ACCEPTED, Json(taken.into())))
}
