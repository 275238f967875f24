//! Rows of `windows`: freezes and change windows.

use domain::schedule::recurrence::Recurrence;
use domain::schedule::windows::{Scope, Window, WindowKind};
use domain::{Key, Timestamp};
use jiff::civil::DateTime;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A window and its row.
#[derive(Debug, Clone)]
pub(crate) struct WindowRecord {
    pub(crate) id: i64,
    pub(crate) window: Window,
    pub(crate) archived_at: Option<Timestamp>,
    pub(crate) version: i64,
    /// The audit entry that changed it last.
    pub(crate) changed_sequence: Option<u64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    kind: String,
    name: String,
    phase: Option<i64>,
    module: Option<String>,
    starts: String,
    ends: String,
    recurrence: String,
    archived_at: Option<i64>,
    version: i64,
    changed_sequence: Option<i64>,
}

/// Where a window belongs, as rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScopeIds {
    pub(crate) phase: Option<i64>,
    pub(crate) module: Option<i64>,
}

impl TryFrom<Row> for WindowRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        fn corrupt(error: impl std::fmt::Display) -> StoreError {
            StoreError::corrupt("windows", error)
        }
        let kind = WindowKind::parse(&row.kind).ok_or_else(|| corrupt(&row.kind))?;
        let scope = match (row.phase, row.module) {
            (Some(number), _) => Scope::Phase(u32::try_from(number).map_err(corrupt)?),
            (None, Some(key)) => Scope::Module(Key::parse(&key).map_err(corrupt)?),
            (None, None) => Scope::Migration,
        };
        let time = |text: &str| text.parse::<DateTime>().map_err(corrupt);
        let recurrence = match row.recurrence.as_str() {
            "" => None,
            rule => Some(Recurrence::parse(rule).map_err(corrupt)?),
        };
        let (starts, ends) = (time(&row.starts)?, time(&row.ends)?);
        let window = Window::new(&row.name, kind, scope, starts, ends, recurrence);
        Ok(Self {
            id: row.id,
            window: window.map_err(corrupt)?,
            archived_at: row.archived_at.map(Timestamp),
            version: row.version,
            changed_sequence: row
                .changed_sequence
                .and_then(|sequence| u64::try_from(sequence).ok()),
        })
    }
}

/// Windows of a migration that are not archived, by begin.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<WindowRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT w.id, w.kind, w.name, p.number AS phase, m.key AS module, w.starts, w.ends, w.recurrence, w.archived_at,
                w.version, w.changed_sequence
         FROM windows w LEFT JOIN phases p ON p.id = w.phase_id LEFT JOIN modules m ON m.id = w.module_id
         WHERE w.migration_id = $1 AND w.archived_at IS NULL ORDER BY w.starts, w.id",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One window of a migration, archived or not.
pub(crate) async fn by_id(
    connection: &mut Connection,
    migration_id: i64,
    id: i64,
) -> Result<Option<WindowRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT w.id, w.kind, w.name, p.number AS phase, m.key AS module, w.starts, w.ends, w.recurrence, w.archived_at,
                w.version, w.changed_sequence
         FROM windows w LEFT JOIN phases p ON p.id = w.phase_id LEFT JOIN modules m ON m.id = w.module_id
         WHERE w.migration_id = $1 AND w.id = $2",
    )
    .bind(migration_id)
    .bind(id)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Adds a window and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    window: &Window,
    scope: ScopeIds,
    sequence: u64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO windows (migration_id, kind, name, phase_id, module_id, starts, ends, recurrence, created_at,
                              changed_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(migration_id)
    .bind(window.kind().as_str())
    .bind(window.name())
    .bind(scope.phase)
    .bind(scope.module)
    .bind(window.starts().to_string())
    .bind(window.ends().to_string())
    .bind(window.recurrence().map_or("", Recurrence::as_str))
    .bind(now.0)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?)
}

/// Writes what a window is now, and counts its version up.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    window: &Window,
    scope: ScopeIds,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE windows SET kind = $2, name = $3, phase_id = $4, module_id = $5, starts = $6, ends = $7, recurrence = $8,
                version = version + 1, changed_sequence = $9
         WHERE id = $1",
    )
    .bind(id)
    .bind(window.kind().as_str())
    .bind(window.name())
    .bind(scope.phase)
    .bind(scope.module)
    .bind(window.starts().to_string())
    .bind(window.ends().to_string())
    .bind(window.recurrence().map_or("", Recurrence::as_str))
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Brings a window back that was put away.
pub(crate) async fn restore(
    connection: &mut Connection,
    id: i64,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE windows SET archived_at = NULL, version = version + 1, changed_sequence = $2 WHERE id = $1",
    )
    .bind(id)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a window away.
pub(crate) async fn archive(
    connection: &mut Connection,
    id: i64,
    sequence: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE windows SET archived_at = $2, version = version + 1, changed_sequence = $3 WHERE id = $1",
    )
    .bind(id)
    .bind(now.0)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}
