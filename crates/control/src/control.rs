//! [`Control`]: holds the parts together, and runs a command from authorisation to publication.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use domain::audit::{AuditActor, AuditEntry, Outcome};
use domain::{Committed, Permission, Refusal, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::command::{Command, Effect, Work};
use crate::directory::Directory;
use crate::error::Stopped;
use crate::feed::{Event, Feed};
use crate::instances::Instances;
use crate::readers::Readers;
use crate::refused::{RefusalRecord, Refused};
use crate::snapshots::Snapshots;
use crate::store::{
    self, Connection, Health, Lane, Sessions, Store, StoreError, idempotency, meta, outbox,
};
use crate::users::Users;
use crate::{Caller, Clock, CommandError, audit, maintenance, receipts};

/// What [`Control::open`] needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the databases are; made when it is not there.
    pub data_dir: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// Whether data is simulated, and pages say so.
    pub demo: bool,
}

/// Everything that commands and queries work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

/// Where the server stands: moved on by the writer's task alone, after each commit.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) epoch: Arc<str>,
    pub(crate) revision: u64,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    pub(crate) snapshots: Snapshots,
    pub(crate) directory: Directory,
    pub(crate) readers: Readers,
    pub(crate) instances: Instances,
    pub(crate) users: Users,
    pub(crate) refused: Refused,
    pub(crate) overviews: crate::queries::OverviewCache,
    pub(crate) verifier: tokio::sync::Mutex<audit::Verifier>,
    position: RwLock<Position>,
    demo: bool,
    stopping: CancellationToken,
}

impl Control {
    /// Opens the data directory, loads what is kept in memory, announces what was committed but perhaps not announced,
    /// and starts the upkeep.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let store = Arc::new(Store::open(&options.data_dir).await?);
        let position = load_position(&store).await?;
        let inner = Arc::new(Inner {
            store,
            clock: options.clock,
            feed: Feed::default(),
            snapshots: Snapshots::default(),
            directory: Directory::default(),
            readers: Readers::default(),
            instances: Instances::default(),
            users: Users::default(),
            refused: Refused::default(),
            overviews: crate::queries::OverviewCache::default(),
            verifier: tokio::sync::Mutex::default(),
            position: RwLock::new(position),
            demo: options.demo,
            stopping: CancellationToken::new(),
        });
        let control = Self { inner };
        control.mint_epoch_of_a_backup().await?;
        control.reload().await?;
        receipts::restore(&control).await?;
        maintenance::start(&control, control.inner.stopping.clone());
        Ok(control)
    }

    /// Runs a command. The answer comes after the commit, when every reader in this process already sees the change.
    ///
    /// # Errors
    /// [`CommandError::Refused`] when a rule says no (recorded in the audit log where it was a 403 or 409),
    /// [`CommandError::Unavailable`] when the store cannot take it.
    pub async fn execute<C: Command>(
        &self,
        caller: &Caller,
        command: C,
    ) -> Result<Committed, CommandError> {
        let record = RefusalRecord {
            action: command.action(),
            aim: command.aim(),
            reason: command.reason().to_owned(),
        };
        let lane = command.lane(&self.inner.snapshots);
        let inner = Arc::clone(&self.inner);
        let caller = caller.clone();
        let stopped = inner
            .store
            .state
            .run(lane, {
                let inner = Arc::clone(&inner);
                move |connection| {
                    Box::pin(
                        async move { inner.answer(connection, &caller, command, record).await },
                    )
                }
            })
            .await?;
        stopped.map_err(CommandError::Refused)
    }

    /// Announcements of changes.
    pub fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// Flag state in memory.
    pub fn snapshots(&self) -> &Snapshots {
        &self.inner.snapshots
    }

    /// Bearer tokens in memory.
    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// Who reads flags.
    pub fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    /// Sessions, for the edge.
    pub fn sessions(&self) -> Sessions {
        Sessions::new(Arc::clone(&self.inner.store))
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Whether data is simulated.
    pub fn demo(&self) -> bool {
        self.inner.demo
    }

    /// The store's epoch.
    pub fn epoch(&self) -> Arc<str> {
        self.inner.position().epoch
    }

    /// The server's revision.
    pub fn revision(&self) -> u64 {
        self.inner.position().revision
    }

    /// Sequence of the newest audit entry.
    pub fn head_sequence(&self) -> u64 {
        self.inner.position().sequence
    }

    /// Whether writes are taken.
    pub fn health(&self) -> Health {
        self.inner.store.health()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self.inner.store.directory()
    }

    /// Pretends that less than `bytes` free is low, for tests of a full disk.
    pub fn set_low_space_bytes(&self, bytes: u64) {
        self.inner.store.state.set_low_space_bytes(bytes);
    }

    /// Finishes what was begun, then closes the files.
    pub async fn close(&self) {
        self.inner.stopping.cancel();
        maintenance::flush(self).await;
        self.inner.store.close().await;
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn shared(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }

    pub(crate) fn from_shared(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Loads everything kept in memory from the database, and announces what waits in the outbox.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.inner);
        self.inner
            .store
            .state
            .run(Lane::Priority, move |connection| {
                Box::pin(async move { inner.reload_from(connection).await })
            })
            .await
    }

    async fn mint_epoch_of_a_backup(&self) -> Result<(), StoreError> {
        let mut connection = self.inner.store.read().await?;
        let Some(mark) = meta::backup_mark(&mut connection).await? else {
            return Ok(());
        };
        drop(connection);
        let caller = Caller::server("restore");
        match self
            .execute(&caller, crate::commands::MintEpoch { mark })
            .await
        {
            Ok(_) => Ok(()),
            Err(CommandError::Internal(error)) => Err(error),
            Err(other) => Err(StoreError::Broken(other.to_string())),
        }
    }
}

async fn load_position(store: &Store) -> Result<Position, StoreError> {
    let mut connection = store.read().await?;
    let (sequence, hash) = store::audit::head(&mut connection).await?;
    Ok(Position {
        epoch: meta::epoch(&mut connection).await?.into(),
        revision: meta::revision(&mut connection).await?,
        sequence,
        hash,
    })
}

impl Inner {
    pub(crate) fn position(&self) -> Position {
        self.position
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_position(&self, position: Position) {
        *self
            .position
            .write()
            .unwrap_or_else(PoisonError::into_inner) = position;
    }

    pub(crate) async fn reload_from(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let (sequence, hash) = store::audit::head(connection).await?;
        let position = Position {
            epoch: meta::epoch(connection).await?.into(),
            revision: meta::revision(connection).await?,
            sequence,
            hash,
        };
        self.snapshots
            .reload_all(connection, &position.epoch)
            .await?;
        self.directory.reload(connection).await?;
        self.users.forget_all();
        self.set_position(position);
        for event in outbox::pending(connection).await? {
            self.feed.publish(event);
        }
        Ok(())
    }

    /// The writer's job for one command: the inner error is a refusal, the outer one the store's.
    async fn answer<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
        record: RefusalRecord,
    ) -> Result<Result<Committed, Refusal>, StoreError> {
        let stopped = match authorise(caller, command.permission()) {
            Ok(()) => match self.perform(connection, caller, command).await {
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

    async fn perform<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
    ) -> Result<Committed, Stopped> {
        store::begin(connection).await?;
        let done = match self.in_transaction(connection, caller, command).await {
            Ok(done) => done,
            Err(stopped) => {
                store::roll_back(connection).await;
                return Err(stopped);
            }
        };
        match done {
            Performed::Before(committed) => {
                store::roll_back(connection).await;
                Ok(committed)
            }
            Performed::Now {
                committed,
                effect,
                position,
                event,
            } => {
                store::commit(connection).await?;
                self.publish(connection, &effect, position, event, committed.at)
                    .await;
                Ok(committed)
            }
        }
    }

    async fn in_transaction<C: Command>(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        command: C,
    ) -> Result<Performed, Stopped> {
        let now = self.clock.now();
        if let Some(committed) = answered_before(connection, caller, now).await? {
            return Ok(Performed::Before(committed));
        }
        let position = self.position();
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
            meta::set_revision(connection, revision).await?;
            for environment in &effect.snapshots {
                store::environments::set_revision(connection, *environment, revision).await?;
            }
        }
        let entry = entry_of(caller, &effect, &position, &made, now);
        audit::append(connection, &entry, &position.hash).await?;
        for module in &effect.modules {
            store::audit::link_module(connection, entry.sequence, *module).await?;
        }
        let event = Event {
            sequence: entry.sequence,
            migration: effect.aim.migration.clone(),
            topics: effect.topics.clone(),
        };
        outbox::remove_announced(connection, position.sequence).await?;
        outbox::put(connection, &event).await?;
        let committed = committed_of(&effect, &entry, &made);
        if let Some(idempotency) = &caller.idempotency {
            let answer = serde_json::to_string(&committed).map_err(StoreError::from)?;
            let (key, digest) = (&idempotency.key, &idempotency.digest);
            idempotency::keep(connection, &caller.actor.id, key, digest, &answer, now).await?;
        }
        let (sequence, hash) = store::audit::head(connection).await?;
        let position = Position {
            epoch: made.epoch,
            revision: made.revision.unwrap_or(position.revision),
            sequence,
            hash,
        };
        Ok(Performed::Now {
            committed,
            effect: Box::new(effect),
            position,
            event,
        })
    }

    async fn publish(
        &self,
        connection: &mut Connection,
        effect: &Effect,
        position: Position,
        event: Event,
        stored_at: Timestamp,
    ) {
        let before = self.position();
        let new_epoch = position.epoch != before.epoch;
        let moved = position.revision != before.revision;
        let epoch = Arc::clone(&position.epoch);
        self.set_position(position);
        let reloaded = async {
            if new_epoch {
                self.snapshots.reload_all(connection, &epoch).await?;
            } else if let Some(migration) = &effect.aim.migration
                && !effect.snapshots.is_empty()
            {
                let made = self
                    .snapshots
                    .reload(connection, migration, &effect.snapshots, &epoch)
                    .await?;
                if moved {
                    self.expect_receipts(migration, made, event.sequence, stored_at);
                }
            }
            if effect.access {
                self.directory.reload(connection).await?;
                self.users.forget_all();
            }
            Ok::<(), StoreError>(())
        };
        if let Err(error) = reloaded.await {
            tracing::error!(%error, "a committed change could not be loaded; loading everything");
            if let Err(error) = self.reload_from(connection).await {
                tracing::error!(%error, "loading everything failed too");
            }
        }
        self.feed.publish(event);
    }

    async fn record_refusal(
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
        if let Some(draft) = self.refused.note(caller, record, refusal, now) {
            self.append_outside_commands(connection, &draft, now).await;
        }
    }

    /// Appends an entry that no command wrote: a refusal, or several.
    pub(crate) async fn append_outside_commands(
        &self,
        connection: &mut Connection,
        draft: &crate::refused::Draft,
        now: Timestamp,
    ) {
        let position = self.position();
        let entry = draft.entry(position.sequence + 1, &position.epoch, now);
        let event = Event {
            sequence: entry.sequence,
            migration: entry.migration.clone(),
            topics: vec![crate::feed::Topic::Audit],
        };
        let appended = async {
            store::begin(connection).await?;
            if let Err(error) = audit::append(connection, &entry, &position.hash).await {
                store::roll_back(connection).await;
                return Err(error);
            }
            store::commit(connection).await?;
            store::audit::head(connection).await
        };
        match appended.await {
            Ok((sequence, hash)) => {
                self.set_position(Position {
                    sequence,
                    hash,
                    ..position
                });
                self.feed.publish(event);
            }
            Err(error) => tracing::error!(%error, "a refusal could not be recorded"),
        }
    }
}

/// What a command's transaction made beside its rows.
struct Made {
    epoch: Arc<str>,
    revision: Option<u64>,
}

enum Performed {
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

/// Whether the actor may: a migration they may not see does not exist for them.
pub(crate) fn authorise(caller: &Caller, permission: Permission<'_>) -> Result<(), Refusal> {
    if caller.actor.may(permission) {
        return Ok(());
    }
    match permission.migration() {
        Some(migration) if caller.actor.role_in(migration).is_none() => {
            Err(Refusal::not_found("migration", migration.as_str()))
        }
        _ => Err(Refusal::Forbidden {
            needs: permission.role(),
        }),
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
