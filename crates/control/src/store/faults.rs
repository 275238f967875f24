//! Faults for tests: what a disk, another process or a defect may do to a database.

use super::{Connection, StoreError};

/// Nothing can be written on this connection any more, as if the file had become read-only.
pub(crate) async fn forbid_writing(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA query_only = ON")
        .execute(connection)
        .await?;
    Ok(())
}
