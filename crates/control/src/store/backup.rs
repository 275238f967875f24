//! Backups: a copy of `switchback.db` in one file, and of `evidence.db` beside it. A copy is marked; whoever serves it
//! gets a new epoch, since clients may have seen later revisions than it holds.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use thiserror::Error;

use super::{Connection, DirectoryLock, EVIDENCE_FILE, STATE_FILE, StoreError, meta, open, schema};

/// Why a backup was not made or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A backup never overwrites.
    #[error("{} exists already. Choose another name; backups are never overwritten.", .0.display())]
    Exists(PathBuf),
    /// There is a database, or what a crash left of one, where the backup should go.
    #[error(
        "{} holds {} already. Restore into an empty directory, or move these files away first: what a database left beside it would be replayed into the restored one.",
        directory.display(),
        found.join(", ")
    )]
    NotEmpty {
        /// Which directory.
        directory: PathBuf,
        /// Names of the files.
        found: Vec<String>,
    },
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
/// The copies are for their owner alone: they hold hashes of tokens, and who did what.
pub async fn back_up(directory: &Path, file: &Path, mark: &str) -> Result<(), BackupError> {
    let evidence_file = beside(file, "-evidence");
    for target in [file, &evidence_file] {
        if target.exists() {
            return Err(BackupError::Exists(target.to_owned()));
        }
    }
    copy_marked(&directory.join(STATE_FILE), file, Some(mark)).await?;
    let evidence = directory.join(EVIDENCE_FILE);
    if evidence.exists() {
        copy_marked(&evidence, &evidence_file, None).await?;
    }
    Ok(())
}

async fn copy_marked(from: &Path, to: &Path, mark: Option<&str>) -> Result<(), BackupError> {
    let partial = beside(to, ".partial");
    // SQLite fills an empty file and keeps its mode, so that nobody else can read the copy at any time.
    create_private(&partial).map_err(|source| cannot_write(to, source))?;
    let copied = async {
        vacuum_into(from, &partial).await?;
        if let Some(mark) = mark {
            set_mark(&partial, mark).await?;
        }
        put_in_place(&partial, to)
    };
    let copied = copied.await;
    if copied.is_err() {
        let _not_there = std::fs::remove_file(&partial);
    }
    copied
}

async fn vacuum_into(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = open::reader_connection(from).await?;
    sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy().into_owned())
        .execute(&mut source)
        .await?;
    Ok(source.close().await?)
}

async fn set_mark(file: &Path, mark: &str) -> Result<(), BackupError> {
    let mut copy = open::writer_connection(file).await?;
    meta::set_backup_mark(&mut copy, mark).await?;
    // Leaves one file: no write-ahead log beside the copy.
    sqlx::query("PRAGMA journal_mode = DELETE")
        .execute(&mut copy)
        .await?;
    Ok(copy.close().await?)
}

/// Puts a backup in place as the databases of `directory`, which must hold none. Opening it then mints a new epoch.
pub async fn restore_into(directory: &Path, file: &Path) -> Result<(), BackupError> {
    open::create_directory(directory)?;
    let _lock = DirectoryLock::take(directory)?;
    let found = databases_in(directory);
    if !found.is_empty() {
        let directory = directory.to_owned();
        return Err(BackupError::NotEmpty { directory, found });
    }
    let mut copy = check_copy(file, &schema::STATE).await?;
    let not_a_backup = |why: String| BackupError::NotABackup {
        path: file.to_owned(),
        why,
    };
    match meta::backup_mark(&mut copy).await {
        Ok(Some(_)) => copy.close().await?,
        Ok(None) => {
            return Err(not_a_backup(
                "it carries no mark of `switchback backup`".into(),
            ));
        }
        Err(error) => return Err(not_a_backup(error.to_string())),
    }
    let evidence_file = beside(file, "-evidence");
    if evidence_file.exists() {
        let copy = check_copy(&evidence_file, &schema::EVIDENCE).await?;
        copy.close().await?;
        copy_file(&evidence_file, &directory.join(EVIDENCE_FILE))?;
    }
    copy_file(file, &directory.join(STATE_FILE))
}

/// Databases of a directory, and the files that `SQLite` keeps beside them: those of a server that crashed hold changes.
fn databases_in(directory: &Path) -> Vec<String> {
    [STATE_FILE, EVIDENCE_FILE]
        .iter()
        .flat_map(|file| ["", "-wal", "-shm", "-journal"].map(|suffix| format!("{file}{suffix}")))
        .filter(|name| directory.join(name).symlink_metadata().is_ok())
        .collect()
}

/// Opens a copy that is whole and not of a newer version.
async fn check_copy(file: &Path, schema: &schema::Schema) -> Result<Connection, BackupError> {
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
    match checked {
        Ok(verdict) if verdict == "ok" => {}
        Ok(verdict) => return Err(not_a_backup(verdict)),
        Err(error) => return Err(not_a_backup(error.to_string())),
    }
    schema::refuse_newer(&mut copy, schema).await?;
    Ok(copy)
}

fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let partial = beside(to, ".partial");
    create_private(&partial)
        .and_then(|mut target| std::io::copy(&mut File::open(from)?, &mut target))
        .map_err(|source| cannot_write(to, source))?;
    put_in_place(&partial, to)
}

/// An empty file for its owner alone.
fn create_private(file: &Path) -> std::io::Result<File> {
    let _not_there = std::fs::remove_file(file);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

/// Gives a whole file its name; both are on the disk afterwards.
fn put_in_place(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let directory = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(partial, to))
        .and_then(|()| File::open(directory)?.sync_all())
        .map_err(|source| cannot_write(to, source))
}

fn cannot_write(path: &Path, source: std::io::Error) -> BackupError {
    BackupError::Io {
        path: path.to_owned(),
        source,
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::{Store, faults};

    /// A backup of an empty store.
    async fn backup() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let store = Store::open(&data).await.unwrap();
        let file = directory.path().join("backup.db");
        back_up(&data, &file, "now").await.unwrap();
        store.close().await;
        (directory, file)
    }

    #[tokio::test]
    async fn a_backup_and_what_is_restored_from_it_are_for_their_owner_only() {
        let (directory, file) = backup().await;
        let restored = directory.path().join("restored");
        restore_into(&restored, &file).await.unwrap();
        for file in [
            file.clone(),
            beside(&file, "-evidence"),
            restored.join(STATE_FILE),
            restored.join(EVIDENCE_FILE),
        ] {
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
    }

    #[tokio::test]
    async fn a_backup_that_cannot_be_written_says_where_and_leaves_nothing() {
        let (directory, _) = backup().await;
        let file = directory.path().join("missing").join("backup.db");
        let refused = back_up(&directory.path().join("data"), &file, "now").await;
        assert!(
            matches!(refused, Err(BackupError::Io { .. })),
            "{refused:?}"
        );
        let file = directory.path().join("other.db");
        let refused = back_up(&directory.path().join("nowhere"), &file, "now").await;
        assert!(refused.is_err());
        assert!(!beside(&file, ".partial").exists());
    }

    #[tokio::test]
    async fn nothing_is_restored_beside_what_another_database_left() {
        let (directory, file) = backup().await;
        let restored = directory.path().join("restored");
        std::fs::create_dir(&restored).unwrap();
        for left in [
            "switchback.db",
            "switchback.db-wal",
            "switchback.db-shm",
            "switchback.db-journal",
            "evidence.db",
            "evidence.db-wal",
            "evidence.db-shm",
            "evidence.db-journal",
        ] {
            std::fs::write(restored.join(left), "kept").unwrap();
            let refused = restore_into(&restored, &file).await.unwrap_err();
            assert!(refused.to_string().contains(left), "{refused}");
            assert_eq!(std::fs::read(restored.join(left)).unwrap(), b"kept");
            std::fs::remove_file(restored.join(left)).unwrap();
        }
        restore_into(&restored, &file).await.unwrap();
    }

    #[tokio::test]
    async fn damaged_or_newer_evidence_is_not_restored() {
        let (directory, file) = backup().await;
        let restored = directory.path().join("restored");
        let evidence = beside(&file, "-evidence");
        faults::pretend_newer(&evidence).await.unwrap();
        let refused = restore_into(&restored, &file).await.unwrap_err();
        assert!(
            matches!(
                refused,
                BackupError::Store(StoreError::NewerVersion {
                    file: EVIDENCE_FILE,
                    ..
                })
            ),
            "{refused}"
        );
        std::fs::write(&evidence, vec![7; 8192]).unwrap();
        let refused = restore_into(&restored, &file).await.unwrap_err();
        assert!(
            matches!(&refused, BackupError::NotABackup { path, .. } if *path == evidence),
            "{refused}"
        );
        assert_eq!(databases_in(&restored), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_backup_of_an_older_schema_is_made_and_leaves_it_as_it_is() {
        let (directory, _) = backup().await;
        let data = directory.path().join("data");
        faults::pretend_older(&data.join(STATE_FILE)).await.unwrap();
        let file = directory.path().join("older.db");
        back_up(&data, &file, "now").await.unwrap();
        for file in [file, data.join(STATE_FILE)] {
            let mut copy = open::reader_connection(&file).await.unwrap();
            let found = schema::refuse_newer(&mut copy, &schema::STATE).await;
            assert_eq!(found.unwrap(), 0);
        }
    }
}
