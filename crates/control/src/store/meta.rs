//! What the file itself is: its epoch, its revision, whether it is a backup.

use super::{Connection, StoreError};

/// Writes epoch and revision when they are not there yet.
pub(crate) async fn ensure(connection: &mut Connection) -> Result<(), StoreError> {
    let epoch = new_epoch()?;
    sqlx::query("INSERT INTO meta (name, value) VALUES ('epoch', $1), ('revision', '0') ON CONFLICT (name) DO NOTHING")
        .bind(epoch)
        .execute(connection)
        .await?;
    Ok(())
}

/// A random epoch: 16 hex digits.
pub(crate) fn new_epoch() -> Result<String, StoreError> {
    let secret = crate::secret::random().map_err(StoreError::Random)?;
    Ok(crate::secret::hash(&secret).chars().take(16).collect())
}

/// The epoch.
pub(crate) async fn epoch(connection: &mut Connection) -> Result<String, StoreError> {
    value(connection, "epoch")
        .await?
        .ok_or_else(|| StoreError::corrupt("meta", "no epoch"))
}

/// Replaces the epoch.
pub(crate) async fn set_epoch(connection: &mut Connection, epoch: &str) -> Result<(), StoreError> {
    set(connection, "epoch", epoch).await
}

/// The server's revision.
pub(crate) async fn revision(connection: &mut Connection) -> Result<u64, StoreError> {
    value(connection, "revision")
        .await?
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::corrupt("meta", "no revision"))
}

/// Moves the server's revision on, and that of the environments it changes.
pub(crate) async fn set_revision(
    connection: &mut Connection,
    revision: u64,
    environment_ids: &[i64],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('revision', $1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value;
         UPDATE environments SET revision = $2 WHERE id IN (SELECT value FROM json_each($3))",
    )
    .bind(revision.to_string())
    .bind(i64::try_from(revision).unwrap_or(i64::MAX))
    .bind(serde_json::to_string(environment_ids)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// When this file was made as a backup: serving it needs a new epoch.
pub(crate) async fn backup_mark(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    value(connection, "backup").await
}

/// Marks a file as a backup.
pub(crate) async fn set_backup_mark(
    connection: &mut Connection,
    mark: &str,
) -> Result<(), StoreError> {
    set(connection, "backup", mark).await
}

/// Takes the mark away.
pub(crate) async fn clear_backup_mark(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM meta WHERE name = 'backup'")
        .execute(connection)
        .await?;
    Ok(())
}

async fn value(connection: &mut Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?)
}

async fn set(connection: &mut Connection, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}
