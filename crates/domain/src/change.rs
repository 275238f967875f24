//! What a committed command did.

use flags::{FlagState, Key};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One module's flag, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagChange {
    /// The module.
    pub module: Key,
    /// Stored state before.
    pub before: FlagState,
    /// Stored state after.
    pub after: FlagState,
}

/// The answer to a command, given only after its commit; kept verbatim for a repeated `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Sequence of the audit entry.
    pub sequence: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// What was done, in the audit log's words: `flag.set`, `flag.rollback`, ...
    pub action: String,
    /// One sentence a person can read.
    pub summary: String,
    /// `epoch:revision` of the flag state it made; `None` when it changed no flag.
    pub revision: Option<String>,
    /// The revision's number alone, for links to `/m/{migration}/changes/{revision}`.
    pub revision_number: Option<u64>,
    /// Flags it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<FlagChange>,
    /// Modules of a batch that already were as asked, or that the command does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<Key>,
    /// Key, number or id of what was created or edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Version after the edit of what was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}
