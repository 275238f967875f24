//! A plan before it is imported: what was recognised, what was not, what would change.

use flags::Key;
use serde::{Deserialize, Serialize};

use super::Viewer;
use crate::Timestamp;

/// What was uploaded: kept for an hour, so that the preview can confirm exactly it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedPlan {
    /// Id of the draft.
    pub draft: String,
    /// SHA-256 of the file and the settings beside it, hex: the confirmation sends it back.
    pub digest: String,
    /// The file's name.
    pub file_name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Key of the migration it goes into.
    pub migration: Key,
    /// First day of the earliest phase, ISO.
    pub start: String,
    /// When the draft is forgotten.
    pub expires_at: Timestamp,
}

/// One thing that was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewItem {
    /// The line it was read from, from 1.
    pub line: u32,
    /// What it is, in short.
    pub title: String,
    /// Dates, numbers, owner: what was understood of it.
    pub detail: String,
    /// Commands that were found with it.
    pub commands: String,
}

/// Things of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewSection {
    /// Its name in the JSON: `phases`, `modules`, ...
    pub kind: String,
    /// Its heading.
    pub heading: String,
    /// What was found, in the document's order.
    pub items: Vec<PreviewItem>,
}

/// The preview page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// Who looks.
    pub viewer: Viewer,
    /// What was uploaded.
    pub uploaded: UploadedPlan,
    /// The plan's title.
    pub title: String,
    /// Its date, as written.
    pub date: Option<String>,
    /// Whether the migration exists already: then `changes` is a diff.
    pub migration_exists: bool,
    /// How many modules are expected in all.
    pub expected_modules: Option<u32>,
    /// What was recognised, by kind, in reading order.
    pub sections: Vec<PreviewSection>,
    /// Lines nothing was made of.
    pub unrecognised: Vec<PreviewItem>,
    /// What to know: repaired text, overruns, contradictions.
    pub notes: Vec<PreviewItem>,
    /// What an import would change now, a sentence each; empty when the file is already imported.
    pub changes: Vec<String>,
    /// Modules of the migration that the plan does not name; archived only when asked.
    pub absent: Vec<Key>,
    /// What else the plan does not name and what stays, a sentence each; archived only when asked.
    pub kept: Vec<String>,
    /// Dependencies between phases that the dates of the plan do not keep, a sentence each: they are overridden with a
    /// reason, or the plan is not imported.
    pub broken: Vec<String>,
}
