//! Everything about one module.

use flags::FlagState;
use serde::{Deserialize, Serialize};

use super::{AuditRow, Frame, IssueLine, Listening, ModuleRow, ReceiptView};

/// Where a step is in a module's walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStanding {
    /// The module is past it.
    Done,
    /// The module stands on it.
    Here,
    /// The step to take next.
    Next,
    /// After that.
    Later,
}

/// One step of the module's rollout template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Its place, from 1.
    pub position: u32,
    /// Target.
    pub state: FlagState,
    /// Least time to stay, hours.
    pub soak_hours: u32,
    /// The plan's words.
    pub label: String,
    /// Where it is in the walk.
    pub standing: StepStanding,
    /// Why it stands where it stands: `here for 3 h of 48 h`.
    pub detail: String,
}

/// One flag change of the module, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// The audit entry.
    pub audit: AuditRow,
    /// The flag before, where the entry changed it.
    pub before: Option<FlagState>,
    /// The flag after.
    pub after: Option<FlagState>,
}

/// The page of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleView {
    /// What stands around it.
    pub frame: Frame,
    /// The module in the environment shown.
    pub row: ModuleRow,
    /// Where old code is.
    pub old_path: String,
    /// Where new code is.
    pub new_path: String,
    /// Its rollout template: its phase's, else the migration's, else the default one.
    pub steps: Vec<StepRow>,
    /// Whether `steps` is the built-in default, since the plan names none.
    pub steps_are_default: bool,
    /// Its flag in the other environments: key and state.
    pub elsewhere: Vec<(flags::Key, FlagState)>,
    /// Its changes, newest first, at most 50.
    pub history: Vec<HistoryRow>,
    /// The newest change of its flag here, with who obeys it.
    pub followed: Option<(AuditRow, ReceiptView)>,
    /// Who would notice a change now.
    pub listening: Listening,
    /// Its issues that are not resolved, worst first, at most 20.
    pub issues: Vec<IssueLine>,
    /// Why its flag cannot be promoted now, if it cannot: kill switch, retired, archived, a critical issue.
    pub held_because: Option<String>,
    /// The key that a client asks for: `<migration>.<module>`.
    pub flag_key: String,
}
