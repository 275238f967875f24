//! The plan of a migration. Days travel as text: a calendar crate would weigh more in the browser than these pages do.

use domain::plan_items::{ChecklistItem, Criterion, RunbookEntry, Step};
use domain::read::Frame;
use domain::{PhaseNumber, Thresholds, Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// A phase as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseText {
    /// Its place, from 1.
    pub number: PhaseNumber,
    /// What people call it.
    pub name: String,
    /// First day, ISO; empty when it is not set.
    pub start: String,
    /// Last day, inclusive, ISO; empty when it is not set.
    pub end: String,
    /// How many modules it is to move, named yet or not.
    pub expected_modules: Option<u32>,
    /// Days it must stay stable before old code may go.
    pub validation_days: Option<u32>,
    /// By how many days the work written in the plan runs past its end.
    pub overrun_days: u32,
    /// What the plan says about it.
    pub notes: String,
    /// When it was put away, if it was.
    pub archived_at: Option<Timestamp>,
    /// Row counter for edits.
    pub version: i64,
}

/// The plan as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPage {
    /// What stands around it.
    pub frame: Frame,
    /// Phases in order.
    pub phases: Vec<PhaseText>,
    /// Rollout templates, the migration's own first.
    pub steps: Vec<Step>,
    /// Checks by kind, in order.
    pub checklist: Vec<ChecklistItem>,
    /// Completion criteria.
    pub criteria: Vec<Criterion>,
    /// Procedures for a bad minute.
    pub runbook: Vec<RunbookEntry>,
    /// Limits on errors.
    pub thresholds: Thresholds,
    /// How many modules are to move in all.
    pub expected_modules: Option<u32>,
}

/// Phases, steps, checks, criteria and the runbook.
#[server(prefix = "/fn", endpoint = "plan", output = crate::codec::PageJson)]
pub async fn plan(
    migration: String,
    #[server(default)] environment: String,
) -> Result<PlanPage, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let view = super::read(
        control::queries::plan_view(&context.control, &caller, &migration, environment.as_ref())
            .await,
    )?;
    Ok(PlanPage {
        frame: view.frame,
        phases: view.phases.into_iter().map(PhaseText::from).collect(),
        steps: view.steps,
        checklist: view.checklist,
        criteria: view.criteria,
        runbook: view.runbook,
        thresholds: view.thresholds,
        expected_modules: view.expected_modules,
    })
}

#[cfg(feature = "ssr")]
impl From<domain::Phase> for PhaseText {
    fn from(phase: domain::Phase) -> Self {
        let day =
            |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            number: phase.number,
            name: phase.name,
            start: day(phase.start),
            end: day(phase.end),
            expected_modules: phase.expected_modules,
            validation_days: phase.validation_days,
            overrun_days: phase.overrun_days,
            notes: phase.notes,
            archived_at: phase.archived_at,
            version: phase.version,
        }
    }
}
