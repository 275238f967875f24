//! The record of one command. Hashing and storing it is `control`'s work.

use flags::Key;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Actor, ActorKind, Authentication, Timestamp};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was carried out.
    Committed,
    /// It was refused: 403, 409 or a freeze.
    Refused,
}

impl Outcome {
    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Refused => "refused",
        }
    }
}

/// Who an entry is about, as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditActor {
    /// Stable identity.
    pub id: String,
    /// What they were called.
    pub name: String,
    /// What kind of party.
    pub kind: ActorKind,
    /// How they were recognised.
    pub authentication: Authentication,
}

impl From<&Actor> for AuditActor {
    fn from(actor: &Actor) -> Self {
        Self {
            id: actor.id.clone(),
            name: actor.name.clone(),
            kind: actor.kind,
            authentication: actor.authentication,
        }
    }
}

/// The fields of format v1. Their RFC 8785 form is an entry's `body`, which the chain's hash covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Place in the server's one chain, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// The store's epoch then.
    pub epoch: String,
    /// Who.
    pub actor: AuditActor,
    /// Network address it came from, where it came over a network.
    pub source: Option<String>,
    /// The request's id, as in the log and in answers.
    pub request_id: String,
    /// What: `flag.set`, `flag.rollback`, `kill_switch.on`, ...
    pub action: String,
    /// The migration it is about; `None` for the server itself.
    pub migration: Option<Key>,
    /// The environment it is about, where it is about one.
    pub environment: Option<Key>,
    /// What it was done to: module keys, a phase's number, a user's name, ...; a batch is one entry.
    pub targets: Vec<String>,
    /// What there was before, by the action's own shape.
    pub before: Value,
    /// What there is after.
    pub after: Value,
    /// The revision the actor said they saw.
    pub revision_seen: Option<u64>,
    /// The revision it made.
    pub revision_made: Option<u64>,
    /// Why, in the actor's words.
    pub reason: String,
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence: what was done, or why it was refused.
    pub summary: String,
}

impl AuditEntry {
    /// Whether it edited fields of something, moved, created or archived it on the calendar: undoing it brings that back.
    pub fn is_edit(&self) -> bool {
        let edits = [
            "module.edit",
            "phase.edit",
            "environment.edit",
            "migration.edit",
            "phase.move",
            "phase.needs",
            "window.create",
            "window.edit",
            "window.archive",
            "window.restore",
            "milestone.create",
            "milestone.edit",
            "milestone.archive",
            "milestone.restore",
        ];
        self.outcome == Outcome::Committed && edits.contains(&self.action.as_str())
    }
}

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainedEntry {
    /// The entry.
    pub entry: AuditEntry,
    /// Hex of the hash before it.
    pub previous_hash: String,
    /// Hex of its own hash.
    pub hash: String,
}
