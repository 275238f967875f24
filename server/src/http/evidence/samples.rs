//! `POST /api/v1/migrations/{migration}/samples`: what services served of old and new, added up by the minute.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use control::evidence::Point;
use domain::{Key, Timestamp};
use flags::report::{Sample, SampleReport};

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
    } = receive::<SampleReport>(&state, &migration, "samples", request).await?;
    check(report.validate())?;
    let points = report.samples.iter().filter_map(point).collect();
    let taken = state
        .control
        .take_samples(&place, Some(&report.batch), clock, points)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(taken.into())))
}

/// `None` for a module that is no key, which was refused before.
fn point(sample: &Sample) -> Option<Point> {
    Some(Point {
        module: Key::parse(&sample.module).ok()?,
        side: sample.side,
        at: Timestamp(sample.minute),
        uses: sample.uses,
        errors: sample.errors,
        latency: sample.sketch(),
    })
}
