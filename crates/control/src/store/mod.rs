//! The only SQL. Two files in the data directory, each with its own single writer and a pool of read-only readers:
//! `switchback.db` (state, audit) and `evidence.db` (what may be lost without losing a decision).
//!
//! [`Store::open`] takes the directory's lock, brings both schemas up to date and reads every setting back. Rows are
//! turned into domain types here; a row that does not fit is a [`StoreError::Corrupt`].

pub(crate) mod audit;
mod backup;
pub(crate) mod batches;
pub(crate) mod calendar_feeds;
pub(crate) mod checklists;
pub(crate) mod comparisons;
pub(crate) mod dependencies;
pub(crate) mod drafts;
pub(crate) mod environments;
mod error;
#[cfg(test)]
pub(crate) mod faults;
pub(crate) mod flags;
pub(crate) mod grants;
pub(crate) mod idempotency;
pub(crate) mod instances;
pub(crate) mod issue_lists;
pub(crate) mod issues;
pub(crate) mod last_change;
pub(crate) mod links;
mod lock;
pub(crate) mod meta;
pub(crate) mod migrations;
pub(crate) mod milestones;
pub(crate) mod modules;
mod open;
pub(crate) mod outbox;
pub(crate) mod phases;
pub(crate) mod plan_items;
pub(crate) mod readers;
pub(crate) mod samples;
pub(crate) mod scans;
mod schema;
pub(crate) mod search;
pub(crate) mod series;
mod sessions;
pub(crate) mod snapshots;
mod space;
#[cfg(test)]
mod statements;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod windows;
pub(crate) mod words;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Sqlite, SqlitePool};

pub use backup::{BackupError, back_up, restore_into};
pub use error::StoreError;
pub use lock::DirectoryLock;
pub use sessions::Sessions;
pub use space::{BALLAST_BYTES, LOW_SPACE_BYTES};
pub use writer::{Health, Lane};

pub(crate) use writer::{
    Writer, begin, commit, data_version, forget, in_transaction, keep, roll_back, savepoint,
    words_of,
};

/// A connection to one of the two files.
pub type Connection = sqlx::SqliteConnection;

/// A read-only transaction: everything read in it is of one moment.
pub(crate) type Moment = sqlx::Transaction<'static, Sqlite>;

/// `switchback.db`, in the data directory.
pub const STATE_FILE: &str = "switchback.db";
/// `evidence.db`, beside it.
pub const EVIDENCE_FILE: &str = "evidence.db";
/// The control socket, beside them.
pub const CONTROL_SOCKET: &str = "control.sock";

/// Read-only connections to `switchback.db` for pages and the API.
const READERS: u32 = 4;

/// Both files, open and checked.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    pub(crate) state: Writer,
    pub(crate) evidence: Writer,
    readers: SqlitePool,
    evidence_readers: SqlitePool,
    scans: SqlitePool,
    space: Arc<space::SpaceGuard>,
    /// `None` where the files are only read.
    lock: Option<DirectoryLock>,
    /// What an older schema is answered with, where the files are only read.
    older: Option<StoreError>,
}

impl Store {
    /// Opens the data directory for writing, making it when it is not there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it, [`StoreError::NewerVersion`] when a newer Switchback wrote it.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        open::create_directory(directory)?;
        let lock = DirectoryLock::take(directory)?;
        let (state_path, evidence_path) =
            (directory.join(STATE_FILE), directory.join(EVIDENCE_FILE));
        let mut state = open::writer_connection(&state_path).await?;
        let mut evidence = open::writer_connection(&evidence_path).await?;
        open::require_sqlite_version(&mut state).await?;
        schema::bring_up_to_date(&mut state, &schema::STATE).await?;
        schema::bring_up_to_date(&mut evidence, &schema::EVIDENCE).await?;
        meta::ensure(&mut state).await?;
        let guard = Arc::new(space::SpaceGuard::new(directory));
        guard.recover()?;
        Ok(Self {
            directory: directory.to_owned(),
            state: Writer::start(state, Arc::clone(&guard), true),
            evidence: Writer::start(evidence, Arc::clone(&guard), false),
            space: guard,
            readers: open::reader_pool(&state_path, READERS),
            evidence_readers: open::reader_pool(&evidence_path, 2),
            scans: open::reader_pool(&state_path, scans::SCANS),
            lock: Some(lock),
            older: None,
        })
    }

    /// Opens a data directory for reading alone, also beside a process that writes it: takes no lock, makes nothing,
    /// and leaves an older schema as it is.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`] when a newer Switchback wrote it.
    pub async fn open_read_only(directory: &Path) -> Result<Self, StoreError> {
        let (state_path, evidence_path) =
            (directory.join(STATE_FILE), directory.join(EVIDENCE_FILE));
        let mut state = open::reader_connection(&state_path).await?;
        open::require_sqlite_version(&mut state).await?;
        let older = schema::note_older(&mut state, &schema::STATE).await?;
        state.close().await?;
        let guard = Arc::new(space::SpaceGuard::new(directory));
        Ok(Self {
            directory: directory.to_owned(),
            state: Writer::none(Arc::clone(&guard)),
            evidence: Writer::none(Arc::clone(&guard)),
            readers: open::reader_pool(&state_path, READERS),
            evidence_readers: open::reader_pool(&evidence_path, 2),
            scans: open::reader_pool(&state_path, scans::SCANS),
            space: guard,
            lock: None,
            older,
        })
    }

    /// Whether the files are only read.
    pub(crate) fn is_read_only(&self) -> bool {
        self.lock.is_none()
    }

    /// The same, for whoever could not go on because of it.
    pub(crate) fn take_older(&mut self) -> Option<StoreError> {
        self.older.take()
    }

    /// Why a statement may not run on files that are only read: their schema is older.
    pub(crate) fn older(&self) -> Option<&StoreError> {
        self.older.as_ref()
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A read-only connection to `switchback.db`.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A read-only transaction on `switchback.db`: everything read in it is of one moment.
    pub(crate) async fn read_moment(&self) -> Result<Moment, StoreError> {
        Ok(self.readers.begin().await?)
    }

    /// A read-only connection to `switchback.db` for what looks through the audit log: of its own pool, and with a
    /// limit to how long a statement may take.
    pub(crate) async fn scan(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        scans::acquire(&self.scans).await
    }

    /// A read-only connection to `evidence.db`.
    pub(crate) async fn read_evidence(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.evidence_readers.acquire().await?)
    }

    /// Whether writes are taken.
    pub fn health(&self) -> Health {
        self.state.health()
    }

    /// Lays the ballast again where there is space for it.
    pub(crate) fn recover_space(&self) {
        if let Err(error) = self.space.recover() {
            tracing::warn!(%error, "the ballast file could not be laid");
        }
    }

    /// Finishes what was begun, then closes both files.
    pub async fn close(&self) {
        self.state.close().await;
        self.evidence.close().await;
        self.readers.close().await;
        self.scans.close().await;
        self.evidence_readers.close().await;
    }
}
