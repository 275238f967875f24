//! The single writer of a file: a task that owns the connection and takes jobs from two bounded queues, the priority
//! lane first. A job runs to its end whatever becomes of who asked for it, so that a client that hangs up cannot
//! cancel a write half way.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::Connection as _;
use tokio::sync::{mpsc, oneshot};

use super::error::SqliteFailure;
use super::space::SpaceGuard;
use super::{Connection, StoreError};

/// Which queue a write waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// Rollbacks and the kill switch: served first, slots of their own, accepted when the disk is nearly full.
    Priority,
    /// Everything else.
    #[default]
    Normal,
}

/// Whether writes are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Yes.
    Ready,
    /// Only the priority lane: the disk is nearly full.
    ReadOnly,
    /// No more, and why.
    Broken(String),
}

/// Writes that may wait beside the priority lane.
const NORMAL_SLOTS: usize = 256;
/// Rollbacks that may wait.
const PRIORITY_SLOTS: usize = 64;

type Job = Box<dyn for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, ()> + Send>;

struct Queued {
    lane: Lane,
    job: Job,
    refused: oneshot::Sender<StoreError>,
}

/// A handle to a file's writer.
#[derive(Debug)]
pub(crate) struct Writer {
    priority: mpsc::Sender<Queued>,
    normal: mpsc::Sender<Queued>,
    closing: mpsc::Sender<oneshot::Sender<()>>,
    health: Arc<RwLock<Option<String>>>,
    space: Arc<SpaceGuard>,
}

impl Writer {
    /// Starts the task that owns `connection`. Only the file of decisions may use the ballast up.
    pub(super) fn start(
        connection: Connection,
        space: Arc<SpaceGuard>,
        holds_decisions: bool,
    ) -> Self {
        let (priority, priority_jobs) = mpsc::channel(PRIORITY_SLOTS);
        let (normal, normal_jobs) = mpsc::channel(NORMAL_SLOTS);
        let (closing, close_requests) = mpsc::channel(1);
        let health = Arc::new(RwLock::new(None));
        let task = WriterTask {
            connection,
            health: Arc::clone(&health),
            space: Arc::clone(&space),
            holds_decisions,
        };
        // A thread of its own waits for the database: waking it is one call to the kernel, while waking a worker of the
        // runtime takes several, and a change waits some twenty times.
        let runtime = tokio::runtime::Handle::current();
        let run = move || runtime.block_on(task.run(priority_jobs, normal_jobs, close_requests));
        if let Err(error) = thread::Builder::new().name("writer".into()).spawn(run) {
            tracing::error!(%error, "the writer's thread could not be started");
        }
        Self {
            priority,
            normal,
            closing,
            health,
            space,
        }
    }

    /// Of a file that is only read: takes nothing.
    pub(super) fn none(space: Arc<SpaceGuard>) -> Self {
        Self {
            priority: mpsc::channel(1).0,
            normal: mpsc::channel(1).0,
            closing: mpsc::channel(1).0,
            health: Arc::new(RwLock::new(Some("it is only read".into()))),
            space,
        }
    }

    /// Runs `work` on the connection and answers what it answered. `work` brings its own transaction.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the lane is full, [`StoreError::Full`] when the disk is, [`StoreError::Broken`] after
    /// an I/O error.
    pub(crate) async fn run<T, F>(&self, lane: Lane, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (refused, refusal) = oneshot::channel();
        let health = Arc::clone(&self.health);
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                let result = work(connection).await;
                if let Err(error) = &result {
                    note_fatal(&health, error);
                }
                let _caller_hung_up = answer.send(result);
            })
        });
        let queue = match lane {
            Lane::Priority => &self.priority,
            Lane::Normal => &self.normal,
        };
        queue
            .try_send(Queued { lane, job, refused })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => StoreError::Broken("closed".into()),
            })?;
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(refusal.await.unwrap_or(StoreError::Broken("closed".into()))),
        }
    }

    /// Whether writes are taken.
    pub(crate) fn health(&self) -> Health {
        let broken = self
            .health
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match broken {
            Some(why) => Health::Broken(why),
            None if self.normal.is_closed() => Health::Broken("its task has ended".into()),
            None if self.space.has_room() => Health::Ready,
            None => Health::ReadOnly,
        }
    }

    /// Takes no more writes: what memory holds, or the file, cannot be trusted.
    pub(crate) fn stop(&self, why: &str) {
        stop(&self.health, why);
    }

    /// Takes notice of an error that is not answered to anybody.
    pub(crate) fn note_failure(&self, error: &StoreError) {
        note_fatal(&self.health, error);
    }

    /// Frees the ballast's space for a rollback that found none; whether there was any.
    pub(crate) fn release_ballast(&self) -> bool {
        self.space.release()
    }

    /// Pretends that less than `bytes` free is low, for tests of a full disk.
    pub(crate) fn set_low_space_bytes(&self, bytes: u64) {
        self.space.set_low_bytes(bytes);
    }

    /// Lets what waits finish, then closes the file.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.closing.send(done).await.is_ok() {
            let _already_gone = closed.await;
        }
    }
}

struct WriterTask {
    connection: Connection,
    health: Arc<RwLock<Option<String>>>,
    space: Arc<SpaceGuard>,
    holds_decisions: bool,
}

impl WriterTask {
    async fn run(
        mut self,
        mut priority: mpsc::Receiver<Queued>,
        mut normal: mpsc::Receiver<Queued>,
        mut closing: mpsc::Receiver<oneshot::Sender<()>>,
    ) {
        loop {
            tokio::select! {
                biased;
                Some(queued) = priority.recv() => self.serve(queued).await,
                Some(queued) = normal.recv() => self.serve(queued).await,
                request = closing.recv() => {
                    while let Ok(queued) = priority.try_recv() { self.serve(queued).await; }
                    while let Ok(queued) = normal.try_recv() { self.serve(queued).await; }
                    if let Err(error) = self.connection.close().await {
                        tracing::warn!(%error, "closing a database failed");
                    }
                    if let Some(done) = request {
                        let _caller_hung_up = done.send(());
                    }
                    return;
                }
            }
        }
    }

    async fn serve(&mut self, queued: Queued) {
        if self.holds_decisions && queued.lane == Lane::Priority {
            self.space.release_when_spent();
        }
        let broken = self
            .health
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let admitted = match broken {
            Some(why) => Err(StoreError::Broken(why)),
            None => self.space.admit(queued.lane),
        };
        let done = match admitted {
            Ok(()) => self.attempt(queued.job).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let _caller_hung_up = queued.refused.send(error);
        }
    }

    /// Runs a job. One that panics is a defect of that job alone: its transaction is rolled back, and the next goes on.
    async fn attempt(&mut self, job: Job) -> Result<(), StoreError> {
        let Err(panic) = AssertUnwindSafe(job(&mut self.connection))
            .catch_unwind()
            .await
        else {
            return Ok(());
        };
        let why = words_of(panic.as_ref());
        tracing::error!(why, "a write panicked; it is rolled back");
        roll_back(&mut self.connection).await;
        Err(StoreError::Panicked(why))
    }
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => (*words).to_owned(),
        (None, Some(words)) => words.clone(),
        (None, None) => "it said nothing".to_owned(),
    }
}

fn note_fatal(health: &RwLock<Option<String>>, error: &StoreError) {
    let StoreError::Sql(sql) = error else { return };
    if SqliteFailure::of(sql) == SqliteFailure::Fatal {
        stop(health, &sql.to_string());
    }
}

fn stop(health: &RwLock<Option<String>>, why: &str) {
    tracing::error!(why, "writing stops: the database cannot be trusted");
    *health.write().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
}

/// `BEGIN IMMEDIATE`, `work`, `COMMIT`; any error rolls back. Nothing but the database is awaited in between.
pub(crate) async fn in_transaction<T, E, F>(connection: &mut Connection, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>>,
{
    begin(connection).await?;
    match work(connection).await {
        Ok(value) => {
            commit(connection).await?;
            Ok(value)
        }
        Err(error) => {
            roll_back(connection).await;
            Err(error)
        }
    }
}

/// `BEGIN IMMEDIATE`.
pub(crate) async fn begin(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(connection).await?;
    Ok(())
}

/// `COMMIT`; a failure rolls back, so that the connection is usable again.
pub(crate) async fn commit(connection: &mut Connection) -> Result<(), StoreError> {
    match sqlx::query("COMMIT").execute(&mut *connection).await {
        Ok(_) => Ok(()),
        Err(error) => {
            roll_back(connection).await;
            Err(error.into())
        }
    }
}

/// `ROLLBACK`; `SQLite` may have done so by itself.
pub(crate) async fn roll_back(connection: &mut Connection) {
    let _already_rolled_back = sqlx::query("ROLLBACK").execute(connection).await;
}

/// Marks a place in a transaction: what follows is kept by [`keep`] or undone by [`forget`].
pub(crate) async fn savepoint(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("SAVEPOINT one").execute(connection).await?;
    Ok(())
}

/// Keeps what was written since [`savepoint`], as a part of the transaction.
pub(crate) async fn keep(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("RELEASE one").execute(connection).await?;
    Ok(())
}

/// Undoes what was written since [`savepoint`]; the transaction goes on.
pub(crate) async fn forget(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("ROLLBACK TO one")
        .execute(&mut *connection)
        .await?;
    keep(connection).await
}

/// Moves when another connection wrote the file.
pub(crate) async fn data_version(connection: &mut Connection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, faults, meta};

    async fn store() -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        (store, directory)
    }

    #[tokio::test]
    async fn a_job_that_panics_is_rolled_back_and_the_next_one_runs() {
        let (store, _directory) = store().await;
        let panicked = store.state.run(Lane::Normal, |connection| {
            Box::pin(async move {
                begin(connection).await?;
                meta::set_revision(connection, 7, &[]).await?;
                panic!("a defect")
            })
        });
        let panicked: Result<(), _> = panicked.await;
        let Err(StoreError::Panicked(why)) = panicked else {
            panic!("{panicked:?}")
        };
        assert_eq!(why, "a defect");
        let revision = store
            .state
            .run(Lane::Normal, |connection| {
                Box::pin(async move {
                    in_transaction(connection, |c| Box::pin(meta::revision(c))).await
                })
            })
            .await
            .unwrap();
        assert_eq!((revision, store.health()), (0, Health::Ready));
    }

    #[tokio::test]
    async fn a_writer_without_its_task_is_broken() {
        let (store, _directory) = store().await;
        store.state.close().await;
        // The thread answers before it ends.
        store.state.normal.closed().await;
        assert!(matches!(store.health(), Health::Broken(_)));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_any_more_stops_writing() {
        let (store, _directory) = store().await;
        let forbidden = store.state.run(Lane::Normal, |connection| {
            Box::pin(async move {
                faults::forbid_writing(connection).await?;
                begin(connection).await
            })
        });
        assert!(forbidden.await.is_err());
        assert!(matches!(store.health(), Health::Broken(_)));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_is_fatal() {
        let directory = tempfile::tempdir().unwrap();
        let missing = crate::store::open::reader_connection(&directory.path().join("none")).await;
        let Err(StoreError::Sql(error)) = missing else {
            panic!("it was opened")
        };
        assert_eq!(SqliteFailure::of(&error), SqliteFailure::Fatal);
    }
}
