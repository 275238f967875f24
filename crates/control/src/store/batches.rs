//! Rows of `batches` in `evidence.db`: reports that were counted.

use domain::Timestamp;

use super::{Connection, StoreError};
use crate::instances::Place;

/// Notes a report; whether it is new. One that is not must not be counted again.
pub(crate) async fn note(
    connection: &mut Connection,
    (migration, environment): &Place,
    batch: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let noted = sqlx::query(
        "INSERT INTO batches (migration, environment, batch, taken_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (migration, environment, batch) DO NOTHING",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(batch)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(noted.rows_affected() > 0)
}

/// Forgets reports taken before an instant.
pub(crate) async fn forget(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM batches WHERE taken_at < $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}
