//! Backups: a copy of `switchback.db` in one file, and of `evidence.db` beside it. A copy is marked; whoever serves it
//! gets a new epoch, since clients may have seen later revisions than it holds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use thiserror::Error;

use super::{DirectoryLock, EVIDENCE_FILE, STATE_FILE, StoreError, meta, open, schema};

/// Why a backup was not made or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A backup never overwrites.
    #[error("{} exists already. Choose another name; backups are never overwritten.", .0.display())]
    Exists(PathBuf),
    /// There is a database where the backup should go.
    #[error("{} holds a database already. Restore into an empty directory, or move that one away first.", .0.display())]
    NotEmpty(PathBuf),
    /// The file is not a Switchback backup.
    #[error("{} is not a Switchback backup: {why}", path.display())]
    NotABackup {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The files could not be read or written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Copies the data directory's databases to `file` and `file` + `-evidence`, consistent each, while a server may run.
pub async fn back_up(directory: &Path, file: &Path, mark: &str) -> Result<(), BackupError> {
    let evidence_file = beside(file, "-evidence");
    for target in [file, &evidence_file] {
        if target.exists() {
            return Err(BackupError::Exists(target.to_owned()));
        }
    }
    copy_marked(&directory.join(STATE_FILE), file, Some(mark)).await?;
    copy_marked(&directory.join(EVIDENCE_FILE), &evidence_file, None).await
}

async fn copy_marked(from: &Path, to: &Path, mark: Option<&str>) -> Result<(), BackupError> {
    let partial = beside(to, ".partial");
    let _not_there = std::fs::remove_file(&partial);
    let mut source = open::reader_connection(from).await?;
    sqlx::query("VACUUM INTO $1")
        .bind(partial.to_string_lossy().into_owned())
        .execute(&mut source)
        .await?;
    source.close().await?;
    if let Some(mark) = mark {
        let mut copy = open::writer_connection(&partial).await?;
        meta::set_backup_mark(&mut copy, mark).await?;
        // Leaves one file: no write-ahead log beside the copy.
        sqlx::query("PRAGMA journal_mode = DELETE")
            .execute(&mut copy)
            .await?;
        copy.close().await?;
    }
    let io = |source| BackupError::Io {
        path: to.to_owned(),
        source,
    };
    std::fs::File::open(&partial)
        .and_then(|file| file.sync_all())
        .map_err(io)?;
    std::fs::rename(&partial, to).map_err(io)
}

/// Puts a backup in place as the databases of `directory`, which must hold none. Opening it then mints a new epoch.
pub async fn restore_into(directory: &Path, file: &Path) -> Result<(), BackupError> {
    open::create_directory(directory)?;
    let _lock = DirectoryLock::take(directory)?;
    let target = directory.join(STATE_FILE);
    if target.exists() {
        return Err(BackupError::NotEmpty(directory.to_owned()));
    }
    check_backup(file).await?;
    let evidence_file = beside(file, "-evidence");
    if evidence_file.exists() {
        copy_file(&evidence_file, &directory.join(EVIDENCE_FILE))?;
    }
    copy_file(file, &target)
}

async fn check_backup(file: &Path) -> Result<(), BackupError> {
    let not_a_backup = |why: String| BackupError::NotABackup {
        path: file.to_owned(),
        why,
    };
    if !file.is_file() {
        return Err(not_a_backup("there is no such file".into()));
    }
    let mut copy = open::reader_connection(file)
        .await
        .map_err(|error| not_a_backup(error.to_string()))?;
    let checked: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA quick_check")
        .fetch_one(&mut copy)
        .await;
    let verdict = checked.map_err(|error| not_a_backup(error.to_string()))?;
    if verdict != "ok" {
        return Err(not_a_backup(verdict));
    }
    schema::refuse_newer(&mut copy, &schema::STATE).await?;
    match meta::backup_mark(&mut copy).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(not_a_backup(
            "it carries no mark of `switchback backup`".into(),
        )),
        Err(error) => Err(not_a_backup(error.to_string())),
    }
}

fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let io = |source| BackupError::Io {
        path: to.to_owned(),
        source,
    };
    let partial = beside(to, ".partial");
    std::fs::copy(from, &partial).map_err(io)?;
    std::fs::File::open(&partial)
        .and_then(|file| file.sync_all())
        .map_err(io)?;
    std::fs::rename(&partial, to).map_err(io)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}
