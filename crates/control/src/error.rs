//! What can go wrong beside a refusal.

use domain::Refusal;
use thiserror::Error;

use crate::store::StoreError;

/// The store cannot do it now; nothing was changed, and flags are still served from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// Too many writes wait: 503 with `Retry-After`.
    #[error(
        "Too many changes are waiting. Try again in a few seconds; rollbacks have a lane of their own."
    )]
    Busy,
    /// The disk is full: 507.
    #[error(
        "The disk of the data directory is nearly full: only rollbacks and the kill switch are accepted. Free some space."
    )]
    Full,
    /// An I/O error or corruption: 503, and `/readyz` says so.
    #[error(
        "The database cannot be written any more. Flags are still served; look at the server's log, and restore a backup."
    )]
    Broken,
    /// A search or an export took longer than one may: 503.
    #[error(
        "Looking through the records took too long and was stopped. Narrow the question, in the audit log for example by a date (after:2026-11-01), or ask again when the server has less to do."
    )]
    TooLong,
}

/// Why a command gave no [`domain::Committed`].
#[derive(Debug, Error)]
pub enum CommandError {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store cannot take it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A defect or a corrupt row; the log has the rest.
    #[error(
        "Something went wrong inside the server. Its log has the details under this request's id."
    )]
    Internal(#[source] StoreError),
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error.unavailable() {
            Some(unavailable) => Self::Unavailable(unavailable),
            None => Self::Internal(error),
        }
    }
}

/// Why a query gave no answer.
pub type QueryError = CommandError;

/// Why a command stopped inside its transaction.
#[derive(Debug)]
pub enum Stopped {
    /// A rule said no.
    Refused(Refusal),
    /// The store failed.
    Store(StoreError),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
