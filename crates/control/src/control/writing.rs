//! A command in the writer's task: authorised, carried out in one transaction with its audit entry, committed, and
//! published before it is answered.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::audit::{AuditActor, AuditEntry, Outcome};
use domain::{Committed, Key, Refusal, Timestamp};
use futures::FutureExt as _;

use super::{Inner, Position, authorise};
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::{Event, Topic};
use crate::refused::RefusalRecord;
use crate::store::{self, Connection, Lane, StoreError, idempotency, meta, outbox, words_of};
use crate::{Caller, Unavailable, audit};

impl Inner {
    /// The writer's job for one command: the inner error is a refusal, the outer one the store's.
    pub(super) async fn answer<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
        lane: Lane,
        record: RefusalRecord,
    ) -> Result<Result<Committed, Refusal>, StoreError> {
        let stopped = match authorise(caller, command.permission()) {
            Ok(()) => match self.attempt(connection, caller, command, lane).await {
                Ok(committed) => return Ok(Ok(committed)),
                Err(stopped) => stopped,
            },
            Err(refusal) => Stopped::Refused(refusal),
        };
        match stopped {
            Stopped::Store(error) => Err(error),
            Stopped::Refused(refusal) => {
                self.record_refusal(connection, caller, record, &refusal)
                    .await;
                Ok(Err(refusal))
            }
        }
    }

    /// A rollback that finds the disk full gets the ballast's space and is tried once more.
    async fn attempt<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
        lane: Lane,
    ) -> Result<Committed, Stopped> {
        let again = (lane == Lane::Priority).then(|| command.clone());
        match (self.perform(connection, caller, command).await, again) {
            (Err(Stopped::Store(error)), Some(again))
                if error.unavailable() == Some(Unavailable::Full)
                    && self.store.state.release_ballast() =>
            {
                self.perform(connection, caller, again).await
            }
            (done, _) => done,
        }
    }

    async fn perform<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
    ) -> Result<Committed, Stopped> {
        let position = self.begin(connection).await?;
        let done = match self
            .in_transaction(connection, caller, command, &position)
            .await
        {
            Ok(done) => done,
            Err(stopped) => {
                store::roll_back(connection).await;
                return Err(stopped);
            }
        };
        match &done {
            Performed::Before(_) => store::roll_back(connection).await,
            Performed::Now { .. } => store::commit(connection).await?,
        }
        self.show(connection, &[&done]).await?;
        Ok(done.into_committed())
    }

    /// Begins a transaction, and says where the chain and the revisions stand. What was announced goes with it.
    pub(super) async fn begin(&self, connection: &mut Connection) -> Result<Position, StoreError> {
        let position = self.position();
        store::begin(connection).await?;
        match outbox::remove_announced(connection, position.sequence).await {
            Ok(()) => Ok(position),
            Err(error) => {
                store::roll_back(connection).await;
                Err(error)
            }
        }
    }

    /// Carries a command out where `position` says that the chain and the revisions stand.
    pub(super) async fn in_transaction<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
        position: &Position,
    ) -> Result<Performed, Stopped> {
        let now = self.clock.now();
        if let Some(committed) = answered_before(connection, caller, now).await? {
            return Ok(Performed::Before(committed));
        }
        let mut work = Work {
            connection: &mut *connection,
            caller,
            now,
            epoch: &position.epoch,
            sequence: position.sequence + 1,
            revision: position.revision,
            revision_made: false,
            epoch_made: None,
        };
        let effect = command.apply(&mut work).await?;
        let (revision_made, epoch_made) = (work.revision_made, work.epoch_made.take());
        let made = Made {
            epoch: epoch_made.map_or_else(|| Arc::clone(&position.epoch), Into::into),
            revision: revision_made.then_some(position.revision + 1),
        };
        if let Some(revision) = made.revision {
            meta::set_revision(connection, revision, &effect.snapshots).await?;
        }
        let entry = entry_of(caller, &effect, position, &made, now);
        let hash = audit::append(connection, &entry, &position.hash).await?;
        let event = Event {
            sequence: entry.sequence,
            migration: effect.aim.migration.clone(),
            topics: effect.topics.clone(),
        };
        outbox::put(connection, &event, &effect.modules).await?;
        let committed = committed_of(&effect, &entry, &made);
        if let Some(idempotency) = &caller.idempotency {
            let answer = serde_json::to_string(&committed).map_err(StoreError::from)?;
            let (key, digest) = (&idempotency.key, &idempotency.digest);
            idempotency::keep(connection, &caller.actor.id, key, digest, &answer, now).await?;
        }
        let position = Position {
            epoch: made.epoch,
            revision: made.revision.unwrap_or(position.revision),
            sequence: entry.sequence,
            hash,
        };
        Ok(Performed::Now {
            committed,
            effect: Box::new(effect),
            position,
            event,
        })
    }

    /// Shows what was committed together to every reader in this process. Where that fails, what memory holds is not what
    /// the database does: writing stops, and nothing is answered as done, since flags would be served as they were before.
    pub(super) async fn show(
        &self,
        connection: &mut Connection,
        performed: &[&Performed],
    ) -> Result<(), StoreError> {
        let done: Vec<Done<'_>> = performed.iter().filter_map(|one| one.done()).collect();
        let Some(last) = done.last() else {
            return Ok(());
        };
        let before = self.position();
        self.set_position(last.position.clone());
        if let Err(error) = caught(self.load(connection, &before, &done)).await {
            tracing::error!(%error, "a committed change could not be loaded; loading everything");
            if let Err(error) = caught(self.reload_from(connection)).await {
                let why = format!("a committed change could not be loaded: {error}");
                self.store.state.stop(&why);
                return Err(StoreError::Broken(why));
            }
        }
        for one in &done {
            self.feed.publish(one.event.clone());
        }
        Ok(())
    }

    /// Makes what the commits touched anew, each environment once.
    async fn load(
        &self,
        connection: &mut Connection,
        before: &Position,
        done: &[Done<'_>],
    ) -> Result<(), StoreError> {
        let epoch = self.position().epoch;
        if epoch == before.epoch {
            let touched: BTreeSet<i64> = done
                .iter()
                .flat_map(|one| one.effect.snapshots.iter().copied())
                .collect();
            let touched: Vec<i64> = touched.into_iter().collect();
            let made = match touched.as_slice() {
                [] => HashMap::new(),
                touched => {
                    let reloaded = self.snapshots.reload(connection, touched, &epoch).await?;
                    reloaded.into_iter().collect()
                }
            };
            self.expect_receipts_of(before, done, &made);
        } else {
            self.snapshots.reload_all(connection, &epoch).await?;
        }
        if done.iter().any(|one| one.effect.access) {
            self.directory.reload(connection).await?;
            self.users.forget_all();
        }
        Ok(())
    }

    fn expect_receipts_of(&self, before: &Position, done: &[Done<'_>], made: &HashMap<i64, Key>) {
        let mut revision = before.revision;
        for one in done {
            let moved = one.position.revision != revision;
            revision = one.position.revision;
            if let Some(migration) = one.effect.aim.migration.as_ref().filter(|_| moved) {
                let environments = one
                    .effect
                    .snapshots
                    .iter()
                    .filter_map(|id| made.get(id).cloned())
                    .collect();
                let (sequence, stored_at) = (one.event.sequence, one.committed.at);
                self.expect_receipts(migration, environments, sequence, stored_at);
            }
        }
    }

    pub(super) async fn record_refusal(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        record: RefusalRecord,
        refusal: &Refusal,
    ) {
        if !refusal.is_audited() {
            return;
        }
        let now = self.clock.now();
        let Some(draft) = self.refused.note(caller, record, refusal, now) else {
            return;
        };
        if let Err(error) = self.append_outside_commands(connection, &draft, now).await {
            tracing::error!(%error, "a refusal could not be recorded yet");
            self.store.state.note_failure(&error);
            self.unwritten.put_back(draft);
        }
    }

    /// Keeps a refusal that no writer took.
    pub(super) fn record_refusal_later(
        &self,
        caller: &Caller,
        record: RefusalRecord,
        refusal: &Refusal,
    ) {
        if refusal.is_audited() {
            let now = self.clock.now();
            self.unwritten
                .add(self.refused.note(caller, record, refusal, now));
        }
    }

    /// Appends an entry that no command wrote: a refusal, or several.
    pub(crate) async fn append_outside_commands(
        &self,
        connection: &mut Connection,
        draft: &crate::refused::Draft,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let position = self.position();
        let entry = draft.entry(position.sequence + 1, &position.epoch, now);
        let event = Event {
            sequence: entry.sequence,
            migration: entry.migration.clone(),
            topics: vec![Topic::Audit],
        };
        store::begin(connection).await?;
        let hash = match audit::append(connection, &entry, &position.hash).await {
            Ok(hash) => hash,
            Err(error) => {
                store::roll_back(connection).await;
                return Err(error);
            }
        };
        store::commit(connection).await?;
        self.set_position(Position {
            sequence: entry.sequence,
            hash,
            ..position
        });
        self.feed.publish(event);
        Ok(())
    }
}

/// A panic on the way from a commit to its publication is one more way in which loading fails.
async fn caught(loading: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
    AssertUnwindSafe(loading)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(StoreError::Panicked(words_of(panic.as_ref()))))
}

/// What a command's transaction made beside its rows.
struct Made {
    epoch: Arc<str>,
    revision: Option<u64>,
}

pub(super) enum Performed {
    /// The same request was answered before.
    Before(Committed),
    /// It was carried out.
    Now {
        committed: Committed,
        effect: Box<Effect>,
        position: Position,
        event: Event,
    },
}

/// A command that was carried out, as it is shown.
pub(super) struct Done<'p> {
    committed: &'p Committed,
    effect: &'p Effect,
    position: &'p Position,
    event: &'p Event,
}

impl Performed {
    /// What is to be shown of it; nothing when it was answered before.
    fn done(&self) -> Option<Done<'_>> {
        match self {
            Self::Before(_) => None,
            Self::Now {
                committed,
                effect,
                position,
                event,
            } => Some(Done {
                committed,
                effect,
                position,
                event,
            }),
        }
    }

    /// The answer.
    pub(super) fn into_committed(self) -> Committed {
        match self {
            Self::Before(committed) | Self::Now { committed, .. } => committed,
        }
    }
}

async fn answered_before(
    connection: &mut Connection,
    caller: &Caller,
    now: Timestamp,
) -> Result<Option<Committed>, Stopped> {
    let Some(idempotency) = &caller.idempotency else {
        return Ok(None);
    };
    let found = idempotency::find(connection, &caller.actor.id, &idempotency.key, now).await?;
    match found {
        None => Ok(None),
        Some(record) if record.digest == idempotency.digest => Ok(Some(
            serde_json::from_str(&record.answer).map_err(StoreError::from)?,
        )),
        Some(_) => Err(Refusal::KeyReused.into()),
    }
}

fn entry_of(
    caller: &Caller,
    effect: &Effect,
    position: &Position,
    made: &Made,
    now: Timestamp,
) -> AuditEntry {
    AuditEntry {
        sequence: position.sequence + 1,
        at: now,
        epoch: made.epoch.to_string(),
        actor: AuditActor::from(effect.actor.as_ref().unwrap_or(&caller.actor)),
        source: caller.source.map(|address| address.to_string()),
        request_id: caller.request_id.clone(),
        action: effect.action.to_owned(),
        migration: effect.aim.migration.clone(),
        environment: effect.aim.environment.clone(),
        targets: effect.aim.targets.clone(),
        before: effect.before.clone(),
        after: effect.after.clone(),
        revision_seen: caller.revision_seen,
        revision_made: made.revision,
        reason: effect.reason.clone(),
        outcome: Outcome::Committed,
        summary: effect.summary.clone(),
    }
}

fn committed_of(effect: &Effect, entry: &AuditEntry, made: &Made) -> Committed {
    Committed {
        sequence: entry.sequence,
        at: entry.at,
        action: entry.action.clone(),
        summary: entry.summary.clone(),
        revision: made
            .revision
            .map(|revision| format!("{}:{revision}", made.epoch)),
        revision_number: made.revision,
        flags: effect.flags.clone(),
        unchanged: effect.unchanged.clone(),
        subject: effect.subject.clone(),
        version: effect.version,
    }
}

#[cfg(test)]
mod tests;
