//! What services saw of old and new: one module over time, and all modules side by side.

use std::collections::HashMap;

use domain::evidence::Tally;
use domain::evidence::gates::{Limits, judge, rules_for};
use domain::evidence::health::health;
use domain::read::{
    ComparisonEvidence, ComparisonPoint, EvidenceMark, EvidenceMarkKind, EvidenceRange,
    EvidenceRow, EvidenceView, MismatchRow, ModuleEvidenceView, SideEvidence, SidePoint, SideTotal,
};
use domain::{FlagState, Key, ModuleStatus, Outcome, Refusal, Timestamp};
use flags::Side;

use super::audit::audit_row;
use super::modules::{phase_names, row};
use super::standing::{Standing, load};
use crate::evidence::{Bucket, HOUR, Resolution, window};
use crate::instances::Place;
use crate::store::{audit, comparisons, issues, modules, samples, series};
use crate::{Caller, Control, QueryError};

/// Marks on a time axis at most.
const MOST_MARKS: u32 = 200;

/// One module over time.
pub async fn module_evidence(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    key: &Key,
    range: EvidenceRange,
) -> Result<ModuleEvidenceView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let not_found = || Refusal::not_found("module", key.as_str());
    let record = modules::by_key(&mut standing.transaction, standing.migration.id, key)
        .await?
        .ok_or_else(not_found)?;
    let flag = standing
        .flags
        .iter()
        .find(|flag| flag.module_id == record.id)
        .cloned()
        .ok_or_else(not_found)?;
    let names = phase_names(&mut standing).await?;
    let resolution = resolution(range);
    let now = standing.frame.now;
    let from = resolution.start(now.plus(-range.hours() * HOUR));
    let marks = marks(&mut standing, record.id, key, from).await?;
    let place = (
        migration.clone(),
        standing.environment.environment.key.clone(),
    );
    let seen = seen(control, &place, key, resolution, from).await?;
    let killed = standing.environment.environment.kill_switch;
    let thresholds = standing.migration.migration.thresholds;
    let judged_since = flag.changed_at.unwrap_or(from);
    let mut connection = control.inner().store.read_evidence().await?;
    let known = window::since(&mut connection, &place, key, judged_since, now).await?;
    drop(connection);
    let limits = Limits {
        thresholds,
        ..Limits::default()
    };
    let today = crate::civil::today(&standing.migration.migration, now);
    let share = |basis_points| f64::from(basis_points) / 10_000.0;
    Ok(ModuleEvidenceView {
        judged_since,
        verdicts: judge(rules_for(flag.state), &known, &limits, today),
        health: health(known.new.tally, thresholds),
        limits: [
            share(thresholds.hold_basis_points),
            share(thresholds.rollback_basis_points),
        ],
        module: row(record, &flag, killed, &names),
        range,
        from,
        point_ms: resolution.length(),
        old: seen.old,
        new: seen.new,
        comparisons: seen.comparisons,
        marks,
        frame: standing.frame,
    })
}

/// All modules side by side.
pub async fn evidence(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    range: EvidenceRange,
) -> Result<EvidenceView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let names = phase_names(&mut standing).await?;
    let records = modules::of_migration(&mut standing.transaction, standing.migration.id).await?;
    let place = (
        migration.clone(),
        standing.environment.environment.key.clone(),
    );
    let resolution = resolution(range);
    let now = standing.frame.now;
    let from = resolution.start(now.plus(-range.hours() * HOUR));
    let mut connection = control.inner().store.read_evidence().await?;
    let known = series::all(&mut connection, &place).await?;
    let sums = samples::sums(
        &mut connection,
        resolution,
        &place,
        from,
        Timestamp(i64::MAX),
    )
    .await?;
    drop(connection);
    let by_series: HashMap<_, _> = known.iter().map(|(id, key)| (*id, key)).collect();
    let mut totals: HashMap<(&Key, Side), SideTotal> = HashMap::new();
    for sum in &sums {
        let Some(module) = by_series.get(&sum.series) else {
            continue;
        };
        let total = SideTotal {
            minutes: sum.minutes,
            uses: sum.uses,
            errors: sum.errors,
            ..SideTotal::default()
        };
        totals.insert((module, sum.side), total);
    }
    let killed = standing.environment.environment.kill_switch;
    let thresholds = standing.migration.migration.thresholds;
    let mut rows = Vec::with_capacity(records.len());
    for record in records {
        let flag = standing
            .flags
            .iter()
            .find(|flag| flag.module_id == record.id);
        let (Some(flag), true) = (flag, record.module.status != ModuleStatus::Archived) else {
            continue;
        };
        let of = |side| {
            totals
                .get(&(&record.module.key, side))
                .copied()
                .unwrap_or_default()
        };
        let (old, new) = (of(Side::Old), of(Side::New));
        rows.push(EvidenceRow {
            module: row(record, flag, killed, &names),
            old,
            new,
            health: health(tally(&new), thresholds),
        });
    }
    Ok(EvidenceView {
        any: !known.is_empty(),
        range,
        rows,
        frame: standing.frame,
    })
}

fn tally(total: &SideTotal) -> Tally {
    Tally {
        uses: total.uses,
        errors: total.errors,
    }
}

/// A day is shown by the minute, more by the hour.
fn resolution(range: EvidenceRange) -> Resolution {
    match range {
        EvidenceRange::Hour | EvidenceRange::SixHours | EvidenceRange::Day => Resolution::Minute,
        EvidenceRange::Week | EvidenceRange::Month | EvidenceRange::Quarter => Resolution::Hour,
    }
}

#[derive(Default)]
struct Seen {
    old: SideEvidence,
    new: SideEvidence,
    comparisons: ComparisonEvidence,
}

async fn seen(
    control: &Control,
    place: &Place,
    module: &Key,
    resolution: Resolution,
    from: Timestamp,
) -> Result<Seen, QueryError> {
    let mut connection = control.inner().store.read_evidence().await?;
    let Some(series) = series::find(&mut connection, place, module).await? else {
        return Ok(Seen::default());
    };
    let to = Timestamp(i64::MAX);
    let samples = samples::of_series(&mut connection, resolution, series, from, to).await?;
    let found = comparisons::of_series(&mut connection, resolution, series, from, to).await?;
    let mismatches = comparisons::mismatches(&mut connection, series).await?;
    drop(connection);
    let mut comparisons = ComparisonEvidence {
        mismatches: mismatches
            .into_iter()
            .map(|mismatch| MismatchRow {
                example: mismatch.example,
                first_at: mismatch.first_at,
                last_at: mismatch.last_at,
            })
            .collect(),
        ..ComparisonEvidence::default()
    };
    for (at, found) in found {
        comparisons.points.push(ComparisonPoint {
            at,
            compared: found.matches.saturating_add(found.mismatches),
            mismatches: found.mismatches,
            noise_compared: found.noise.compared,
            noise_mismatches: found.noise.mismatches,
        });
        comparisons.total.merge(&found);
    }
    Ok(Seen {
        old: side(&samples, Side::Old),
        new: side(&samples, Side::New),
        comparisons,
    })
}

fn side(samples: &[samples::Sample], side: Side) -> SideEvidence {
    let mut all = Bucket::default();
    let mut points = Vec::new();
    for sample in samples.iter().filter(|sample| sample.side == side) {
        all.merge(&sample.bucket);
        points.push(SidePoint {
            at: sample.at,
            total: total(&sample.bucket),
        });
    }
    SideEvidence {
        total: total(&all),
        points,
    }
}

fn total(bucket: &Bucket) -> SideTotal {
    let quantile = |q| bucket.latency.quantile(q).map(|seconds| seconds * 1e3);
    SideTotal {
        minutes: bucket.minutes,
        uses: bucket.uses,
        errors: bucket.errors,
        p50_ms: quantile(0.5),
        p95_ms: quantile(0.95),
        p99_ms: quantile(0.99),
    }
}

/// Changes of the flag, kill switches and issues since `from`, oldest first.
async fn marks(
    standing: &mut Standing,
    module_id: i64,
    key: &Key,
    from: Timestamp,
) -> Result<Vec<EvidenceMark>, QueryError> {
    let environment = standing.environment.environment.key.clone();
    let mut marks = Vec::new();
    let records = audit::of_module(&mut standing.transaction, module_id, MOST_MARKS).await?;
    for record in &records {
        let entry = audit_row(record)?;
        if entry.at < from || entry.outcome != Outcome::Committed {
            continue;
        }
        if entry.action == "issue.open" {
            marks.push(EvidenceMark {
                at: entry.at,
                kind: EvidenceMarkKind::Issue,
                label: entry.summary,
            });
            continue;
        }
        let state = |side: &serde_json::Value| -> Option<FlagState> {
            let state = side.get("flags")?.get(key.as_str())?.clone();
            serde_json::from_value(state).ok()
        };
        let here = entry.environment.as_ref() == Some(&environment);
        if let (true, Some(before), Some(after)) = (here, state(&entry.before), state(&entry.after))
        {
            let kind = if after.rank() < before.rank() {
                EvidenceMarkKind::Rollback
            } else {
                EvidenceMarkKind::Promotion
            };
            marks.push(EvidenceMark {
                at: entry.at,
                kind,
                label: after.to_string(),
            });
        }
    }
    let pressed = issues::entries_of_kill_switches(
        &mut standing.transaction,
        &standing.frame.migration,
        from,
        standing.frame.now,
        MOST_MARKS,
    )
    .await?;
    for record in &pressed {
        let entry = audit_row(record)?;
        if entry.environment.as_ref() != Some(&environment) || entry.outcome != Outcome::Committed {
            continue;
        }
        let (kind, label) = if entry.action == "kill_switch.on" {
            (EvidenceMarkKind::KillSwitch, "kill switch")
        } else {
            (EvidenceMarkKind::Promotion, "resumed")
        };
        marks.push(EvidenceMark {
            at: entry.at,
            kind,
            label: label.to_owned(),
        });
    }
    marks.sort_by_key(|mark| mark.at);
    Ok(marks)
}
