//! Rows of `samples` in `evidence.db`: uses, errors and latency of one side of a module in a minute, an hour, a day.

use domain::Timestamp;
use flags::{LatencySketch, Side};
use sqlx::FromRow;

use super::series::SeriesId;
use super::{Connection, StoreError};
use crate::evidence::{Bucket, Resolution};

#[derive(FromRow)]
struct KnownRecord {
    minutes: i64,
    uses: i64,
    errors: i64,
    latency: Vec<u8>,
}

#[derive(FromRow)]
struct SampleRecord {
    series_id: SeriesId,
    side: String,
    at: i64,
    minutes: i64,
    uses: i64,
    errors: i64,
    latency: Vec<u8>,
}

#[derive(FromRow)]
struct SumRecord {
    series_id: SeriesId,
    side: String,
    minutes: i64,
    uses: i64,
    errors: i64,
}

/// A row, read back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Whose.
    pub(crate) series: SeriesId,
    /// Which side.
    pub(crate) side: Side,
    /// The start of its minute, hour or day.
    pub(crate) at: Timestamp,
    /// What was seen.
    pub(crate) bucket: Bucket,
}

/// Uses and errors of a range, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Whose.
    pub(crate) series: SeriesId,
    /// Which side.
    pub(crate) side: Side,
    /// Minutes with a use.
    pub(crate) minutes: u64,
    /// Uses.
    pub(crate) uses: u64,
    /// Of them, those that failed.
    pub(crate) errors: u64,
}

/// Adds what was seen to a row; `true` when the row had no use before and has now.
pub(crate) async fn add(
    connection: &mut Connection,
    resolution: Resolution,
    series: SeriesId,
    side: Side,
    at: Timestamp,
    seen: &Bucket,
) -> Result<bool, StoreError> {
    let known: Option<KnownRecord> = sqlx::query_as(
        "SELECT minutes, uses, errors, latency FROM samples
         WHERE resolution = $1 AND series_id = $2 AND side = $3 AND at = $4",
    )
    .bind(resolution.as_str())
    .bind(series)
    .bind(side.as_str())
    .bind(at.0)
    .fetch_optional(&mut *connection)
    .await?;
    let mut bucket = match known {
        None => Bucket::default(),
        Some(known) => bucket(known.minutes, known.uses, known.errors, &known.latency)?,
    };
    let first = bucket.uses == 0 && seen.uses > 0;
    bucket.merge(seen);
    if resolution == Resolution::Minute {
        bucket.minutes = u64::from(bucket.uses > 0);
    }
    sqlx::query(
        "INSERT INTO samples (resolution, series_id, side, at, minutes, uses, errors, latency)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (resolution, series_id, side, at) DO UPDATE SET
             minutes = excluded.minutes, uses = excluded.uses, errors = excluded.errors, latency = excluded.latency",
    )
    .bind(resolution.as_str())
    .bind(series)
    .bind(side.as_str())
    .bind(at.0)
    .bind(stored(bucket.minutes))
    .bind(stored(bucket.uses))
    .bind(stored(bucket.errors))
    .bind(bucket.latency.encode())
    .execute(connection)
    .await?;
    Ok(first)
}

/// The rows of a module in `from..to`, oldest first.
pub(crate) async fn of_series(
    connection: &mut Connection,
    resolution: Resolution,
    series: SeriesId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Sample>, StoreError> {
    let mut samples = Vec::new();
    for side in [Side::Old, Side::New] {
        let records: Vec<SampleRecord> = sqlx::query_as(
            "SELECT series_id, side, at, minutes, uses, errors, latency FROM samples
             WHERE resolution = $1 AND series_id = $2 AND side = $3 AND at >= $4 AND at < $5 ORDER BY at",
        )
        .bind(resolution.as_str())
        .bind(series)
        .bind(side.as_str())
        .bind(from.0)
        .bind(to.0)
        .fetch_all(&mut *connection)
        .await?;
        for record in records {
            samples.push(sample(&record)?);
        }
    }
    samples.sort_by_key(|sample| sample.at);
    Ok(samples)
}

/// Uses and errors of every series of an environment in `from..to`, added up.
pub(crate) async fn sums(
    connection: &mut Connection,
    resolution: Resolution,
    (migration, environment): &crate::instances::Place,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Sum>, StoreError> {
    let records: Vec<SumRecord> = sqlx::query_as(
        "SELECT samples.series_id, samples.side, sum(samples.minutes) AS minutes, sum(samples.uses) AS uses,
             sum(samples.errors) AS errors
         FROM series CROSS JOIN (SELECT 'old' AS side UNION ALL SELECT 'new') AS sides
         JOIN samples ON samples.resolution = $1 AND samples.series_id = series.id AND samples.side = sides.side
             AND samples.at >= $4 AND samples.at < $5
         WHERE series.migration = $2 AND series.environment = $3
         GROUP BY samples.series_id, samples.side",
    )
    .bind(resolution.as_str())
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(from.0)
    .bind(to.0)
    .fetch_all(connection)
    .await?;
    records
        .into_iter()
        .map(|record| {
            Ok(Sum {
                series: record.series_id,
                side: side(&record.side)?,
                minutes: count(record.minutes)?,
                uses: count(record.uses)?,
                errors: count(record.errors)?,
            })
        })
        .collect()
}

/// Forgets rows of a resolution from before an instant, so many at most; how many it forgot.
pub(crate) async fn forget(
    connection: &mut Connection,
    resolution: Resolution,
    before: Timestamp,
    most: i64,
) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "DELETE FROM samples WHERE (resolution, series_id, side, at) IN (
             SELECT resolution, series_id, side, at FROM samples WHERE resolution = $1 AND at < $2 LIMIT $3)",
    )
    .bind(resolution.as_str())
    .bind(before.0)
    .bind(most)
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}

fn sample(record: &SampleRecord) -> Result<Sample, StoreError> {
    Ok(Sample {
        series: record.series_id,
        side: side(&record.side)?,
        at: Timestamp(record.at),
        bucket: bucket(record.minutes, record.uses, record.errors, &record.latency)?,
    })
}

fn bucket(minutes: i64, uses: i64, errors: i64, latency: &[u8]) -> Result<Bucket, StoreError> {
    Ok(Bucket {
        minutes: count(minutes)?,
        uses: count(uses)?,
        errors: count(errors)?,
        latency: LatencySketch::decode(latency)
            .map_err(|error| StoreError::corrupt("samples", error))?,
    })
}

fn side(word: &str) -> Result<Side, StoreError> {
    Side::parse(word).ok_or_else(|| StoreError::corrupt("samples", format!("side {word:?}")))
}

fn count(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|error| StoreError::corrupt("samples", error))
}

/// Counts beyond what a row holds stay there.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
