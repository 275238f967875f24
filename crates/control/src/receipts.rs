//! Instances and receipts as the rest sees them: hearing, telling pages, and writing down.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::read::{InstanceRow, ReceiptView};
use domain::{Key, Timestamp};
use flags::Revision;

use crate::Control;
use crate::control::Inner;
use crate::directory::Identity;
use crate::feed::{Event, Topic};
use crate::instances::{Hello, KEPT_MILLISECONDS, Laggards, Place, TooMany};
use crate::store::{Lane, StoreError, instances as rows};

/// How long acknowledgements are gathered before pages are told.
const GATHERED: Duration = Duration::from_millis(200);

/// An instance with a stream open; it leaves when this is dropped.
#[derive(Debug)]
pub struct Joined {
    inner: Arc<Inner>,
    place: Place,
    instance: String,
}

impl Drop for Joined {
    fn drop(&mut self) {
        let now = self.inner.clock.now();
        self.inner.instances.left(&self.place, &self.instance, now);
    }
}

fn place_of(identity: &Identity) -> Option<Place> {
    Some((identity.migration.clone()?, identity.environment.clone()?))
}

impl Control {
    /// An instance opened a stream. `None` for a token that belongs to no environment.
    ///
    /// # Errors
    /// [`TooMany`]
    pub fn joined(&self, identity: &Identity, hello: Hello) -> Result<Option<Joined>, TooMany> {
        let Some(place) = place_of(identity) else {
            return Ok(None);
        };
        let inner = self.shared();
        let instance = hello.instance.clone();
        inner
            .instances
            .joined(&place, hello, &identity.name, inner.clock.now())?;
        Ok(Some(Joined {
            inner,
            place,
            instance,
        }))
    }

    /// An instance was heard from, and perhaps says which revision it applied and when.
    ///
    /// # Errors
    /// [`TooMany`]
    pub fn acknowledged(
        &self,
        identity: &Identity,
        hello: Hello,
        applied: Option<(Revision, Timestamp)>,
    ) -> Result<(), TooMany> {
        let Some(place) = place_of(identity) else {
            return Ok(());
        };
        let inner = self.shared();
        let now = inner.clock.now();
        let announce = inner
            .instances
            .acknowledged(&place, hello, &identity.name, applied, now)?;
        if announce {
            tokio::spawn(async move {
                tokio::time::sleep(GATHERED).await;
                inner.instances.announced(&place);
                inner.feed.publish(Event {
                    sequence: inner.position().sequence,
                    migration: Some(place.0),
                    topics: vec![Topic::Receipts],
                });
            });
        }
        Ok(())
    }

    /// Instances of an environment, with the revision they should be at.
    pub(crate) fn instance_rows(&self, migration: &Key, environment: &Key) -> Vec<InstanceRow> {
        let Some(published) = self.snapshots().get(migration, environment) else {
            return Vec::new();
        };
        let place = (migration.clone(), environment.clone());
        let (head, now) = (published.set.revision(), self.clock().now());
        self.inner().instances.rows(&place, head, now)
    }

    /// Instances of an environment that are connected and behind for too long.
    pub(crate) fn laggards(&self, migration: &Key, environment: &Key) -> Laggards {
        let Some(published) = self.snapshots().get(migration, environment) else {
            return Laggards::default();
        };
        let place = (migration.clone(), environment.clone());
        let (head, now) = (published.set.revision(), self.clock().now());
        self.inner().instances.laggards(&place, head, now)
    }

    /// Tells pages where the number of laggards has changed: falling behind is no event of its own.
    pub(crate) fn announce_laggards(&self) {
        let inner = self.inner();
        let now = inner.clock.now();
        for place in inner.instances.places() {
            let Some(published) = inner.snapshots.get(&place.0, &place.1) else {
                continue;
            };
            let head = published.set.revision();
            if inner.instances.laggards_changed(&place, head, now) {
                inner.feed.publish(Event {
                    sequence: inner.position().sequence,
                    migration: Some(place.0),
                    topics: vec![Topic::Receipts],
                });
            }
        }
    }

    /// The receipt of a change in an environment; `None` when it moved no flag there.
    pub(crate) async fn receipt(
        &self,
        migration: &Key,
        environment: &Key,
        sequence: u64,
    ) -> Result<Option<ReceiptView>, StoreError> {
        let place = (migration.clone(), environment.clone());
        if let Some(receipt) = self.inner().instances.receipt(&place, sequence) {
            return Ok(Some(receipt));
        }
        let mut connection = self.inner().store.read_evidence().await?;
        rows::receipt(&mut connection, &place, sequence).await
    }
}

impl Inner {
    /// A change of `migration` was stored and pushed: expects the instances of every environment it changed.
    pub(crate) fn expect_receipts(
        &self,
        migration: &Key,
        environments: Vec<Key>,
        sequence: u64,
        stored_at: Timestamp,
    ) {
        let pushed_at = self.clock.now();
        for environment in environments {
            let Some(published) = self.snapshots.get(migration, &environment) else {
                continue;
            };
            let place = (migration.clone(), environment);
            let revision = published.set.revision().clone();
            self.instances
                .expect(&place, sequence, revision, stored_at, pushed_at);
        }
    }
}

/// Remembers the instances of earlier runs.
pub(crate) async fn restore(control: &Control) -> Result<(), StoreError> {
    let since = control.clock().now().plus(-KEPT_MILLISECONDS);
    let mut connection = control.inner().store.read_evidence().await?;
    for (place, known) in rows::since(&mut connection, since).await? {
        control.inner().instances.restore(&place, known);
    }
    Ok(())
}

/// Writes down who was heard from since `since` and receipts that changed; forgets instances silent for a day.
pub(crate) async fn flush(
    control: &Control,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let written = control.inner().instances.to_write(since, now);
    if written
        .iter()
        .all(|(_, written)| written.instances.is_empty() && written.receipts.is_empty())
    {
        return Ok(());
    }
    let sequences: HashMap<Place, Vec<u64>> = written
        .iter()
        .map(|(place, written)| {
            let sequences = written.receipts.iter().map(|(sequence, ..)| *sequence);
            (place.clone(), sequences.collect())
        })
        .collect();
    let done = control
        .inner()
        .store
        .evidence
        .run(Lane::Normal, move |connection| {
            Box::pin(async move {
                crate::store::in_transaction(connection, |connection| {
                    Box::pin(async move {
                        for (place, written) in written {
                            for known in written.instances {
                                rows::note(connection, &place, &known).await?;
                            }
                            for (sequence, revision, receipt) in written.receipts {
                                rows::keep_receipt(
                                    connection, &place, sequence, &revision, &receipt,
                                )
                                .await?;
                            }
                        }
                        rows::forget(connection, now.plus(-KEPT_MILLISECONDS)).await
                    })
                })
                .await
            })
        })
        .await;
    if done.is_err() {
        for (place, sequences) in sequences {
            control.inner().instances.not_written(&place, &sequences);
        }
    }
    done
}
