//! Pictures that the server draws from read models: pages get finished SVG, since a browser measures text differently.

use charts::{
    ErrorRateChart, ExposureChart, ExposurePoint, Limit, Mark, MarkKind, RatePoint, error_rate,
    exposure,
};
use domain::FlagState;
use domain::read::{EvidenceMarkKind, HistoryRow, ModuleEvidenceView, ModuleView, SideEvidence};

use crate::times;
use crate::words;

/// The least that a time axis shows, milliseconds.
const HOUR: i64 = 60 * 60 * 1_000;

/// A module's exposure over the changes its page lists; `None` while nothing has changed it here.
pub(crate) fn exposure_over_time(view: &ModuleView) -> Option<String> {
    let environment = &view.frame.environment.key;
    let mut changes: Vec<(&HistoryRow, FlagState, FlagState)> = view
        .history
        .iter()
        .filter(|row| row.audit.environment.as_ref() == Some(environment))
        .filter_map(|row| Some((row, row.before?, row.after?)))
        .collect();
    changes.reverse();
    let (first, before, _) = *changes.first()?;
    let now = view.frame.now.0;
    // A tenth of the whole stands before the first change, so that what was before it is seen.
    let length = (now - first.audit.at.0).max(HOUR);
    let from = first.audit.at.0 - length / 10;
    let point = |at_ms: i64, state: FlagState| ExposurePoint {
        at_ms,
        exposure_basis_points: state.exposure().basis_points(),
    };
    let points = std::iter::once(point(from, before))
        .chain(
            changes
                .iter()
                .map(|(row, _, after)| point(row.audit.at.0, *after)),
        )
        .collect();
    let marks = changes
        .iter()
        .map(|(row, before, after)| Mark {
            at_ms: row.audit.at.0,
            label: words::state(*after),
            kind: if after.rank() < before.rank() {
                MarkKind::Rollback
            } else {
                MarkKind::Change
            },
        })
        .collect();
    let chart = ExposureChart {
        id_prefix: "exposure".to_owned(),
        title: format!(
            "Share of callers of {} on new in {environment}",
            view.row.key
        ),
        description: format!(
            "{} changes since {}; now {}.",
            changes.len(),
            times::utc_minute(first.audit.at),
            words::track(view.row.track)
        ),
        from_ms: from,
        to_ms: from + length + length / 10,
        now_ms: now,
        points,
        marks,
    };
    // A page without its picture is better than none.
    exposure(&chart)
        .inspect_err(|error| leptos::logging::error!("the exposure chart cannot be drawn: {error}"))
        .ok()
}

/// How often old and new failed over the range of a page of evidence.
pub(crate) fn error_rates(view: &ModuleEvidenceView) -> Option<String> {
    let points = |side: &SideEvidence| {
        side.points
            .iter()
            .map(|point| RatePoint {
                at_ms: point.at.0,
                length_ms: view.point_ms,
                uses: point.total.uses,
                errors: point.total.errors,
            })
            .collect()
    };
    let marks = view
        .marks
        .iter()
        .map(|mark| Mark {
            at_ms: mark.at.0,
            label: mark.label.clone(),
            kind: match mark.kind {
                EvidenceMarkKind::Promotion => MarkKind::Change,
                EvidenceMarkKind::Rollback => MarkKind::Rollback,
                EvidenceMarkKind::KillSwitch => MarkKind::KillSwitch,
                EvidenceMarkKind::Issue => MarkKind::Issue,
            },
        })
        .collect();
    let [hold, roll_back] = view.limits;
    let limit = |share, label: &str| Limit {
        share,
        label: label.to_owned(),
    };
    let chart = ErrorRateChart {
        id_prefix: "errors".to_owned(),
        title: format!("Errors of {} on old and on new", view.module.key),
        description: format!(
            "In the last {}: {} of {} uses of new failed, and {} of {} uses of old.",
            view.range.words(),
            words::grouped(view.new.total.errors),
            words::grouped(view.new.total.uses),
            words::grouped(view.old.total.errors),
            words::grouped(view.old.total.uses)
        ),
        from_ms: view.from.0,
        to_ms: view.frame.now.0.max(view.from.0) + view.point_ms,
        old: points(&view.old),
        new: points(&view.new),
        limits: vec![limit(hold, "hold"), limit(roll_back, "roll back")],
        marks,
    };
    error_rate(&chart)
        .inspect_err(|error| leptos::logging::error!("the error chart cannot be drawn: {error}"))
        .ok()
}
