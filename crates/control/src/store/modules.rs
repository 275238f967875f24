//! Rows of `modules`.

use domain::{Key, Module, ModuleStatus, Timestamp};
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A module and its row id.
#[derive(Debug, Clone)]
pub(crate) struct ModuleRecord {
    pub(crate) id: i64,
    pub(crate) module: Module,
    /// The audit entry that counted its version up last.
    pub(crate) changed_sequence: Option<u64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    key: String,
    name: String,
    phase: Option<i64>,
    owner: String,
    old_path: String,
    new_path: String,
    status: String,
    version: i64,
    changed_sequence: Option<i64>,
}

impl TryFrom<Row> for ModuleRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            changed_sequence: row
                .changed_sequence
                .and_then(|number| u64::try_from(number).ok()),
            module: Module {
                key: Key::parse(&row.key).map_err(|error| StoreError::corrupt("modules", error))?,
                name: row.name,
                phase: row.phase.and_then(|number| u32::try_from(number).ok()),
                owner: row.owner,
                old_path: row.old_path,
                new_path: row.new_path,
                status: status(&row.status)?,
                version: row.version,
            },
        })
    }
}

/// Reads a module's status.
pub(super) fn status(word: &str) -> Result<ModuleStatus, StoreError> {
    ModuleStatus::parse(word).ok_or_else(|| StoreError::corrupt("modules", word))
}

/// All modules of a migration by key, archived ones too.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<ModuleRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT m.id, m.key, m.name, p.number AS phase, m.owner, m.old_path, m.new_path, m.status, m.version,
                m.changed_sequence
         FROM modules m LEFT JOIN phases p ON p.id = m.phase_id
         WHERE m.migration_id = $1 ORDER BY m.key",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One module.
pub(crate) async fn by_key(
    connection: &mut Connection,
    migration_id: i64,
    key: &Key,
) -> Result<Option<ModuleRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT m.id, m.key, m.name, p.number AS phase, m.owner, m.old_path, m.new_path, m.status, m.version,
                m.changed_sequence
         FROM modules m LEFT JOIN phases p ON p.id = m.phase_id
         WHERE m.migration_id = $1 AND m.key = $2",
    )
    .bind(migration_id)
    .bind(key.as_str())
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Whether a key, folded, is or was in use in the migration.
pub(crate) async fn key_taken(
    connection: &mut Connection,
    migration_id: i64,
    key: &Key,
) -> Result<bool, StoreError> {
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM modules WHERE migration_id = $1 AND folded_key = $2",
    )
    .bind(migration_id)
    .bind(key.folded())
    .fetch_one(connection)
    .await?;
    Ok(found > 0)
}

/// Modules on the whole server.
pub(crate) async fn count_all(connection: &mut Connection) -> Result<u32, StoreError> {
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM modules")
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

/// Adds a module and answers its row id. It gets its flag in every environment, `old_only`.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    module: &Module,
    phase_id: Option<i64>,
    sequence: u64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO modules (migration_id, key, folded_key, name, phase_id, owner, old_path, new_path, created_at,
                              changed_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(migration_id)
    .bind(module.key.as_str())
    .bind(module.key.folded())
    .bind(&module.name)
    .bind(phase_id)
    .bind(&module.owner)
    .bind(&module.old_path)
    .bind(&module.new_path)
    .bind(now.0)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO flags (module_id, environment_id, mode, exposure)
         SELECT $2, id, 'old_only', 0 FROM environments WHERE migration_id = $1",
    )
    .bind(migration_id)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(id)
}

/// Writes what may be edited, and counts the version up to `module.version`.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    module: &Module,
    phase_id: Option<i64>,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE modules SET name = $2, phase_id = $3, owner = $4, old_path = $5, new_path = $6, status = $7,
                version = $8, changed_sequence = $9
         WHERE id = $1",
    )
    .bind(id)
    .bind(&module.name)
    .bind(phase_id)
    .bind(&module.owner)
    .bind(&module.old_path)
    .bind(&module.new_path)
    .bind(module.status.as_str())
    .bind(module.version)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}
