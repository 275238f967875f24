//! The table of modules; all view state is in its filter, and the filter is in the URL.

use flags::{Key, Mode};
use serde::{Deserialize, Serialize};

use super::{Frame, TrackState};
use crate::{ModuleStatus, PhaseNumber, Timestamp};

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// Phase, then key.
    #[default]
    Phase,
    /// Key.
    Key,
    /// Rank, highest first.
    Mode,
    /// Owner, then key.
    Owner,
    /// Newest flag change first.
    Changed,
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// One group a phase.
    #[default]
    Phase,
    /// One group a mode.
    Mode,
    /// One group an owner.
    Owner,
    /// One group of all.
    None,
}

/// The query string of the modules page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModuleFilter {
    /// Part of key, name, owner or path.
    pub q: String,
    /// Only this phase.
    pub phase: Option<PhaseNumber>,
    /// Only this mode.
    pub mode: Option<Mode>,
    /// Only this owner.
    pub owner: Option<String>,
    /// Only this status; active and retired without it.
    pub status: Option<ModuleStatus>,
    /// Order.
    pub sort: SortBy,
    /// Groups.
    pub group: GroupBy,
    /// Page, from 1.
    pub page: u32,
}

/// One module in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleRow {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: Option<PhaseNumber>,
    /// That phase's name.
    pub phase_name: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is in its life.
    pub status: ModuleStatus,
    /// Its flag in the environment shown.
    pub track: TrackState,
    /// When its flag last changed there, and who did it; `None` if never.
    pub changed: Option<(Timestamp, String)>,
    /// Row counter for edits.
    pub version: i64,
}

/// Rows under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleGroup {
    /// The heading: a phase's name, a mode, an owner; empty when not grouped.
    pub heading: String,
    /// Rows in order.
    pub rows: Vec<ModuleRow>,
}

/// The modules page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModulesView {
    /// What stands around it.
    pub frame: Frame,
    /// The filter as understood.
    pub filter: ModuleFilter,
    /// Groups of this page.
    pub groups: Vec<ModuleGroup>,
    /// Rows that match, on all pages.
    pub matching: u32,
    /// Pages of at most 200 rows.
    pub pages: u32,
    /// Phases to choose from.
    pub phases: Vec<(PhaseNumber, String)>,
    /// Owners to choose from.
    pub owners: Vec<String>,
}
