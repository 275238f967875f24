//! What is found across a migration.

use serde::{Deserialize, Serialize};

use super::Frame;

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// A page.
    Place,
    /// Something to do; it leads to its form.
    Command,
    /// A module.
    Module,
    /// A phase.
    Phase,
    /// An item of a checklist.
    Check,
    /// An issue.
    Issue,
    /// An entry of the audit log.
    Audit,
}

impl HitKind {
    /// All kinds, in the order they are listed.
    pub const ALL: [Self; 7] = [
        Self::Module,
        Self::Command,
        Self::Place,
        Self::Phase,
        Self::Issue,
        Self::Check,
        Self::Audit,
    ];

    /// What it is called in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Command => "command",
            Self::Module => "module",
            Self::Phase => "phase",
            Self::Check => "check",
            Self::Issue => "issue",
            Self::Audit => "audit",
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    /// What it is.
    pub kind: HitKind,
    /// What it is called.
    pub title: String,
    /// What tells it from others of that name: phase, owner, state.
    pub detail: String,
    /// Where it is, below the migration's page: `modules/config`.
    pub below: String,
}

/// Everything found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchView {
    /// What stands around the page.
    pub frame: Frame,
    /// What was asked for.
    pub q: String,
    /// What was found, by kind, the best of each kind first.
    pub hits: Vec<SearchHit>,
    /// What the server was too busy to look through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<HitKind>,
}
