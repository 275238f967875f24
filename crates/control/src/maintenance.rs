//! Upkeep beside the work: writing down who read, forgetting what expired, recording counted refusals, laying
//! the ballast again, and noticing when somebody else wrote the database.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::Control;
use crate::evidence::{self, Retention};
use crate::receipts;
use crate::store::{Lane, StoreError, calendar_feeds, links, readers};

const TICK: Duration = Duration::from_secs(5);
/// How often instances that fall behind are looked for.
const LAGGARDS_TICK: Duration = Duration::from_secs(1);
/// How often old evidence is looked for.
const FORGET_TICK: Duration = Duration::from_hours(1);
const TICK_MILLISECONDS: i64 = 5_000;
/// Readers are remembered for a day.
const READERS_KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// Runs [`flush`] and the check for foreign writes every five seconds until `stopping`, and looks for laggards.
pub(crate) fn start(control: &Control, retention: Retention, stopping: CancellationToken) {
    watch_laggards(control, stopping.clone());
    forget_evidence(control, retention, stopping.clone());
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

fn forget_evidence(control: &Control, retention: Retention, stopping: CancellationToken) {
    let weak = Arc::downgrade(&control.shared());
    tokio::spawn(async move {
        loop {
            let Some(shared) = weak.upgrade() else { return };
            let control = Control::from_shared(shared);
            if let Err(error) = evidence::forget(&control, retention).await {
                tracing::warn!(%error, "could not forget old evidence");
            }
            drop(control);
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(FORGET_TICK) => {}
            }
        }
    });
}

fn watch_laggards(control: &Control, stopping: CancellationToken) {
    let weak = Arc::downgrade(&control.shared());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LAGGARDS_TICK) => {}
            }
            let Some(shared) = weak.upgrade() else { return };
            Control::from_shared(shared).announce_laggards();
        }
    });
}

/// Writes down what memory holds of readers and refusals, and forgets what expired.
async fn flush(control: &Control) {
    let now = control.clock().now();
    flush_until(control, now, now).await;
}

/// The same for the last time: the minute that is not over yet is recorded too.
pub(crate) async fn flush_everything(control: &Control) {
    flush_until(control, control.clock().now(), Timestamp(i64::MAX)).await;
}

async fn flush_until(control: &Control, now: Timestamp, counted_until: Timestamp) {
    if let Err(error) = flush_readers(control, now).await {
        tracing::warn!(%error, "could not write down who read flags");
    }
    let since = now.plus(-2 * TICK_MILLISECONDS);
    if let Err(error) = receipts::flush(control, since, now).await {
        tracing::warn!(%error, "could not write down who obeys");
    }
    if let Err(error) = control.sessions().delete_expired(now).await {
        tracing::warn!(%error, "could not forget expired sessions");
    }
    if let Err(error) = flush_state(control, now, counted_until).await {
        tracing::warn!(%error, "could not record refusals");
    }
}

async fn flush_readers(control: &Control, now: Timestamp) -> Result<(), StoreError> {
    let inner = control.inner();
    let since = now.plus(-2 * TICK_MILLISECONDS);
    let forgotten = now.plus(-READERS_KEPT_MILLISECONDS);
    let seen = inner.readers.all(since);
    let uses: Vec<_> = inner
        .readers
        .token_uses()
        .into_iter()
        .filter(|(_, at)| *at >= since)
        .collect();
    inner.readers.forget(forgotten);
    let feeds = inner.feed_reads.since(since);
    if seen.is_empty() && uses.is_empty() && feeds.is_empty() {
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
                        for (feed, at) in feeds {
                            calendar_feeds::note_read(connection, &feed, at).await?;
                        }
                        readers::forget(connection, forgotten).await
                    })
                })
                .await
            })
        })
        .await
}

/// Counted refusals stay in memory until they are written: a full disk or a full queue delays them.
async fn flush_state(
    control: &Control,
    now: Timestamp,
    counted_until: Timestamp,
) -> Result<(), StoreError> {
    let inner = control.inner();
    inner.unwritten.add(inner.refused.due(counted_until));
    if inner.unwritten.is_empty() {
        return Ok(());
    }
    let shared = control.shared();
    inner
        .store
        .state
        .run(Lane::Normal, move |connection| {
            Box::pin(async move {
                while let Some(draft) = shared.unwritten.take() {
                    if let Err(error) = shared
                        .append_outside_commands(connection, &draft, now)
                        .await
                    {
                        shared.unwritten.put_back(draft);
                        return Err(error);
                    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::audit_export;
    use crate::testing::{Server, refusal};
    use crate::{Clock, Options};

    async fn refuse(server: &Server, times: u32) {
        for _ in 0..times {
            let viewer = Server::viewer_of("atlas");
            let rollback = server
                .control
                .execute(&viewer, Server::rollback_of("a"))
                .await;
            assert_eq!(refusal(rollback).code(), "forbidden");
        }
    }

    #[tokio::test]
    async fn refusals_are_recorded_once_they_can_be() {
        let server = Server::with_modules(&["a"]).await;
        refuse(&server, 3).await;
        let first = server.control.head_sequence();
        server.control.clock().step(60_000);
        server.control.set_low_space_bytes(u64::MAX);
        // Nobody writes it now; it is the first of its minute, after a minute with two that were counted.
        refuse(&server, 1).await;
        flush(&server.control).await;
        assert_eq!(server.control.head_sequence(), first);
        server
            .control
            .set_low_space_bytes(crate::store::LOW_SPACE_BYTES);
        flush(&server.control).await;
        assert_eq!(server.control.head_sequence(), first + 1);
        let entry = server.entry(first + 1).await;
        assert_eq!(entry.after["refusals"][0]["count"], 3);
        flush(&server.control).await;
        assert_eq!(server.control.head_sequence(), first + 1);
    }

    #[tokio::test]
    async fn closing_records_the_minute_that_is_not_over() {
        let server = Server::with_modules(&["a"]).await;
        refuse(&server, 3).await;
        server.control.close().await;
        let reader = Control::open_read_only(Options {
            data_dir: server.control.data_dir().to_owned(),
            clock: Clock::System,
            demo: false,
            retention: Retention::default(),
        })
        .await
        .unwrap();
        let (entries, _) = audit_export(&reader, &Server::root(), None, 0)
            .await
            .unwrap();
        let last = &entries.last().unwrap().entry;
        assert_eq!(last.after["refusals"][0]["count"], 2);
    }
}
