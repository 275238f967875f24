//! Rows of `migrations`.

use domain::{Key, Migration, Thresholds, Timestamp};
use jiff::civil::Date;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A migration and its row id.
#[derive(Debug, Clone)]
pub(crate) struct MigrationRecord {
    pub(crate) id: i64,
    pub(crate) migration: Migration,
    pub(crate) plan_digest: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    key: String,
    name: String,
    description: String,
    zone: String,
    start_date: Option<String>,
    expected_modules: Option<i64>,
    hold_basis_points: i64,
    rollback_basis_points: i64,
    automatic_rollback: bool,
    plan_digest: Option<String>,
    archived_at: Option<i64>,
    version: i64,
}

impl TryFrom<Row> for MigrationRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |why: &str| StoreError::corrupt("migrations", why);
        Ok(Self {
            id: row.id,
            plan_digest: row.plan_digest,
            migration: Migration {
                key: Key::parse(&row.key).map_err(|error| corrupt(&error.to_string()))?,
                name: row.name,
                description: row.description,
                zone: row.zone,
                start: date(row.start_date.as_deref(), "migrations")?,
                expected_modules: count(row.expected_modules, "migrations")?,
                thresholds: Thresholds {
                    hold_basis_points: u16::try_from(row.hold_basis_points)
                        .map_err(|_| corrupt("hold_basis_points"))?,
                    rollback_basis_points: u16::try_from(row.rollback_basis_points)
                        .map_err(|_| corrupt("rollback_basis_points"))?,
                },
                automatic_rollback: row.automatic_rollback,
                archived_at: row.archived_at.map(Timestamp),
                version: row.version,
            },
        })
    }
}

/// Reads a civil date of a table.
pub(super) fn date(text: Option<&str>, table: &'static str) -> Result<Option<Date>, StoreError> {
    text.map(|text| {
        text.parse()
            .map_err(|error| StoreError::corrupt(table, error))
    })
    .transpose()
}

/// Reads a small count of a table.
pub(super) fn count(value: Option<i64>, table: &'static str) -> Result<Option<u32>, StoreError> {
    value
        .map(|value| u32::try_from(value).map_err(|error| StoreError::corrupt(table, error)))
        .transpose()
}

/// The migration with this key.
pub(crate) async fn by_key(
    connection: &mut Connection,
    key: &Key,
) -> Result<Option<MigrationRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, key, name, description, zone, start_date, expected_modules, hold_basis_points,
                rollback_basis_points, automatic_rollback, plan_digest, archived_at, version
         FROM migrations WHERE key = $1",
    )
    .bind(key.as_str())
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// All migrations, oldest first.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<MigrationRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, key, name, description, zone, start_date, expected_modules, hold_basis_points,
                rollback_basis_points, automatic_rollback, plan_digest, archived_at, version
         FROM migrations ORDER BY id",
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Whether a key, folded, is or was in use.
pub(crate) async fn key_taken(connection: &mut Connection, key: &Key) -> Result<bool, StoreError> {
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM migrations WHERE folded_key = $1")
        .bind(key.folded())
        .fetch_one(connection)
        .await?;
    Ok(found > 0)
}

/// Adds a migration and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration: &Migration,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO migrations (key, folded_key, name, description, zone, start_date, expected_modules,
                                 hold_basis_points, rollback_basis_points, automatic_rollback, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    )
    .bind(migration.key.as_str())
    .bind(migration.key.folded())
    .bind(&migration.name)
    .bind(&migration.description)
    .bind(&migration.zone)
    .bind(migration.start.map(|date| date.to_string()))
    .bind(migration.expected_modules)
    .bind(migration.thresholds.hold_basis_points)
    .bind(migration.thresholds.rollback_basis_points)
    .bind(migration.automatic_rollback)
    .bind(now.0)
    .fetch_one(connection)
    .await?)
}

/// Writes what may be edited, and counts the version up to `migration.version`.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    migration: &Migration,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE migrations SET name = $2, description = $3, zone = $4, start_date = $5, expected_modules = $6,
                hold_basis_points = $7, rollback_basis_points = $8, automatic_rollback = $9, archived_at = $10, version = $11
         WHERE id = $1",
    )
    .bind(id)
    .bind(&migration.name)
    .bind(&migration.description)
    .bind(&migration.zone)
    .bind(migration.start.map(|date| date.to_string()))
    .bind(migration.expected_modules)
    .bind(migration.thresholds.hold_basis_points)
    .bind(migration.thresholds.rollback_basis_points)
    .bind(migration.automatic_rollback)
    .bind(migration.archived_at.map(|at| at.0))
    .bind(migration.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers which plan was imported last.
pub(crate) async fn set_plan_digest(
    connection: &mut Connection,
    id: i64,
    digest: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE migrations SET plan_digest = $2 WHERE id = $1")
        .bind(id)
        .bind(digest)
        .execute(connection)
        .await?;
    Ok(())
}
