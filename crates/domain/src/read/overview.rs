//! The overview: what needs a hand, how far, what happened.

use flags::Key;
use serde::{Deserialize, Serialize};

use super::{AuditRow, Frame, ModeCounts};
use crate::PhaseNumber;

pub use crate::evidence::criteria::CriterionOutcome as CriterionVerdict;

/// How soon a hand is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Something is broken or stopped.
    Danger,
    /// Something is due.
    Attention,
    /// Something could be done next.
    Next,
}

/// One line of "needs a hand".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedsHand {
    /// How soon.
    pub urgency: Urgency,
    /// What it is about: a module's key, "kill switch", ...
    pub what: String,
    /// What the matter is.
    pub why: String,
    /// The verb on the button.
    pub action: String,
    /// Where the button leads, a path on this server.
    pub href: String,
}

/// A phase and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseProgress {
    /// Its place.
    pub number: PhaseNumber,
    /// Its name.
    pub name: String,
    /// First day, ISO.
    pub start: Option<String>,
    /// Last day, inclusive, ISO.
    pub end: Option<String>,
    /// By how many days its written work runs past its window.
    pub overrun_days: u32,
    /// How far its modules are.
    pub counts: ModeCounts,
    /// Mean effective exposure of its modules, basis points.
    pub share_on_new: u16,
    /// Whether today lies in it (in the migration's zone).
    pub current: bool,
}

/// A completion criterion and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionRow {
    /// Its place.
    pub position: u32,
    /// The plan's words.
    pub text: String,
    /// How it stands.
    pub verdict: CriterionVerdict,
    /// The number behind the verdict, or what is missing: `3 of 79 modules on new`.
    pub detail: String,
}

/// The overview page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// What stands around it.
    pub frame: Frame,
    /// What needs a hand, most urgent first.
    pub needs_hand: Vec<NeedsHand>,
    /// What happens next when nothing needs a hand.
    pub next: Option<String>,
    /// Phases in order.
    pub phases: Vec<PhaseProgress>,
    /// Criteria in order.
    pub criteria: Vec<CriterionRow>,
    /// Newest audited changes of this migration, at most 8.
    pub recent: Vec<AuditRow>,
    /// Modules being moved right now (`both_validate` or gradual), at most 12.
    pub moving: Vec<super::ModuleRow>,
    /// Whether nothing was imported or created yet.
    pub empty: bool,
    /// The first module in need of the next step, for the empty state's link.
    pub first_module: Option<Key>,
}
