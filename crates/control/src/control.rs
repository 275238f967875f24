//! [`Control`]: holds the parts together, and runs a command from authorisation to publication.

mod grouped;
mod writing;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Committed, Permission, Refusal};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::grouped::{Answer, Entry, Queue};

use crate::command::Command;
use crate::directory::Directory;
use crate::evidence::Retention;
use crate::feed::Feed;
use crate::feed_reads::FeedReads;
use crate::instances::Instances;
use crate::readers::Readers;
use crate::refused::{RefusalRecord, Refused};
use crate::snapshots::Snapshots;
use crate::store::{self, Connection, Health, Lane, Sessions, Store, StoreError, meta, outbox};
use crate::unwritten::Unwritten;
use crate::users::Users;
use crate::{Caller, Clock, CommandError, audit, conductor, maintenance, receipts};

/// What [`Control::open`] needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the databases are; made when it is not there.
    pub data_dir: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// Whether data is simulated, and pages say so.
    pub demo: bool,
    /// How long evidence is kept.
    pub retention: Retention,
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
    pub(crate) feed_reads: FeedReads,
    pub(crate) instances: Instances,
    pub(crate) users: Users,
    pub(crate) refused: Refused,
    pub(crate) queue: Queue,
    pub(crate) unwritten: Unwritten,
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
        let store = Store::open(&options.data_dir).await?;
        let position = load_position(&store).await?;
        let retention = options.retention;
        let control = Self::new(store, position, options);
        control.mint_epoch_of_a_backup().await?;
        control.reload().await?;
        receipts::restore(&control).await?;
        conductor::start(&control, control.inner.stopping.clone());
        maintenance::start(&control, retention, control.inner.stopping.clone());
        Ok(control)
    }

    /// Opens the data directory for queries alone, whoever writes it meanwhile: exports and verification change
    /// nothing, not even an older schema or a backup's epoch. Every command is answered with
    /// [`crate::Unavailable::Broken`], and no flag is loaded.
    pub async fn open_read_only(options: Options) -> Result<Self, StoreError> {
        let mut store = Store::open_read_only(&options.data_dir).await?;
        match load_position(&store).await {
            Ok(position) => Ok(Self::new(store, position, options)),
            Err(error) => Err(store.take_older().unwrap_or(error)),
        }
    }

    fn new(store: Store, position: Position, options: Options) -> Self {
        let inner = Arc::new(Inner {
            store: Arc::new(store),
            clock: options.clock,
            feed: Feed::default(),
            snapshots: Snapshots::default(),
            directory: Directory::default(),
            readers: Readers::default(),
            feed_reads: FeedReads::default(),
            instances: Instances::default(),
            users: Users::default(),
            refused: Refused::default(),
            queue: Queue::default(),
            unwritten: Unwritten::default(),
            overviews: crate::queries::OverviewCache::default(),
            verifier: tokio::sync::Mutex::default(),
            position: RwLock::new(position),
            demo: options.demo,
            stopping: CancellationToken::new(),
        });
        Self { inner }
    }

    /// Why queries of a data directory that is only read may fail: an older Switchback wrote it.
    pub fn older_schema(&self) -> Option<String> {
        self.inner.store.older().map(ToString::to_string)
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
        // Whoever may not has no place in the queue of rollbacks; the refusal is recorded all the same.
        let refused = authorise(caller, command.permission()).err();
        let lane = match refused {
            None => command.lane(&self.inner.snapshots),
            Some(_) => Lane::Normal,
        };
        let unauthorised = refused.as_ref().map(|_| (caller.clone(), record.clone()));
        let answered = self.wait_for_writer(caller, command, lane, record).await;
        match (answered, refused) {
            (Ok(answer), _) => answer.map_err(CommandError::Refused),
            (Err(error), Some(refusal)) => {
                tracing::warn!(%error, %refusal, "a refusal could not be recorded yet");
                if let Some((caller, record)) = unauthorised {
                    self.inner.record_refusal_later(&caller, record, &refusal);
                }
                Err(refusal.into())
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Lets the command wait for the writer, with whatever waits beside it.
    async fn wait_for_writer<C: Command>(
        &self,
        caller: &Caller,
        command: C,
        lane: Lane,
        record: RefusalRecord,
    ) -> Answer {
        let (answer, answered) = oneshot::channel();
        let brings_job = self.inner.queue.push(Entry {
            caller: caller.clone(),
            command,
            lane,
            record,
            answer,
        })?;
        if brings_job {
            tokio::spawn(Arc::clone(&self.inner).serve_lane(lane));
        }
        answered.await.unwrap_or_else(|_| Err(panicked()))
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

    /// Whether anybody ever signed in: until then every start shows a way in.
    pub async fn has_been_signed_in(&self) -> Result<bool, CommandError> {
        let mut connection = self.inner.store.scan().await?;
        Ok(store::audit::has_action(&mut connection, "user.sign_in").await?)
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
        if !self.inner.store.is_read_only() {
            maintenance::flush_everything(self).await;
        }
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

#[cfg(test)]
mod tests;

/// A command that panicked answers nobody.
fn panicked() -> StoreError {
    StoreError::Panicked("a command panicked".to_owned())
}
