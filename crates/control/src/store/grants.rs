//! Rows of `grants`: a user's roles.

use domain::{Grant, Key, Role, Scope};
use sqlx::FromRow;

use super::{Connection, StoreError};

#[derive(FromRow)]
struct Row {
    migration: Option<String>,
    role: String,
}

/// A user's grants.
pub(crate) async fn of_user(
    connection: &mut Connection,
    user_id: &str,
) -> Result<Vec<Grant>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT m.key AS migration, g.role FROM grants g LEFT JOIN migrations m ON m.id = g.migration_id
         WHERE g.user_id = $1 ORDER BY m.key",
    )
    .bind(user_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .filter_map(|row| grant(&row).transpose())
        .collect()
}

fn grant(row: &Row) -> Result<Option<Grant>, StoreError> {
    // `approver` is reserved: it grants nothing yet.
    let Some(role) = Role::parse(&row.role) else {
        return Ok(None);
    };
    let scope = match &row.migration {
        None => Scope::All,
        Some(key) => Scope::Migration(
            Key::parse(key).map_err(|error| StoreError::corrupt("migrations", error))?,
        ),
    };
    Ok(Some(Grant { scope, role }))
}

/// Gives a user a role in a migration, or on the whole server, in place of the one they had there.
pub(crate) async fn set(
    connection: &mut Connection,
    user_id: &str,
    migration_id: Option<i64>,
    role: Role,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM grants WHERE user_id = $1 AND migration_id IS $2")
        .bind(user_id)
        .bind(migration_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO grants (user_id, migration_id, role) VALUES ($1, $2, $3)")
        .bind(user_id)
        .bind(migration_id)
        .bind(role.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes all of a user's grants away.
pub(crate) async fn clear(connection: &mut Connection, user_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM grants WHERE user_id = $1")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many users that are not archived are admin of the whole server.
pub(crate) async fn count_server_admins(connection: &mut Connection) -> Result<u32, StoreError> {
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM grants g JOIN users u ON u.id = g.user_id
         WHERE g.migration_id IS NULL AND g.role = 'admin' AND u.archived_at IS NULL",
    )
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}
