//! Rows of `instances` and `receipts` in `evidence.db`.

use domain::read::ReceiptView;
use domain::{Key, Timestamp};
use flags::{Epoch, Revision};
use sqlx::FromRow;

use super::{Connection, StoreError};
use crate::instances::{Hello, Known, Place};

#[derive(FromRow)]
struct InstanceRecord {
    migration: String,
    environment: String,
    instance: String,
    service: String,
    sdk: String,
    token: String,
    epoch: Option<String>,
    revision: Option<i64>,
    applied_at: Option<i64>,
    last_seen_at: i64,
}

#[derive(FromRow)]
struct ReceiptRecord {
    stored_at: i64,
    pushed_at: i64,
    expected: i64,
    acknowledged: i64,
    median_ms: Option<i64>,
    p99_ms: Option<i64>,
    slowest_ms: Option<i64>,
    behind: String,
}

/// Notes an instance.
pub(crate) async fn note(
    connection: &mut Connection,
    (migration, environment): &Place,
    known: &Known,
) -> Result<(), StoreError> {
    let applied = known.applied.as_ref();
    sqlx::query(
        "INSERT INTO instances (migration, environment, instance, service, sdk, token, epoch, revision, applied_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (migration, environment, instance) DO UPDATE SET
             service = excluded.service, sdk = excluded.sdk, token = excluded.token, epoch = excluded.epoch,
             revision = excluded.revision, applied_at = excluded.applied_at, last_seen_at = excluded.last_seen_at",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(&known.hello.instance)
    .bind(&known.hello.service)
    .bind(&known.hello.sdk)
    .bind(&known.token)
    .bind(applied.map(|revision| revision.epoch.as_str()))
    .bind(applied.map(|revision| i64::try_from(revision.number).unwrap_or(i64::MAX)))
    .bind(known.applied_at.map(|at| at.0))
    .bind(known.last_seen_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Instances heard from since `since`.
pub(crate) async fn since(
    connection: &mut Connection,
    since: Timestamp,
) -> Result<Vec<(Place, Known)>, StoreError> {
    let records: Vec<InstanceRecord> = sqlx::query_as(
        "SELECT migration, environment, instance, service, sdk, token, epoch, revision, applied_at, last_seen_at
         FROM instances WHERE last_seen_at >= $1",
    )
    .bind(since.0)
    .fetch_all(connection)
    .await?;
    records.into_iter().map(known).collect()
}

fn known(record: InstanceRecord) -> Result<(Place, Known), StoreError> {
    let key =
        |text: &str| Key::parse(text).map_err(|error| StoreError::corrupt("instances", error));
    let applied = record
        .epoch
        .zip(record.revision)
        .map(|(epoch, number)| {
            Epoch::parse(&epoch).map(|epoch| Revision {
                epoch,
                number: u64::try_from(number).unwrap_or_default(),
            })
        })
        .transpose()
        .map_err(|error| StoreError::corrupt("instances", error))?;
    let place = (key(&record.migration)?, key(&record.environment)?);
    let known = Known {
        hello: Hello {
            instance: record.instance,
            service: record.service,
            sdk: record.sdk,
        },
        token: record.token,
        applied,
        applied_at: record.applied_at.map(Timestamp),
        last_seen_at: Timestamp(record.last_seen_at),
        streams: 0,
        connected_at: Timestamp(record.last_seen_at),
    };
    Ok((place, known))
}

/// Forgets instances not heard from since `before`.
pub(crate) async fn forget(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM instances WHERE last_seen_at < $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps a receipt as it stands, in place of what was kept of it before.
pub(crate) async fn keep_receipt(
    connection: &mut Connection,
    (migration, environment): &Place,
    sequence: u64,
    revision: &Revision,
    receipt: &ReceiptView,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO receipts (sequence, migration, environment, epoch, revision, stored_at, pushed_at, expected, acknowledged,
             median_ms, p99_ms, slowest_ms, behind)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (sequence, migration, environment) DO UPDATE SET
             acknowledged = excluded.acknowledged, median_ms = excluded.median_ms, p99_ms = excluded.p99_ms,
             slowest_ms = excluded.slowest_ms, behind = excluded.behind",
    )
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(revision.epoch.as_str())
    .bind(i64::try_from(revision.number).unwrap_or(i64::MAX))
    .bind(receipt.stored_at.0)
    .bind(receipt.pushed_at.0)
    .bind(i64::from(receipt.expected))
    .bind(i64::from(receipt.acknowledged))
    .bind(receipt.median_ms)
    .bind(receipt.p99_ms)
    .bind(receipt.slowest_ms)
    .bind(serde_json::to_string(&receipt.behind)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// The receipt kept of a change.
pub(crate) async fn receipt(
    connection: &mut Connection,
    (migration, environment): &Place,
    sequence: u64,
) -> Result<Option<ReceiptView>, StoreError> {
    let record: Option<ReceiptRecord> = sqlx::query_as(
        "SELECT stored_at, pushed_at, expected, acknowledged, median_ms, p99_ms, slowest_ms, behind FROM receipts
         WHERE sequence = $1 AND migration = $2 AND environment = $3",
    )
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .bind(migration.as_str())
    .bind(environment.as_str())
    .fetch_optional(connection)
    .await?;
    record
        .map(|record| {
            Ok(ReceiptView {
                stored_at: Timestamp(record.stored_at),
                pushed_at: Timestamp(record.pushed_at),
                expected: u32::try_from(record.expected).unwrap_or_default(),
                acknowledged: u32::try_from(record.acknowledged).unwrap_or_default(),
                median_ms: record.median_ms,
                p99_ms: record.p99_ms,
                slowest_ms: record.slowest_ms,
                behind: serde_json::from_str(&record.behind)?,
            })
        })
        .transpose()
}
