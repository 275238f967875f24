//! What a plan holds beside phases and modules: rollout steps, checks, criteria, the runbook.

use flags::FlagState;
use serde::{Deserialize, Serialize};

use crate::PhaseNumber;
use crate::schedule::checklist::{Due, Moment, Threshold};

/// One line of a rollout template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its place in the template, from 1.
    pub position: u32,
    /// The phase whose template it belongs to; `None` for the migration's own.
    pub phase: Option<PhaseNumber>,
    /// Target mode and exposure.
    pub state: FlagState,
    /// Least time to stay, in hours.
    pub soak_hours: u32,
    /// What the plan calls it.
    pub label: String,
}

/// The template of a migration whose plan names none: compare, 10 %, 50 %, then all, watched for a week.
pub fn default_steps() -> Vec<Step> {
    let gradual = |basis_points| {
        let exposure = flags::Exposure::from_basis_points(basis_points).ok();
        FlagState::new(flags::Mode::GradualRollout, exposure).unwrap_or(FlagState::OLD_ONLY)
    };
    [
        (FlagState::BOTH_VALIDATE, 24, "Compare"),
        (gradual(1_000), 48, "10 %"),
        (gradual(5_000), 48, "50 %"),
        (FlagState::NEW_ONLY, 168, "100 %"),
    ]
    .into_iter()
    .zip(1..)
    .map(|((state, soak_hours, label), position)| Step {
        position,
        phase: None,
        state,
        soak_hours,
        label: label.into(),
    })
    .collect()
}

/// When a checklist item is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistKind {
    /// Once, before anything moves.
    Preparation,
    /// Every day of the migration.
    Daily,
    /// A day's entry of a phase.
    Day,
    /// When a threshold is crossed.
    Conditional,
    /// Once, in a phase.
    Phase,
}

impl ChecklistKind {
    /// All kinds, in reading order.
    pub const ALL: [Self; 5] = [
        Self::Preparation,
        Self::Daily,
        Self::Day,
        Self::Conditional,
        Self::Phase,
    ];

    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparation => "preparation",
            Self::Daily => "daily",
            Self::Day => "day",
            Self::Conditional => "conditional",
            Self::Phase => "phase",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something to be checked or done by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistItem {
    /// When it is worked.
    pub kind: ChecklistKind,
    /// Its place within its kind and phase, from 1.
    pub position: u32,
    /// The phase it belongs to, if any.
    pub phase: Option<PhaseNumber>,
    /// What to do.
    pub title: String,
    /// When, in the plan's words: `Day 2-3`, or the condition of a conditional item.
    pub when: String,
    /// Who answers for it.
    pub owner: String,
    /// Commands to copy, as written; empty when there are none.
    pub commands: String,
    /// How long what was done must soak, where the plan says so of a day.
    pub soak_hours: Option<u32>,
    /// When it is due: a time for daily items, a day for all others.
    pub due: Option<Due>,
    /// Whether a tick as done must carry a link to evidence.
    pub evidence_required: bool,
    /// The limit a conditional item waits for; `None` leaves it to its words.
    pub threshold: Option<Threshold>,
}

impl ChecklistItem {
    /// When in its phase it is worked, where its words begin with that.
    pub fn moment(&self) -> Option<Moment> {
        Moment::ALL
            .into_iter()
            .find(|moment| self.when.starts_with(moment.words()))
    }
}

/// What a completion criterion measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionKind {
    /// So many modules are on new.
    ModulesMigrated,
    /// Share of traffic on new, in basis points.
    TrafficShare,
    /// Error rate under a limit (basis points) for a number of days.
    ErrorRate,
    /// Performance within a share (basis points) of the baseline.
    Performance,
    /// Tests pass, coverage at least so many basis points.
    Tests,
    /// Documentation is up to date.
    Documentation,
    /// Old code is gone.
    OldCodeRemoved,
    /// Build and delivery know only new.
    Pipeline,
    /// Anything else, attested by a person.
    Other,
}

impl CriterionKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::ModulesMigrated,
        Self::TrafficShare,
        Self::ErrorRate,
        Self::Performance,
        Self::Tests,
        Self::Documentation,
        Self::OldCodeRemoved,
        Self::Pipeline,
        Self::Other,
    ];

    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModulesMigrated => "modules_migrated",
            Self::TrafficShare => "traffic_share",
            Self::ErrorRate => "error_rate",
            Self::Performance => "performance",
            Self::Tests => "tests",
            Self::Documentation => "documentation",
            Self::OldCodeRemoved => "old_code_removed",
            Self::Pipeline => "pipeline",
            Self::Other => "other",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What must hold before the migration is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its place, from 1.
    pub position: u32,
    /// What it measures.
    pub kind: CriterionKind,
    /// The plan's words.
    pub text: String,
    /// Its number: modules for `modules_migrated`, basis points otherwise; `None` where it has none.
    pub limit: Option<i64>,
    /// Over how many days it must hold, where it says so.
    pub days: Option<u32>,
}

/// A procedure to follow in a bad minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookEntry {
    /// Its place, from 1.
    pub position: u32,
    /// What it is for.
    pub title: String,
    /// What to know, plain text.
    pub text: String,
    /// Commands to copy, as written.
    pub commands: String,
}
