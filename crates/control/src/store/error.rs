//! What can go wrong with the files.

use std::path::PathBuf;

use thiserror::Error;

use crate::Unavailable;

/// What went wrong with the data directory or a statement.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process holds the lock.
    #[error("The data directory {} is in use by another switchback process. Stop it, or talk to it: commands given the same directory do so by themselves.", .0.display())]
    Locked(PathBuf),
    /// A newer Switchback wrote it.
    #[error(
        "{file} was written by a newer Switchback (schema {found}, this one knows {known}). Run that version, or restore a backup made by this one."
    )]
    NewerVersion {
        /// Which file.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// An older Switchback wrote it, and it was opened for reading only.
    #[error(
        "{file} was written by an older Switchback (schema {found}, this one knows {known}) and lacks what this command reads. Start `switchback serve` on it once: that brings it up to date. `switchback backup` copies it as it is."
    )]
    OlderVersion {
        /// Which file.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// Older `SQLite` can corrupt a write-ahead log under a pool.
    #[error(
        "SQLite {0} is too old: at least 3.51.3 is needed. This binary was built against the wrong library; build it with the bundled one."
    )]
    SqliteTooOld(String),
    /// A setting did not take.
    #[error(
        "SQLite refused a setting: {setting} is {found}, it must be {wanted}. Is the data directory on a local disk?"
    )]
    Setting {
        /// The pragma.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// Too many writes wait.
    #[error("too many writes are waiting")]
    Busy,
    /// Not enough space on the disk.
    #[error("the disk is full")]
    Full,
    /// Writing has stopped after an I/O error or corruption.
    #[error("writing has stopped: {0}")]
    Broken(String),
    /// A defect: the work panicked, and was rolled back.
    #[error("a write panicked: {0}")]
    Panicked(String),
    /// A row that no version of this program wrote.
    #[error("a row of {table} is corrupt: {why}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// How.
        why: String,
    },
    /// The data directory could not be read or made.
    #[error("cannot use {}: {source}", path.display())]
    Directory {
        /// Which path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Any other answer of `SQLite`.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// JSON that was not written by this program.
    #[error("stored JSON is corrupt: {0}")]
    Json(#[from] serde_json::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(std::io::Error),
}

impl StoreError {
    /// A row that does not fit.
    pub(crate) fn corrupt(table: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            table,
            why: why.to_string(),
        }
    }

    /// The same for another who waited for the same work.
    pub(crate) fn of_another(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::Panicked(why) => Self::Panicked(why.clone()),
            Self::Broken(why) => Self::Broken(why.clone()),
            other => Self::Broken(other.to_string()),
        }
    }

    /// Whether it means that writes cannot be taken now.
    pub(crate) fn unavailable(&self) -> Option<Unavailable> {
        match self {
            Self::Busy => Some(Unavailable::Busy),
            Self::Full => Some(Unavailable::Full),
            Self::Broken(_) => Some(Unavailable::Broken),
            Self::Sql(error) => match SqliteFailure::of(error) {
                SqliteFailure::Busy => Some(Unavailable::Busy),
                SqliteFailure::Full => Some(Unavailable::Full),
                SqliteFailure::Fatal => Some(Unavailable::Broken),
                SqliteFailure::Interrupted => Some(Unavailable::TooLong),
                SqliteFailure::Other => None,
            },
            _ => None,
        }
    }
}

/// Classes of `SQLite`'s result codes that are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqliteFailure {
    /// Somebody else writes.
    Busy,
    /// The disk is full.
    Full,
    /// I/O error, corruption, not a database, a file that cannot be opened or written any more.
    Fatal,
    /// A scan that took too long was ended.
    Interrupted,
    /// Anything else.
    Other,
}

impl SqliteFailure {
    /// Reads the (extended) result code.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => return Self::Busy,
            sqlx::Error::WorkerCrashed => return Self::Fatal,
            _ => {}
        }
        let Some(code) = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<u32>().ok())
        else {
            return Self::Other;
        };
        match code & 0xff {
            5 | 6 => Self::Busy,
            9 => Self::Interrupted,
            13 => Self::Full,
            8 | 10 | 11 | 14 | 26 => Self::Fatal,
            _ => Self::Other,
        }
    }
}
