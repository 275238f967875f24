//! Rows of `calendar_feeds`: secret addresses under which calendar programs read a migration. Only hashes are stored.

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

/// When what calendars show of a migration last changed; `None` when it never did.
pub(crate) async fn changed_at(
    connection: &mut Connection,
    migration: &Key,
) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT max(at) FROM audit WHERE migration = $1 AND outcome = 'committed' AND action NOT LIKE 'calendar_feed.%'",
    )
    .bind(migration.as_str())
    .fetch_one(connection)
    .await?;
    Ok(found.map(Timestamp))
}
