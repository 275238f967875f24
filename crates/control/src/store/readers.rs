//! Rows of `readers` and `token_uses` in `evidence.db`: who read flags lately.

use domain::Timestamp;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A reader as last seen.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ReaderRecord {
    pub(crate) token_id: String,
    pub(crate) client: String,
    last_read_at: i64,
    revision: i64,
}

impl ReaderRecord {
    /// When it last read.
    pub(crate) fn last_read_at(&self) -> Timestamp {
        Timestamp(self.last_read_at)
    }

    /// The revision it was given.
    pub(crate) fn revision(&self) -> u64 {
        u64::try_from(self.revision).unwrap_or_default()
    }
}

/// Notes a reader.
pub(crate) async fn note(
    connection: &mut Connection,
    token_id: &str,
    client: &str,
    at: Timestamp,
    revision: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO readers (token_id, client, last_read_at, revision) VALUES ($1, $2, $3, $4)
         ON CONFLICT (token_id, client) DO UPDATE SET last_read_at = excluded.last_read_at, revision = excluded.revision",
    )
    .bind(token_id)
    .bind(client)
    .bind(at.0)
    .bind(i64::try_from(revision).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Readers seen since `since`; older ones are forgotten elsewhere.
pub(crate) async fn since(
    connection: &mut Connection,
    since: Timestamp,
) -> Result<Vec<ReaderRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT token_id, client, last_read_at, revision FROM readers WHERE last_read_at >= $1",
    )
    .bind(since.0)
    .fetch_all(connection)
    .await?)
}

/// Forgets readers not seen since `before`.
pub(crate) async fn forget(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM readers WHERE last_read_at < $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that a token was used.
pub(crate) async fn note_token_use(
    connection: &mut Connection,
    token_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO token_uses (token_id, last_used_at) VALUES ($1, $2)
         ON CONFLICT (token_id) DO UPDATE SET last_used_at = max(last_used_at, excluded.last_used_at)",
    )
    .bind(token_id)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// When tokens were last used.
pub(crate) async fn token_uses(
    connection: &mut Connection,
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT token_id, last_used_at FROM token_uses")
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, at)| (id, Timestamp(at)))
        .collect())
}
