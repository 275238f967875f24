//! Which lists there are, and when they are worked.

use serde::{Deserialize, Serialize};

use super::Threshold;
use crate::PhaseNumber;
use crate::plan_items::ChecklistKind;

/// When in a phase a list is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before its first promotion.
    Before,
    /// While its modules move.
    During,
    /// Before it counts as done.
    After,
}

impl Moment {
    /// All moments, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.as_str() == word)
    }

    /// How a plan says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Before => "Before the phase",
            Self::During => "During the phase",
            Self::After => "After the phase",
        }
    }
}

/// The list that an item stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// Once in the migration.
    Once,
    /// Once, around a phase.
    Phase {
        /// Which.
        phase: PhaseNumber,
        /// When in it.
        moment: Moment,
    },
    /// Every day of the migration.
    Daily,
    /// When a threshold is crossed.
    Conditional(Threshold),
}

impl List {
    /// The list for an item as a plan writes it. `moment` is when in its phase, where the plan says so; `threshold` what
    /// it waits for if it is a conditional one. Preparation comes before all phases, so it is on the list of none.
    pub fn of(
        kind: ChecklistKind,
        phase: Option<PhaseNumber>,
        moment: Option<Moment>,
        threshold: Threshold,
    ) -> Self {
        match (kind, phase) {
            (ChecklistKind::Day | ChecklistKind::Phase, Some(phase)) => Self::Phase {
                phase,
                moment: moment.unwrap_or(Moment::During),
            },
            (ChecklistKind::Preparation | ChecklistKind::Day | ChecklistKind::Phase, _) => {
                Self::Once
            }
            (ChecklistKind::Daily, _) => Self::Daily,
            (ChecklistKind::Conditional, _) => Self::Conditional(threshold),
        }
    }

    /// What a plan calls an item of this list.
    pub fn kind(self) -> ChecklistKind {
        match self {
            Self::Once => ChecklistKind::Preparation,
            Self::Phase { .. } => ChecklistKind::Phase,
            Self::Daily => ChecklistKind::Daily,
            Self::Conditional(_) => ChecklistKind::Conditional,
        }
    }

    /// The phase it stands around, and when.
    pub fn around(self) -> Option<(PhaseNumber, Moment)> {
        match self {
            Self::Phase { phase, moment } => Some((phase, moment)),
            Self::Once | Self::Daily | Self::Conditional(_) => None,
        }
    }

    /// What its items wait for.
    pub fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Conditional(threshold) => Some(threshold),
            Self::Once | Self::Daily | Self::Phase { .. } => None,
        }
    }

    /// Whether its items are ticked for a day, and are open again on the next: a threshold crossed again is another
    /// case of the same list.
    pub fn by_day(self) -> bool {
        matches!(self, Self::Daily | Self::Conditional(_))
    }
}
