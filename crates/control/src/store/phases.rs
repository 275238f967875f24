//! Rows of `phases`.

use domain::{Phase, Timestamp};
use jiff::civil::Date;
use sqlx::FromRow;

use super::migrations::{count, date};
use super::{Connection, StoreError};

/// A phase and its row id.
#[derive(Debug, Clone)]
pub(crate) struct PhaseRecord {
    pub(crate) id: i64,
    pub(crate) phase: Phase,
    /// First and last day as they were agreed on.
    pub(crate) baseline: (Option<Date>, Option<Date>),
    /// The audit entry that changed it last, as far as that was noted.
    pub(crate) changed_sequence: Option<u64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    number: i64,
    name: String,
    start_date: Option<String>,
    end_date: Option<String>,
    baseline_start: Option<String>,
    baseline_end: Option<String>,
    expected_modules: Option<i64>,
    validation_days: Option<i64>,
    overrun_days: i64,
    same_process: bool,
    notes: String,
    archived_at: Option<i64>,
    version: i64,
    changed_sequence: Option<i64>,
}

impl TryFrom<Row> for PhaseRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |error| StoreError::corrupt("phases", error);
        Ok(Self {
            id: row.id,
            changed_sequence: row
                .changed_sequence
                .and_then(|sequence| u64::try_from(sequence).ok()),
            baseline: (
                date(row.baseline_start.as_deref(), "phases")?,
                date(row.baseline_end.as_deref(), "phases")?,
            ),
            phase: Phase {
                number: u32::try_from(row.number).map_err(corrupt)?,
                name: row.name,
                start: date(row.start_date.as_deref(), "phases")?,
                end: date(row.end_date.as_deref(), "phases")?,
                expected_modules: count(row.expected_modules, "phases")?,
                validation_days: count(row.validation_days, "phases")?,
                overrun_days: u32::try_from(row.overrun_days).map_err(corrupt)?,
                same_process: row.same_process,
                notes: row.notes,
                archived_at: row.archived_at.map(Timestamp),
                version: row.version,
            },
        })
    }
}

/// All phases of a migration in order, archived ones too.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<PhaseRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, number, name, start_date, end_date, expected_modules, validation_days, overrun_days,
                same_process, notes, archived_at, version, changed_sequence, baseline_start, baseline_end
         FROM phases WHERE migration_id = $1 ORDER BY number",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Adds a phase and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    phase: &Phase,
    sequence: u64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO phases (migration_id, number, name, start_date, end_date, expected_modules, validation_days,
                             overrun_days, same_process, notes, created_at,
                             changed_sequence, baseline_start, baseline_end)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $4, $5) RETURNING id",
    )
    .bind(migration_id)
    .bind(phase.number)
    .bind(&phase.name)
    .bind(phase.start.map(|date| date.to_string()))
    .bind(phase.end.map(|date| date.to_string()))
    .bind(phase.expected_modules)
    .bind(phase.validation_days)
    .bind(phase.overrun_days)
    .bind(phase.same_process)
    .bind(&phase.notes)
    .bind(now.0)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?)
}

/// Writes what may be edited, and counts the version up to `phase.version`.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    phase: &Phase,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE phases SET name = $2, start_date = $3, end_date = $4, expected_modules = $5, validation_days = $6,
                overrun_days = $7, same_process = $8, notes = $9, archived_at = $10, version = $11, changed_sequence = $12,
                baseline_start = coalesce(baseline_start, $3), baseline_end = coalesce(baseline_end, $4)
         WHERE id = $1",
    )
    .bind(id)
    .bind(&phase.name)
    .bind(phase.start.map(|date| date.to_string()))
    .bind(phase.end.map(|date| date.to_string()))
    .bind(phase.expected_modules)
    .bind(phase.validation_days)
    .bind(phase.overrun_days)
    .bind(phase.same_process)
    .bind(&phase.notes)
    .bind(phase.archived_at.map(|at| at.0))
    .bind(phase.version)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a phase's dates its baseline.
pub(crate) async fn set_baseline(connection: &mut Connection, id: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE phases SET baseline_start = start_date, baseline_end = end_date WHERE id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}
