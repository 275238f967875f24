//! How long evidence is kept, and forgetting what is older.

use domain::Timestamp;

use super::{DAY, Resolution};
use crate::Control;
use crate::store::{Lane, StoreError, batches, comparisons, in_transaction, samples};

/// Rows forgotten in one transaction at most, so that reports do not wait long.
const AT_ONCE: i64 = 2_000;
/// How long a batch is known: longer than anything is sent again.
const BATCHES_KEPT: i64 = 2 * DAY;

/// How long evidence is kept, in days. Days are kept for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// By the minute.
    pub minutes_days: u32,
    /// By the hour.
    pub hours_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            minutes_days: 7,
            hours_days: 400,
        }
    }
}

/// Forgets what is older than it is kept.
pub(crate) async fn forget(control: &Control, retention: Retention) -> Result<(), StoreError> {
    let now = control.clock().now();
    let days = |days: u32| now.plus(-i64::from(days) * DAY);
    for (resolution, before) in [
        (Resolution::Minute, days(retention.minutes_days)),
        (Resolution::Hour, days(retention.hours_days)),
    ] {
        while forget_some(control, resolution, before).await? >= AT_ONCE.unsigned_abs() {}
    }
    let before = now.plus(-BATCHES_KEPT);
    control
        .inner()
        .store
        .evidence
        .run(Lane::Normal, move |connection| {
            Box::pin(async move { batches::forget(connection, before).await })
        })
        .await
}

async fn forget_some(
    control: &Control,
    resolution: Resolution,
    before: Timestamp,
) -> Result<u64, StoreError> {
    control
        .inner()
        .store
        .evidence
        .run(Lane::Normal, move |connection| {
            Box::pin(async move {
                in_transaction(connection, |connection| {
                    Box::pin(async move {
                        let seen = samples::forget(connection, resolution, before, AT_ONCE).await?;
                        let found =
                            comparisons::forget(connection, resolution, before, AT_ONCE).await?;
                        Ok(seen.max(found))
                    })
                })
                .await
            })
        })
        .await
}
