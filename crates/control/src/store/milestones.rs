//! Rows of `milestones`: days to remember.

use domain::Timestamp;
use jiff::civil::Date;
use sqlx::FromRow;

use super::migrations::date;
use super::{Connection, StoreError};

/// A milestone and its row.
#[derive(Debug, Clone)]
pub(crate) struct MilestoneRecord {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) day: Date,
    pub(crate) archived_at: Option<Timestamp>,
    pub(crate) version: i64,
    /// The audit entry that changed it last.
    pub(crate) changed_sequence: Option<u64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    day: String,
    archived_at: Option<i64>,
    version: i64,
    changed_sequence: Option<i64>,
}

impl TryFrom<Row> for MilestoneRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let day = date(Some(&row.day), "milestones")?;
        Ok(Self {
            id: row.id,
            name: row.name,
            day: day.ok_or_else(|| StoreError::corrupt("milestones", "no day"))?,
            archived_at: row.archived_at.map(Timestamp),
            version: row.version,
            changed_sequence: row
                .changed_sequence
                .and_then(|sequence| u64::try_from(sequence).ok()),
        })
    }
}

/// Milestones of a migration that are not archived, by day.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<MilestoneRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, name, day, archived_at, version, changed_sequence
         FROM milestones WHERE migration_id = $1 AND archived_at IS NULL ORDER BY day, id",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One milestone of a migration, archived or not.
pub(crate) async fn by_id(
    connection: &mut Connection,
    migration_id: i64,
    id: i64,
) -> Result<Option<MilestoneRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, name, day, archived_at, version, changed_sequence
         FROM milestones WHERE migration_id = $1 AND id = $2",
    )
    .bind(migration_id)
    .bind(id)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Adds a milestone and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    name: &str,
    day: Date,
    sequence: u64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO milestones (migration_id, name, day, created_at, changed_sequence)
         VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(migration_id)
    .bind(name)
    .bind(day.to_string())
    .bind(now.0)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?)
}

/// Writes what a milestone is now, and counts its version up.
pub(crate) async fn update(
    connection: &mut Connection,
    record: &MilestoneRecord,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE milestones SET name = $2, day = $3, archived_at = $4, version = version + 1, changed_sequence = $5
         WHERE id = $1",
    )
    .bind(record.id)
    .bind(&record.name)
    .bind(record.day.to_string())
    .bind(record.archived_at.map(|at| at.0))
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}
