//! Rows of `flags`: one a module and environment.

use domain::transition::Standing;
use domain::{Exposure, FlagState, Key, Mode, ModuleStatus, PhaseNumber, Timestamp};
use sqlx::FromRow;

use super::modules::status;
use super::{Connection, StoreError};

/// A flag with what rules and pages need of its module.
#[derive(Debug, Clone)]
pub(crate) struct FlagRecord {
    pub(crate) module_id: i64,
    pub(crate) module: Key,
    pub(crate) phase: Option<PhaseNumber>,
    pub(crate) status: ModuleStatus,
    pub(crate) state: FlagState,
    pub(crate) version: i64,
    /// The audit entry that counted the module's version up last.
    pub(crate) module_changed_sequence: Option<u64>,
    pub(crate) changed_at: Option<Timestamp>,
    /// The audit entry that changed the flag last.
    pub(crate) changed_sequence: Option<u64>,
    /// Who that was.
    pub(crate) changed_by: Option<String>,
}

impl FlagRecord {
    /// What the rules of a change look at.
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            module: self.module.clone(),
            status: self.status,
            state: self.state,
        }
    }
}

#[derive(FromRow)]
struct Row {
    module_id: i64,
    key: String,
    phase: Option<i64>,
    status: String,
    mode: String,
    exposure: i64,
    version: i64,
    module_changed_sequence: Option<i64>,
    changed_at: Option<i64>,
    changed_sequence: Option<i64>,
    changed_by: Option<String>,
}

impl TryFrom<Row> for FlagRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let sequence = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(Self {
            module_id: row.module_id,
            module: Key::parse(&row.key).map_err(|error| StoreError::corrupt("modules", error))?,
            phase: row.phase.and_then(|number| u32::try_from(number).ok()),
            status: status(&row.status)?,
            state: state(&row.mode, row.exposure, "flags")?,
            version: row.version,
            module_changed_sequence: sequence(row.module_changed_sequence),
            changed_at: row.changed_at.map(Timestamp),
            changed_sequence: sequence(row.changed_sequence),
            changed_by: row.changed_by,
        })
    }
}

/// Reads a flag's state from its two columns.
pub(super) fn state(
    mode: &str,
    exposure: i64,
    table: &'static str,
) -> Result<FlagState, StoreError> {
    let mode: Mode = mode
        .parse()
        .map_err(|error| StoreError::corrupt(table, error))?;
    let points = u16::try_from(exposure).map_err(|error| StoreError::corrupt(table, error))?;
    let exposure =
        Exposure::from_basis_points(points).map_err(|error| StoreError::corrupt(table, error))?;
    FlagState::new(mode, Some(exposure)).map_err(|error| StoreError::corrupt(table, error))
}

/// All flags of an environment by module key, archived modules too.
pub(crate) async fn of_environment(
    connection: &mut Connection,
    environment_id: i64,
) -> Result<Vec<FlagRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT f.module_id, m.key, p.number AS phase, m.status, f.mode, f.exposure, m.version,
                m.changed_sequence AS module_changed_sequence, f.changed_at, f.changed_sequence,
                a.actor_name AS changed_by
         FROM flags f JOIN modules m ON m.id = f.module_id LEFT JOIN phases p ON p.id = m.phase_id
                      LEFT JOIN audit a ON a.sequence = f.changed_sequence
         WHERE f.environment_id = $1 ORDER BY m.key",
    )
    .bind(environment_id)
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One flag.
pub(crate) async fn of_module(
    connection: &mut Connection,
    environment_id: i64,
    module: &Key,
) -> Result<Option<FlagRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT f.module_id, m.key, p.number AS phase, m.status, f.mode, f.exposure, m.version,
                m.changed_sequence AS module_changed_sequence, f.changed_at, f.changed_sequence,
                a.actor_name AS changed_by
         FROM flags f JOIN modules m ON m.id = f.module_id LEFT JOIN phases p ON p.id = m.phase_id
                      LEFT JOIN audit a ON a.sequence = f.changed_sequence
         WHERE f.environment_id = $1 AND m.key = $2",
    )
    .bind(environment_id)
    .bind(module.as_str())
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Stores a flag's new state and counts its module's version up.
pub(crate) async fn set(
    connection: &mut Connection,
    environment_id: i64,
    module_id: i64,
    state: FlagState,
    sequence: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
    sqlx::query(
        "UPDATE flags SET mode = $3, exposure = $4, changed_at = $5, changed_sequence = $6
             WHERE environment_id = $1 AND module_id = $2;
         UPDATE modules SET version = version + 1, changed_sequence = $6 WHERE id = $2",
    )
    .bind(environment_id)
    .bind(module_id)
    .bind(state.mode().as_str())
    .bind(state.exposure().basis_points())
    .bind(now.0)
    .bind(sequence)
    .execute(connection)
    .await?;
    Ok(())
}

/// A flag that serves new to somebody, in an environment that is not archived.
#[derive(Debug, Clone)]
pub(crate) struct ServingNew {
    pub(crate) module: Key,
    pub(crate) environment: Key,
    pub(crate) environment_id: i64,
    pub(crate) status: ModuleStatus,
}

/// Flags of a migration's modules, active or retired, that serve new to somebody in an environment that is open.
/// Looks at the stored state: what a kill switch covers comes back when it is resumed.
pub(crate) async fn serving_new(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<ServingNew>, StoreError> {
    let rows: Vec<(String, String, i64, String)> = sqlx::query_as(
        "SELECT m.key, e.key, e.id, m.status
         FROM flags f JOIN modules m ON m.id = f.module_id JOIN environments e ON e.id = f.environment_id
         WHERE m.migration_id = $1 AND m.status <> 'archived' AND e.archived_at IS NULL AND f.exposure > 0
         ORDER BY m.key, e.key",
    )
    .bind(migration_id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(module, environment, environment_id, word)| {
            let key =
                |text: &str| Key::parse(text).map_err(|error| StoreError::corrupt("flags", error));
            Ok(ServingNew {
                module: key(&module)?,
                environment: key(&environment)?,
                environment_id,
                status: status(&word)?,
            })
        })
        .collect()
}
