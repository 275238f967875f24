//! Faults for tests: what a disk, another process or a defect may do to a database.

use std::path::Path;

use sqlx::Connection as _;

use super::{Connection, StoreError};

/// Nothing can be written on this connection any more, as if the file had become read-only.
pub(crate) async fn forbid_writing(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA query_only = ON")
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes until `SQLite` says that the disk is full.
pub(crate) async fn fill(connection: &mut Connection) -> Result<(), StoreError> {
    // No less than the file has already.
    sqlx::query("PRAGMA max_page_count = 1")
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO meta (name, value) VALUES ('filler', hex(zeroblob(1048576)))")
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends what [`fill`] began.
pub(crate) async fn make_room(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA max_page_count = 4294967294")
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a token in the database that no version of this program wrote: tokens cannot be read any more.
pub(crate) async fn corrupt_the_tokens(directory: &Path) -> Result<(), StoreError> {
    let mut connection = super::open::writer_connection(&directory.join(super::STATE_FILE)).await?;
    sqlx::query("PRAGMA ignore_check_constraints = ON")
        .execute(&mut connection)
        .await?;
    sqlx::query(
        "INSERT INTO tokens (id, name, kind, hash, hint, created_by, created_at) VALUES ('x', 'x', 'x', 'x', 'x', 'x', 0)",
    )
    .execute(&mut connection)
    .await?;
    Ok(())
}

/// Reads without an end.
pub(crate) async fn count_for_ever(connection: &mut Connection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    )
    .fetch_one(connection)
    .await?)
}

/// Makes a file look as if a newer version had written it.
pub(crate) async fn pretend_newer(file: &Path) -> Result<(), StoreError> {
    let mut connection = super::open::writer_connection(file).await?;
    sqlx::query("PRAGMA user_version = 99")
        .execute(&mut connection)
        .await?;
    leave_one_file(connection).await
}

/// Makes a file look as if it had not been brought up to date.
pub(crate) async fn pretend_older(file: &Path) -> Result<(), StoreError> {
    let mut connection = super::open::writer_connection(file).await?;
    sqlx::query("PRAGMA user_version = 0")
        .execute(&mut connection)
        .await?;
    leave_one_file(connection).await
}

async fn leave_one_file(mut connection: Connection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA journal_mode = DELETE")
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
