//! The audit log as pages show it.

use flags::Key;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Frame, Viewer};
use crate::{ActorKind, Outcome, Timestamp};

/// The query string of the audit page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Free text and qualifiers: `actor:ada module:config action:flag.rollback outcome:refused before:2026-11-01`.
    pub q: String,
    /// Only entries of this environment; those of none, such as edits of modules, are left out, too.
    pub environment: Option<Key>,
    /// Only entries with a smaller sequence: the next page.
    pub before: Option<u64>,
}

/// One entry in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Place in the chain.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What kind of party.
    pub actor_kind: ActorKind,
    /// What.
    pub action: String,
    /// Where, if in one environment.
    pub environment: Option<Key>,
    /// To what.
    pub targets: Vec<String>,
    /// Why.
    pub reason: String,
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence.
    pub summary: String,
    /// The revision it made: where its change page is.
    pub revision: Option<u64>,
    /// What there was before, for the diff.
    pub before: Value,
    /// What there is after.
    pub after: Value,
    /// Network address it came from.
    pub source: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// Hex of its hash.
    pub hash: String,
}

/// What the last verification of the chain said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ChainState {
    /// Every entry up to this one fits the one before it.
    Verified {
        /// How many.
        entries: u64,
        /// Hex of the newest hash.
        head: String,
        /// When it was verified.
        at: Timestamp,
    },
    /// The chain is broken.
    Broken {
        /// At which entry.
        sequence: u64,
        /// How.
        why: String,
    },
}

/// The audit page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// What stands around it; `None` on the server-wide page.
    pub frame: Option<Frame>,
    /// Who looks.
    pub viewer: Viewer,
    /// The filter as understood.
    pub filter: AuditFilter,
    /// What of the query was not understood.
    pub not_understood: Vec<String>,
    /// Newest first, at most 50.
    pub rows: Vec<AuditRow>,
    /// `before` of the next page, if there is one.
    pub next: Option<u64>,
    /// Whether the chain holds.
    pub chain: ChainState,
}
