//! Rows of `sign_in_links`. Only hashes are stored.

use domain::Timestamp;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A link that was made for a user.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct LinkRecord {
    pub(crate) user_id: String,
    expires_at: i64,
    consumed_at: Option<i64>,
}

impl LinkRecord {
    /// Whether it can be used at `now`.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        self.consumed_at.is_none() && now.0 < self.expires_at
    }
}

/// Adds a link.
pub(crate) async fn insert(
    connection: &mut Connection,
    hash: &str,
    user_id: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sign_in_links (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(hash)
    .bind(user_id)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The link with this hash.
pub(crate) async fn by_hash(
    connection: &mut Connection,
    hash: &str,
) -> Result<Option<LinkRecord>, StoreError> {
    Ok(
        sqlx::query_as(
            "SELECT user_id, expires_at, consumed_at FROM sign_in_links WHERE hash = $1",
        )
        .bind(hash)
        .fetch_optional(connection)
        .await?,
    )
}

/// Uses a link up.
pub(crate) async fn consume(
    connection: &mut Connection,
    hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sign_in_links SET consumed_at = $2 WHERE hash = $1")
        .bind(hash)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets links that ended before `now`.
pub(crate) async fn forget_expired(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sign_in_links WHERE expires_at < $1")
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}
