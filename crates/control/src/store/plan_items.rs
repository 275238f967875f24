//! Rows of `steps`, `checklist_items`, `criteria` and `runbook_entries`: what a plan holds beside phases and modules.

use std::collections::HashSet;

use domain::plan_items::{
    ChecklistItem, ChecklistKind, Criterion, CriterionKind, RunbookEntry, Step,
};
use domain::schedule::checklist::{Due, Moment, Threshold};
use domain::{PhaseNumber, Timestamp};
use jiff::civil::Date;
use sqlx::FromRow;

use super::checklists::due_text;
use super::flags::state;
use super::{Connection, StoreError};

#[derive(FromRow)]
struct StepColumns {
    phase: Option<i64>,
    position: i64,
    mode: String,
    exposure: i64,
    soak_hours: i64,
    label: String,
}

fn number(value: i64, table: &'static str) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|error| StoreError::corrupt(table, error))
}

fn phase_number(value: Option<i64>) -> Option<PhaseNumber> {
    value.and_then(|number| u32::try_from(number).ok())
}

/// Rollout templates of a migration: its own first, then by phase.
pub(crate) async fn steps(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<Step>, StoreError> {
    let rows: Vec<StepColumns> = sqlx::query_as(
        "SELECT p.number AS phase, s.position, s.mode, s.exposure, s.soak_hours, s.label
         FROM steps s LEFT JOIN phases p ON p.id = s.phase_id
         WHERE s.migration_id = $1 ORDER BY p.number NULLS FIRST, s.position",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Step {
                position: number(row.position, "steps")?,
                phase: phase_number(row.phase),
                state: state(&row.mode, row.exposure, "steps")?,
                soak_hours: number(row.soak_hours, "steps")?,
                label: row.label,
            })
        })
        .collect()
}

/// Replaces the migration's own template.
pub(crate) async fn replace_steps(
    connection: &mut Connection,
    migration_id: i64,
    steps: &[Step],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM steps WHERE migration_id = $1 AND phase_id IS NULL")
        .bind(migration_id)
        .execute(&mut *connection)
        .await?;
    for step in steps {
        sqlx::query(
            "INSERT INTO steps (migration_id, position, mode, exposure, soak_hours, label)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(migration_id)
        .bind(step.position)
        .bind(step.state.mode().as_str())
        .bind(step.state.exposure().basis_points())
        .bind(step.soak_hours)
        .bind(&step.label)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct ChecklistColumns {
    id: i64,
    kind: String,
    position: i64,
    phase: Option<i64>,
    title: String,
    due: String,
    owner: String,
    commands: String,
    soak_hours: Option<i64>,
    due_by: String,
    evidence_required: bool,
    threshold: Option<String>,
}

/// Checks of a migration that are not archived, by kind and place, with their row ids.
pub(crate) async fn checklist(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<(i64, ChecklistItem)>, StoreError> {
    let rows: Vec<ChecklistColumns> = sqlx::query_as(
        "SELECT c.id, c.kind, c.position, p.number AS phase, c.title, c.due, c.owner, c.commands,
                c.soak_hours, c.due_by, c.evidence_required, c.threshold
         FROM checklist_items c LEFT JOIN phases p ON p.id = c.phase_id
         WHERE c.migration_id = $1 AND c.archived_at IS NULL ORDER BY c.kind, p.number, c.position, c.id",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok((
                row.id,
                ChecklistItem {
                    kind: ChecklistKind::parse(&row.kind)
                        .ok_or_else(|| StoreError::corrupt("checklist_items", &row.kind))?,
                    position: number(row.position, "checklist_items")?,
                    phase: phase_number(row.phase),
                    title: row.title,
                    when: row.due,
                    owner: row.owner,
                    commands: row.commands,
                    soak_hours: row
                        .soak_hours
                        .map(|hours| number(hours, "checklist_items"))
                        .transpose()?,
                    due: Due::parse(&row.due_by)
                        .map_err(|_| StoreError::corrupt("checklist_items", &row.due_by))?,
                    evidence_required: row.evidence_required,
                    threshold: row.threshold.as_deref().and_then(Threshold::parse),
                },
            ))
        })
        .collect()
}

/// Row ids of the checks that people added.
pub(crate) async fn checks_by_hand(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<HashSet<i64>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM checklist_items WHERE migration_id = $1 AND by_hand = 1 AND archived_at IS NULL",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().collect())
}

/// Row ids of the checks that somebody ticked or skipped.
pub(crate) async fn ticked_checks(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<HashSet<i64>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT t.item_id FROM checklist_items c JOIN checklist_ticks t ON t.item_id = c.id
         WHERE c.migration_id = $1 AND c.archived_at IS NULL AND t.state <> 'taken_back'",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().collect())
}

/// Adds a check of a plan, worked from that day on.
pub(crate) async fn insert_checklist_item(
    connection: &mut Connection,
    migration_id: i64,
    phase_id: Option<i64>,
    item: &ChecklistItem,
    created: Date,
) -> Result<(), StoreError> {
    let around = matches!(item.kind, ChecklistKind::Day | ChecklistKind::Phase);
    let moment = around.then(|| item.moment().unwrap_or(Moment::During).as_str());
    sqlx::query(
        "INSERT INTO checklist_items (migration_id, phase_id, kind, position, title, due, owner, commands, soak_hours,
                                      moment, created_on, due_by, evidence_required, threshold)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(migration_id)
    .bind(phase_id)
    .bind(item.kind.as_str())
    .bind(item.position)
    .bind(&item.title)
    .bind(&item.when)
    .bind(&item.owner)
    .bind(&item.commands)
    .bind(item.soak_hours)
    .bind(moment)
    .bind(created.to_string())
    .bind(due_text(item.due))
    .bind(item.evidence_required)
    .bind(item.threshold.map(Threshold::as_str))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what a new plan says about a check that is already there.
pub(crate) async fn update_checklist_item(
    connection: &mut Connection,
    id: i64,
    item: &ChecklistItem,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE checklist_items SET position = $2, title = $3, due = $4, owner = $5, commands = $6, soak_hours = $7,
                due_by = $8, evidence_required = $9, threshold = $10, version = version + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(item.position)
    .bind(&item.title)
    .bind(&item.when)
    .bind(&item.owner)
    .bind(&item.commands)
    .bind(item.soak_hours)
    .bind(due_text(item.due))
    .bind(item.evidence_required)
    .bind(item.threshold.map(Threshold::as_str))
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a check away.
pub(crate) async fn archive_checklist_item(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE checklist_items SET archived_at = $2, version = version + 1 WHERE id = $1")
        .bind(id)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct CriterionColumns {
    position: i64,
    kind: String,
    body: String,
    threshold: Option<i64>,
    days: Option<i64>,
}

/// Completion criteria that are not archived, in order.
pub(crate) async fn criteria(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<Criterion>, StoreError> {
    let rows: Vec<CriterionColumns> = sqlx::query_as(
        "SELECT position, kind, body, threshold, days FROM criteria
         WHERE migration_id = $1 AND archived_at IS NULL ORDER BY position, id",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Criterion {
                position: number(row.position, "criteria")?,
                kind: CriterionKind::parse(&row.kind)
                    .ok_or_else(|| StoreError::corrupt("criteria", &row.kind))?,
                text: row.body,
                limit: row.threshold,
                days: row.days.map(|days| number(days, "criteria")).transpose()?,
            })
        })
        .collect()
}

/// Archives the criteria there are and adds these in their place.
pub(crate) async fn replace_criteria(
    connection: &mut Connection,
    migration_id: i64,
    criteria: &[Criterion],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE criteria SET archived_at = $2 WHERE migration_id = $1 AND archived_at IS NULL",
    )
    .bind(migration_id)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    for criterion in criteria {
        sqlx::query(
            "INSERT INTO criteria (migration_id, position, kind, body, threshold, days) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(migration_id)
        .bind(criterion.position)
        .bind(criterion.kind.as_str())
        .bind(&criterion.text)
        .bind(criterion.limit)
        .bind(criterion.days)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct RunbookColumns {
    position: i64,
    title: String,
    body: String,
    commands: String,
}

/// Procedures that are not archived, in order.
pub(crate) async fn runbook(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<RunbookEntry>, StoreError> {
    let rows: Vec<RunbookColumns> = sqlx::query_as(
        "SELECT position, title, body, commands FROM runbook_entries
         WHERE migration_id = $1 AND archived_at IS NULL ORDER BY position, id",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RunbookEntry {
                position: number(row.position, "runbook_entries")?,
                title: row.title,
                text: row.body,
                commands: row.commands,
            })
        })
        .collect()
}

/// Archives the procedures there are and adds these in their place.
pub(crate) async fn replace_runbook(
    connection: &mut Connection,
    migration_id: i64,
    entries: &[RunbookEntry],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE runbook_entries SET archived_at = $2 WHERE migration_id = $1 AND archived_at IS NULL")
        .bind(migration_id)
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    for entry in entries {
        sqlx::query(
            "INSERT INTO runbook_entries (migration_id, position, title, body, commands) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(migration_id)
        .bind(entry.position)
        .bind(&entry.title)
        .bind(&entry.text)
        .bind(&entry.commands)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
