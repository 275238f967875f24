//! Rows of `outbox`: what the feed has to announce, written with the change.

use super::{Connection, StoreError};
use crate::feed::Event;

/// Puts an event in, and notes which modules its audit entry is about.
pub(crate) async fn put(
    connection: &mut Connection,
    event: &Event,
    module_ids: &[i64],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO outbox (sequence, event) VALUES ($1, $2);
         INSERT INTO audit_modules (module_id, sequence) SELECT DISTINCT value, $1 FROM json_each($3)",
    )
    .bind(i64::try_from(event.sequence).unwrap_or(i64::MAX))
    .bind(serde_json::to_string(event)?)
    .bind(serde_json::to_string(module_ids)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes what was announced up to `sequence`: rides along with the next change.
pub(crate) async fn remove_announced(
    connection: &mut Connection,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE sequence <= $1")
        .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}

/// What was committed but perhaps never announced, oldest first.
pub(crate) async fn pending(connection: &mut Connection) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT event FROM outbox ORDER BY sequence")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|json| Ok(serde_json::from_str(json)?))
        .collect()
}
