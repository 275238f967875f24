//! What services are sent, an environment in one row: the writer's task waits once for all of it, however many modules
//! there are. Uses `SQLite`'s JSON functions.

use domain::{FlagState, Key, ModuleStatus, PhaseNumber};
use sqlx::FromRow;

use super::modules::status;
use super::{Connection, StoreError, flags};

/// An environment as it is published.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a row, each by itself"
)]
pub(crate) struct SnapshotRecord {
    pub(crate) environment_id: i64,
    pub(crate) migration: Key,
    pub(crate) environment: Key,
    pub(crate) deciding: bool,
    pub(crate) kill_switch: bool,
    /// The server's revision that changed it last.
    pub(crate) revision: u64,
    pub(crate) migration_archived: bool,
    pub(crate) environment_archived: bool,
    /// By module key, archived modules too.
    pub(crate) flags: Vec<SnapshotFlag>,
}

/// A module's flag there.
#[derive(Debug)]
pub(crate) struct SnapshotFlag {
    pub(crate) module: Key,
    pub(crate) phase: Option<PhaseNumber>,
    pub(crate) status: ModuleStatus,
    pub(crate) state: FlagState,
}

#[derive(FromRow)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a row, each by itself"
)]
struct Row {
    environment_id: i64,
    migration: String,
    environment: String,
    deciding: bool,
    kill_switch: bool,
    revision: i64,
    migration_archived: bool,
    environment_archived: bool,
    flags: String,
}

/// Module key, phase, status, mode and exposure.
type FlagColumns = (String, Option<PhaseNumber>, String, String, i64);

impl TryFrom<Row> for SnapshotRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key =
            |text: &str, table| Key::parse(text).map_err(|error| StoreError::corrupt(table, error));
        let columns: Vec<FlagColumns> = serde_json::from_str(&row.flags)?;
        let flag = |(module, phase, word, mode, exposure): FlagColumns| {
            Ok(SnapshotFlag {
                module: key(&module, "modules")?,
                phase,
                status: status(&word)?,
                state: flags::state(&mode, exposure, "flags")?,
            })
        };
        Ok(Self {
            environment_id: row.environment_id,
            migration: key(&row.migration, "migrations")?,
            environment: key(&row.environment, "environments")?,
            deciding: row.deciding,
            kill_switch: row.kill_switch,
            revision: u64::try_from(row.revision)
                .map_err(|error| StoreError::corrupt("environments", error))?,
            migration_archived: row.migration_archived,
            environment_archived: row.environment_archived,
            flags: columns
                .into_iter()
                .map(flag)
                .collect::<Result<_, StoreError>>()?,
        })
    }
}

/// One environment.
pub(crate) async fn of_environment(
    connection: &mut Connection,
    environment_id: i64,
) -> Result<Option<SnapshotRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT e.id AS environment_id, g.key AS migration, e.key AS environment, e.deciding, e.kill_switch, e.revision,
                g.archived_at IS NOT NULL AS migration_archived, e.archived_at IS NOT NULL AS environment_archived,
                (SELECT json_group_array(json_array(m.key, p.number, m.status, f.mode, f.exposure) ORDER BY m.key)
                 FROM flags f JOIN modules m ON m.id = f.module_id LEFT JOIN phases p ON p.id = m.phase_id
                 WHERE f.environment_id = e.id) AS flags
         FROM environments e JOIN migrations g ON g.id = e.migration_id WHERE e.id = $1",
    )
    .bind(environment_id)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Row ids of all environments.
pub(crate) async fn environment_ids(connection: &mut Connection) -> Result<Vec<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT id FROM environments ORDER BY id")
            .fetch_all(connection)
            .await?,
    )
}
