//! Opening connections with the settings that durability rests on, and reading each setting back.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlitePool};

use super::{Connection, StoreError};

/// Oldest `SQLite` whose write-ahead log is safe under a pool.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

pub(super) fn create_directory(directory: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory {
        path: directory.to_owned(),
        source,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .synchronous(SqliteSynchronous::Full)
        .pragma("recursive_triggers", "ON")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(256)
        // A list of modules comes over in one go, not row by row between two threads.
        .row_buffer_size(4_096)
        .disable_statement_logging()
}

/// The one connection that writes a file.
pub(super) async fn writer_connection(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .connect()
        .await?;
    check_settings(&mut connection).await?;
    Ok(connection)
}

/// Read-only connections beside it, opened when needed.
pub(super) fn reader_pool(path: &Path, size: u32) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .connect_lazy_with(options(path).read_only(true).pragma("query_only", "ON"))
}

/// One read-only connection, for exports, verification and backups beside a running server.
pub(super) async fn reader_connection(path: &Path) -> Result<Connection, StoreError> {
    Ok(options(path).read_only(true).connect().await?)
}

async fn check_settings(connection: &mut Connection) -> Result<(), StoreError> {
    let text = "text";
    let found: [(&'static str, String, &'static str); 6] = [
        (
            "journal_mode",
            pragma(connection, "PRAGMA journal_mode", text).await?,
            "wal",
        ),
        (
            "synchronous",
            pragma(connection, "PRAGMA synchronous", "").await?,
            "2",
        ),
        (
            "foreign_keys",
            pragma(connection, "PRAGMA foreign_keys", "").await?,
            "1",
        ),
        (
            "busy_timeout",
            pragma(connection, "PRAGMA busy_timeout", "").await?,
            "5000",
        ),
        (
            "recursive_triggers",
            pragma(connection, "PRAGMA recursive_triggers", "").await?,
            "1",
        ),
        (
            "trusted_schema",
            pragma(connection, "PRAGMA trusted_schema", "").await?,
            "0",
        ),
    ];
    for (setting, found, wanted) in found {
        if found != wanted {
            return Err(StoreError::Setting {
                setting,
                found,
                wanted,
            });
        }
    }
    Ok(())
}

async fn pragma(
    connection: &mut Connection,
    statement: &'static str,
    kind: &str,
) -> Result<String, StoreError> {
    if kind == "text" {
        Ok(sqlx::query_scalar::<_, String>(statement)
            .fetch_one(connection)
            .await?)
    } else {
        let value = sqlx::query_scalar::<_, i64>(statement)
            .fetch_one(connection)
            .await?;
        Ok(value.to_string())
    }
}

pub(super) async fn require_sqlite_version(connection: &mut Connection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await?;
    if is_recent_enough(&version) {
        Ok(())
    } else {
        Err(StoreError::SqliteTooOld(version))
    }
}

fn is_recent_enough(version: &str) -> bool {
    let parts: Vec<u32> = version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    parts.as_slice() >= OLDEST_SQLITE.as_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_recognised() {
        for (version, enough) in [
            ("3.51.3", true),
            ("3.52.0", true),
            ("3.51.2", false),
            ("3.9.99", false),
            ("", false),
        ] {
            assert_eq!(is_recent_enough(version), enough, "{version}");
        }
    }
}
