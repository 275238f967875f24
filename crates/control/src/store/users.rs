//! Rows of `users`.

use domain::Timestamp;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A person who can sign in.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct UserRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    created_at: i64,
    archived_at: Option<i64>,
}

impl UserRecord {
    /// When they were added.
    pub(crate) fn created_at(&self) -> Timestamp {
        Timestamp(self.created_at)
    }

    /// When they were put away, if they were.
    pub(crate) fn archived_at(&self) -> Option<Timestamp> {
        self.archived_at.map(Timestamp)
    }
}

/// The user with this name.
pub(crate) async fn by_name(
    connection: &mut Connection,
    name: &str,
) -> Result<Option<UserRecord>, StoreError> {
    Ok(
        sqlx::query_as("SELECT id, name, created_at, archived_at FROM users WHERE name = $1")
            .bind(name)
            .fetch_optional(connection)
            .await?,
    )
}

/// The user with this id.
pub(crate) async fn by_id(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    Ok(
        sqlx::query_as("SELECT id, name, created_at, archived_at FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await?,
    )
}

/// All users by name.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<UserRecord>, StoreError> {
    Ok(
        sqlx::query_as("SELECT id, name, created_at, archived_at FROM users ORDER BY name")
            .fetch_all(connection)
            .await?,
    )
}

/// Adds a user.
pub(crate) async fn insert(
    connection: &mut Connection,
    id: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO users (id, name, created_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a user away; their sessions end with it.
pub(crate) async fn archive(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET archived_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}
