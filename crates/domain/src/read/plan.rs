//! The plan of a migration as it was imported or written.

use serde::{Deserialize, Serialize};

use super::Frame;
use crate::Phase;
use crate::plan_items::{ChecklistItem, Criterion, RunbookEntry, Step};

/// The page of the plan: phases with their windows, steps, checks, criteria and the runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// What stands around it.
    pub frame: Frame,
    /// Phases in order.
    pub phases: Vec<Phase>,
    /// Rollout templates, the migration's own first.
    pub steps: Vec<Step>,
    /// Checks by kind, in order.
    pub checklist: Vec<ChecklistItem>,
    /// Completion criteria.
    pub criteria: Vec<Criterion>,
    /// Procedures for a bad minute.
    pub runbook: Vec<RunbookEntry>,
    /// Limits on errors.
    pub thresholds: crate::Thresholds,
    /// How many modules are to move in all.
    pub expected_modules: Option<u32>,
}
