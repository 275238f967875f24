//! Rows of `import_drafts` in `evidence.db`: uploads kept for an hour, so that a preview confirms exactly them.

use domain::Timestamp;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// An upload.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct DraftRecord {
    pub(crate) id: String,
    pub(crate) actor_id: String,
    pub(crate) file_name: String,
    /// JSON of where it goes: migration, name, zone, start.
    pub(crate) settings: String,
    pub(crate) digest: String,
    pub(crate) body: Vec<u8>,
    pub(crate) expires_at: i64,
}

/// Keeps an upload, and forgets the expired ones.
pub(crate) async fn keep(
    connection: &mut Connection,
    draft: &DraftRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM import_drafts WHERE expires_at <= $1")
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO import_drafts (id, actor_id, file_name, settings, digest, body, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&draft.id)
    .bind(&draft.actor_id)
    .bind(&draft.file_name)
    .bind(&draft.settings)
    .bind(&draft.digest)
    .bind(&draft.body)
    .bind(draft.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// An upload of this actor that has not expired at `now`.
pub(crate) async fn find(
    connection: &mut Connection,
    id: &str,
    actor_id: &str,
    now: Timestamp,
) -> Result<Option<DraftRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, actor_id, file_name, settings, digest, body, expires_at FROM import_drafts
         WHERE id = $1 AND actor_id = $2 AND expires_at > $3",
    )
    .bind(id)
    .bind(actor_id)
    .bind(now.0)
    .fetch_optional(connection)
    .await?)
}
