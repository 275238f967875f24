//! Rows of `series` in `evidence.db`: a module in an environment, whose evidence other rows hold.

use domain::Key;
use sqlx::FromRow;

use super::{Connection, StoreError};
use crate::instances::Place;

/// The number of a module's series.
pub(crate) type SeriesId = i64;

#[derive(FromRow)]
struct SeriesRecord {
    id: SeriesId,
    module: String,
}

/// The series of a module, made when there is none yet.
pub(crate) async fn ensure(
    connection: &mut Connection,
    place: &Place,
    module: &Key,
) -> Result<SeriesId, StoreError> {
    if let Some(id) = find(connection, place, module).await? {
        return Ok(id);
    }
    let (migration, environment) = place;
    let id = sqlx::query_scalar(
        "INSERT INTO series (migration, environment, module) VALUES ($1, $2, $3) RETURNING id",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(module.as_str())
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// The series of a module, if it has any evidence.
pub(crate) async fn find(
    connection: &mut Connection,
    (migration, environment): &Place,
    module: &Key,
) -> Result<Option<SeriesId>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM series WHERE migration = $1 AND environment = $2 AND module = $3",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(module.as_str())
    .fetch_optional(connection)
    .await?)
}

/// All series of an environment.
pub(crate) async fn all(
    connection: &mut Connection,
    (migration, environment): &Place,
) -> Result<Vec<(SeriesId, Key)>, StoreError> {
    let records: Vec<SeriesRecord> = sqlx::query_as(
        "SELECT id, module FROM series WHERE migration = $1 AND environment = $2 ORDER BY module",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .fetch_all(connection)
    .await?;
    records
        .into_iter()
        .map(|record| {
            let module =
                Key::parse(&record.module).map_err(|error| StoreError::corrupt("series", error))?;
            Ok((record.id, module))
        })
        .collect()
}
