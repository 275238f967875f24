//! Rows of `environments`.

use domain::{Environment, Key, Timestamp};
use sqlx::FromRow;

use super::{Connection, StoreError};

/// An environment and its row id.
#[derive(Debug, Clone)]
pub(crate) struct EnvironmentRecord {
    pub(crate) id: i64,
    pub(crate) environment: Environment,
    /// The audit entry that pressed or resumed the kill switch last.
    pub(crate) kill_sequence: Option<u64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    key: String,
    name: String,
    deciding: bool,
    kill_switch: bool,
    kill_sequence: Option<i64>,
    revision: i64,
    archived_at: Option<i64>,
    version: i64,
}

impl TryFrom<Row> for EnvironmentRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            kill_sequence: row
                .kill_sequence
                .and_then(|sequence| u64::try_from(sequence).ok()),
            environment: Environment {
                key: Key::parse(&row.key)
                    .map_err(|error| StoreError::corrupt("environments", error))?,
                name: row.name,
                deciding: row.deciding,
                kill_switch: row.kill_switch,
                revision: u64::try_from(row.revision)
                    .map_err(|error| StoreError::corrupt("environments", error))?,
                archived_at: row.archived_at.map(Timestamp),
                version: row.version,
            },
        })
    }
}

/// All environments of a migration, deciding first, then by key; archived ones too.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<EnvironmentRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, key, name, deciding, kill_switch, kill_sequence, revision, archived_at, version
         FROM environments WHERE migration_id = $1 ORDER BY deciding DESC, key",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Adds an environment and answers its row id. Every module of the migration gets its flag there, `old_only`.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    environment: &Environment,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO environments (migration_id, key, folded_key, name, deciding, revision, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(migration_id)
    .bind(environment.key.as_str())
    .bind(environment.key.folded())
    .bind(&environment.name)
    .bind(environment.deciding)
    .bind(i64::try_from(environment.revision).unwrap_or(i64::MAX))
    .bind(now.0)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO flags (module_id, environment_id, mode, exposure)
         SELECT id, $2, 'old_only', 0 FROM modules WHERE migration_id = $1",
    )
    .bind(migration_id)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(id)
}

/// Writes what may be edited, and counts the version up to `environment.version`.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    environment: &Environment,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE environments SET name = $2, deciding = $3, archived_at = $4, version = $5 WHERE id = $1",
    )
    .bind(id)
    .bind(&environment.name)
    .bind(environment.deciding)
    .bind(environment.archived_at.map(|at| at.0))
    .bind(environment.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// Presses or resumes the kill switch.
pub(crate) async fn set_kill_switch(
    connection: &mut Connection,
    id: i64,
    on: bool,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE environments SET kill_switch = $2, kill_sequence = $3, version = version + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(on)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}
