//! Evidence to take away: every point of a page as a table.

use axum::extract::State;
use axum::response::Response;
use control::queries;
use domain::Key;
use domain::read::{EvidenceRange, SidePoint};
use serde::Deserialize;

use super::api::{At, Query};
use super::exports::{csv_line, download};
use super::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// The page's address, which leaves out what it does not know.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OfPage {
    env: Option<Key>,
    range: String,
}

const HEADER: [&str; 8] = [
    "from", "side", "minutes", "uses", "errors", "p50_ms", "p95_ms", "p99_ms",
];

/// `GET /m/{migration}/evidence/{module}/samples.csv`
pub async fn csv(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    Query(wanted): Query<OfPage>,
) -> Result<Response, Problem> {
    let range = EvidenceRange::parse(&wanted.range).unwrap_or_default();
    let view = queries::module_evidence(
        &state.control,
        &caller,
        &migration,
        wanted.env.as_ref(),
        &module,
        range,
    )
    .await?;
    let mut rows: Vec<(&str, &SidePoint)> = Vec::new();
    for (name, side) in [("new", &view.new), ("old", &view.old)] {
        rows.extend(side.points.iter().map(|point| (name, point)));
    }
    rows.sort_by_key(|(name, point)| (point.at, *name));
    let mut table = csv_line(HEADER.map(ToOwned::to_owned));
    for (name, point) in rows {
        let total = &point.total;
        let ms = |latency: Option<f64>| latency.map_or_else(String::new, |ms| format!("{ms:.3}"));
        table.push_str(&csv_line([
            point.at.rfc3339(),
            name.to_owned(),
            total.minutes.to_string(),
            total.uses.to_string(),
            total.errors.to_string(),
            ms(total.p50_ms),
            ms(total.p95_ms),
            ms(total.p99_ms),
        ]));
    }
    let name = format!("{migration}-{module}-{}.csv", range.as_str());
    Ok(download(table.into(), "text/csv; charset=utf-8", &name))
}
