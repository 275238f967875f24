//! Rows of `comparisons` and `mismatches` in `evidence.db`: what running old and new side by side found.

use domain::Timestamp;
use flags::report::{Compared, Example};
use sqlx::FromRow;

use super::series::SeriesId;
use super::{Connection, StoreError};
use crate::evidence::Resolution;

/// Places kept of one module at most; beyond it those that were not seen for longest are forgotten.
const MOST_PLACES: i64 = 100;

#[derive(FromRow)]
struct ComparisonRecord {
    at: i64,
    found: String,
}

#[derive(FromRow)]
struct MismatchRecord {
    path: String,
    old: String,
    new: String,
    first_at: i64,
    last_at: i64,
}

/// A place in which answers differed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Its last example.
    pub(crate) example: Example,
    /// When it was seen first.
    pub(crate) first_at: Timestamp,
    /// When it was seen last.
    pub(crate) last_at: Timestamp,
}

/// Adds what was found to a row.
pub(crate) async fn add(
    connection: &mut Connection,
    resolution: Resolution,
    series: SeriesId,
    at: Timestamp,
    found: &Compared,
) -> Result<(), StoreError> {
    let known: Option<String> = sqlx::query_scalar(
        "SELECT found FROM comparisons WHERE resolution = $1 AND series_id = $2 AND at = $3",
    )
    .bind(resolution.as_str())
    .bind(series)
    .bind(at.0)
    .fetch_optional(&mut *connection)
    .await?;
    let mut all: Compared = match known {
        None => Compared::default(),
        Some(known) => serde_json::from_str(&known)?,
    };
    all.merge(found);
    all.examples.clear();
    sqlx::query(
        "INSERT INTO comparisons (resolution, series_id, at, found) VALUES ($1, $2, $3, $4)
         ON CONFLICT (resolution, series_id, at) DO UPDATE SET found = excluded.found",
    )
    .bind(resolution.as_str())
    .bind(series)
    .bind(at.0)
    .bind(serde_json::to_string(&all)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes where answers differed.
pub(crate) async fn note_mismatch(
    connection: &mut Connection,
    series: SeriesId,
    example: &Example,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO mismatches (series_id, path, old, new, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (series_id, path) DO UPDATE SET
             old = excluded.old, new = excluded.new, first_at = min(mismatches.first_at, excluded.first_at),
             last_at = max(mismatches.last_at, excluded.last_at)",
    )
    .bind(series)
    .bind(&example.path)
    .bind(&example.old)
    .bind(&example.new)
    .bind(at.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM mismatches WHERE series_id = $1 AND path IN (
             SELECT path FROM mismatches WHERE series_id = $1 ORDER BY last_at DESC, path LIMIT -1 OFFSET $2)",
    )
    .bind(series)
    .bind(MOST_PLACES)
    .execute(connection)
    .await?;
    Ok(())
}

/// What was found of a module in `from..to`, oldest first.
pub(crate) async fn of_series(
    connection: &mut Connection,
    resolution: Resolution,
    series: SeriesId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Timestamp, Compared)>, StoreError> {
    let records: Vec<ComparisonRecord> = sqlx::query_as(
        "SELECT at, found FROM comparisons WHERE resolution = $1 AND series_id = $2 AND at >= $3 AND at < $4 ORDER BY at",
    )
    .bind(resolution.as_str())
    .bind(series)
    .bind(from.0)
    .bind(to.0)
    .fetch_all(connection)
    .await?;
    records
        .into_iter()
        .map(|record| Ok((Timestamp(record.at), serde_json::from_str(&record.found)?)))
        .collect()
}

/// Where a module's answers differed, last seen first.
pub(crate) async fn mismatches(
    connection: &mut Connection,
    series: SeriesId,
) -> Result<Vec<Mismatch>, StoreError> {
    let records: Vec<MismatchRecord> = sqlx::query_as(
        "SELECT path, old, new, first_at, last_at FROM mismatches WHERE series_id = $1 ORDER BY last_at DESC, path",
    )
    .bind(series)
    .fetch_all(connection)
    .await?;
    Ok(records
        .into_iter()
        .map(|record| Mismatch {
            example: Example {
                path: record.path,
                old: record.old,
                new: record.new,
            },
            first_at: Timestamp(record.first_at),
            last_at: Timestamp(record.last_at),
        })
        .collect())
}

/// Forgets rows of a resolution from before an instant, so many at most; how many it forgot.
pub(crate) async fn forget(
    connection: &mut Connection,
    resolution: Resolution,
    before: Timestamp,
    most: i64,
) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "DELETE FROM comparisons WHERE (resolution, series_id, at) IN (
             SELECT resolution, series_id, at FROM comparisons WHERE resolution = $1 AND at < $2 LIMIT $3)",
    )
    .bind(resolution.as_str())
    .bind(before.0)
    .bind(most)
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
