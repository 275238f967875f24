//! Rows of `phase_dependencies`: which phases a phase waits for.

use domain::schedule::phases::Dependency;

use super::{Connection, StoreError};

/// Dependencies between phases of a migration that are not archived.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<Dependency>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT p.number, n.number
         FROM phase_dependencies d JOIN phases p ON p.id = d.phase_id JOIN phases n ON n.id = d.needs_id
         WHERE p.migration_id = $1 AND p.archived_at IS NULL AND n.archived_at IS NULL ORDER BY p.number, n.number",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    let number = |value: i64| {
        u32::try_from(value).map_err(|error| StoreError::corrupt("phase_dependencies", error))
    };
    rows.into_iter()
        .map(|(phase, needs)| {
            Ok(Dependency {
                phase: number(phase)?,
                needs: number(needs)?,
            })
        })
        .collect()
}

/// Replaces what a phase waits for.
pub(crate) async fn replace(
    connection: &mut Connection,
    phase_id: i64,
    needs_ids: &[i64],
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM phase_dependencies WHERE phase_id = $1;
         INSERT INTO phase_dependencies (phase_id, needs_id) SELECT DISTINCT $1, value FROM json_each($2)",
    )
    .bind(phase_id)
    .bind(serde_json::to_string(needs_ids)?)
    .execute(connection)
    .await?;
    Ok(())
}
