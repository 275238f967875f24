//! Rows of `calendar_feeds`: secret addresses under which calendar programs read a migration. Only hashes are stored.
//! Beside them, when they were read last, and what calendars ask of other tables.

use std::collections::HashMap;

use domain::{Key, Timestamp};
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A feed without its secret.
#[derive(Debug, Clone)]
pub(crate) struct FeedRecord {
    pub(crate) id: String,
    /// Whose it is: what it shows is what they may see.
    pub(crate) user_id: String,
    pub(crate) user_name: String,
    pub(crate) migration: Key,
    /// The secret's first characters.
    pub(crate) hint: String,
    pub(crate) created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    user_id: String,
    user_name: String,
    migration: String,
    hint: String,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for FeedRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let migration = Key::parse(&row.migration)
            .map_err(|error| StoreError::corrupt("calendar_feeds", error))?;
        Ok(Self {
            migration,
            id: row.id,
            user_id: row.user_id,
            user_name: row.user_name,
            hint: row.hint,
            created_at: Timestamp(row.created_at),
            revoked_at: row.revoked_at.map(Timestamp),
        })
    }
}

/// A user's feeds of a migration that are not revoked, or everybody's; newest first.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
    user_id: Option<&str>,
) -> Result<Vec<FeedRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT f.id, f.user_id, u.name AS user_name, m.key AS migration, f.hint, f.created_at, f.revoked_at
         FROM calendar_feeds f JOIN users u ON u.id = f.user_id JOIN migrations m ON m.id = f.migration_id
         WHERE f.migration_id = $1 AND ($2 IS NULL OR f.user_id = $2) AND f.revoked_at IS NULL
         ORDER BY f.created_at DESC, f.id DESC",
    )
    .bind(migration_id)
    .bind(user_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// The feed with this id.
pub(crate) async fn by_id(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<FeedRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT f.id, f.user_id, u.name AS user_name, m.key AS migration, f.hint, f.created_at, f.revoked_at
         FROM calendar_feeds f JOIN users u ON u.id = f.user_id JOIN migrations m ON m.id = f.migration_id
         WHERE f.id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The feed whose secret has this hash, revoked or not.
pub(crate) async fn by_hash(
    connection: &mut Connection,
    hash: &str,
) -> Result<Option<FeedRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT f.id, f.user_id, u.name AS user_name, m.key AS migration, f.hint, f.created_at, f.revoked_at
         FROM calendar_feeds f JOIN users u ON u.id = f.user_id JOIN migrations m ON m.id = f.migration_id
         WHERE f.hash = $1",
    )
    .bind(hash)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Adds a feed.
pub(crate) async fn insert(
    connection: &mut Connection,
    record: &FeedRecord,
    migration_id: i64,
    hash: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO calendar_feeds (id, user_id, migration_id, hash, hint, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&record.id)
    .bind(&record.user_id)
    .bind(migration_id)
    .bind(hash)
    .bind(&record.hint)
    .bind(record.created_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a feed.
pub(crate) async fn revoke(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE calendar_feeds SET revoked_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The newest entry that changed what has no row of its own in a calendar: templates, daily checks, the migration's name
/// and zone.
pub(crate) async fn plan_changed(
    connection: &mut Connection,
    migration: &Key,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT sequence FROM audit
         WHERE migration = $1 AND outcome = 'committed'
           AND action IN ('migration.create', 'migration.edit', 'environment.edit', 'plan.import', 'check.add', 'check.edit',
                          'check.archive')
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(migration.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// When these audit entries were written.
pub(crate) async fn instants(
    connection: &mut Connection,
    sequences: &[u64],
) -> Result<HashMap<u64, Timestamp>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT sequence, at FROM audit WHERE sequence IN (SELECT value FROM json_each($1))",
    )
    .bind(serde_json::to_string(sequences)?)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(sequence, at)| Some((u64::try_from(sequence).ok()?, Timestamp(at))))
        .collect())
}

/// Notes in `evidence.db` that a feed was read.
pub(crate) async fn note_read(
    connection: &mut Connection,
    id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO calendar_feed_reads (feed_id, last_read_at) VALUES ($1, $2)
         ON CONFLICT (feed_id) DO UPDATE SET last_read_at = max(last_read_at, excluded.last_read_at)",
    )
    .bind(id)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// When feeds were read last, from `evidence.db`.
pub(crate) async fn reads(
    connection: &mut Connection,
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT feed_id, last_read_at FROM calendar_feed_reads")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, at)| (id, Timestamp(at)))
        .collect())
}
