//! Upkeep beside the work: writing down who read, forgetting what expired, recording counted refusals, laying
//! the ballast again, and noticing when somebody else wrote the database.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::store::{Lane, StoreError, links, readers};

const TICK: Duration = Duration::from_secs(5);
/// Readers are remembered for a day.
const READERS_KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// Runs [`flush`] and the check for foreign writes every five seconds until `stopping`.
pub(crate) fn start(control: &Control, stopping: CancellationToken) {
    let weak = Arc::downgrade(&control.shared());
    tokio::spawn(async move {
        let mut last_data_version = None;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let Some(shared) = weak.upgrade() else { return };
            let control = Control::from_shared(shared);
            control.inner().store.recover_space();
            flush(&control).await;
            reload_after_foreign_write(&control, &mut last_data_version).await;
        }
    });
}

/// Writes down what memory holds of readers and refusals, and forgets what expired.
pub(crate) async fn flush(control: &Control) {
    let now = control.clock().now();
    if let Err(error) = flush_readers(control, now).await {
        tracing::warn!(%error, "could not write down who read flags");
    }
    if let Err(error) = control.sessions().delete_expired(now).await {
        tracing::warn!(%error, "could not forget expired sessions");
    }
    if let Err(error) = flush_state(control, now).await {
        tracing::warn!(%error, "could not record refusals");
    }
}

async fn flush_readers(control: &Control, now: Timestamp) -> Result<(), StoreError> {
    let inner = control.inner();
    let since = now.plus(-2 * i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX));
    let forgotten = now.plus(-READERS_KEPT_MILLISECONDS);
    let seen = inner.readers.all(since);
    let uses: Vec<_> = inner
        .readers
        .token_uses()
        .into_iter()
        .filter(|(_, at)| *at >= since)
        .collect();
    inner.readers.forget(forgotten);
    if seen.is_empty() && uses.is_empty() {
        return Ok(());
    }
    inner
        .store
        .evidence
        .run(Lane::Normal, move |connection| {
            Box::pin(async move {
                crate::store::in_transaction(connection, |connection| {
                    Box::pin(async move {
                        for reader in seen {
                            readers::note(
                                connection,
                                &reader.token_id,
                                &reader.client,
                                reader.last_read_at,
                                reader.revision,
                            )
                            .await?;
                        }
                        for (token, at) in uses {
                            readers::note_token_use(connection, &token, at).await?;
                        }
                        readers::forget(connection, forgotten).await
                    })
                })
                .await
            })
        })
        .await
}

async fn flush_state(control: &Control, now: Timestamp) -> Result<(), StoreError> {
    let drafts = control.inner().refused.due(now);
    if drafts.is_empty() {
        return Ok(());
    }
    let shared = control.shared();
    control
        .inner()
        .store
        .state
        .run(Lane::Normal, move |connection| {
            Box::pin(async move {
                for draft in drafts {
                    shared
                        .append_outside_commands(connection, &draft, now)
                        .await;
                }
                links::forget_expired(connection, now).await
            })
        })
        .await
}

/// `PRAGMA data_version` moves on the writer's connection only when another connection wrote.
async fn reload_after_foreign_write(control: &Control, last: &mut Option<i64>) {
    let found = control
        .inner()
        .store
        .state
        .run(Lane::Normal, |connection| {
            Box::pin(crate::store::data_version(connection))
        })
        .await;
    let Ok(found) = found else { return };
    if last.is_some_and(|last| last != found) {
        tracing::error!("another process wrote switchback.db; loading everything again");
        if let Err(error) = control.reload().await {
            // `last` stays, so that the next tick tries again.
            tracing::error!(%error, "loading everything failed");
            return;
        }
    }
    *last = Some(found);
}
