//! Checklists as people work them. Days and times of day are text, in the migration's zone.

use serde::{Deserialize, Serialize};

use super::Frame;
use crate::schedule::checklist::{Moment, Streak, Threshold};
use crate::{PhaseNumber, Timestamp};

/// What somebody said of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRow {
    /// Left out on purpose rather than done.
    pub skipped: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Where the evidence is, an address of http or https.
    pub evidence: Option<String>,
    /// Why it was skipped; empty otherwise.
    pub reason: String,
    /// Its audit entry; taking the tick back names it.
    pub sequence: u64,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Its id.
    pub id: i64,
    /// What to do; what a plan goes on to say stands on further lines.
    pub title: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// When, in the plan's words; may be empty.
    pub when: String,
    /// When it is due: `09:00` of daily items, else `2026-12-01`; empty for never.
    pub due: String,
    /// Whether that is over and it is still left.
    pub overdue: bool,
    /// Whether a tick as done must carry a link to evidence.
    pub evidence_required: bool,
    /// Commands to copy; empty when there are none.
    pub commands: String,
    /// The day it is shown for, where it is worked by days; a tick must name it.
    pub day: Option<String>,
    /// Daily items, today, while they are left: the first of the days in a row on which they were left, too.
    pub left_since: Option<String>,
    /// What was said of it; `None` while it is left.
    pub tick: Option<TickRow>,
    /// Row counter for edits.
    pub version: i64,
}

/// How many items of a list are left.
pub fn left(rows: &[CheckRow]) -> usize {
    rows.iter().filter(|row| row.tick.is_none()).count()
}

/// The daily checklist of a day in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// The day.
    pub day: String,
    /// How many items were worked on it.
    pub items: u32,
    /// How many were done.
    pub done: u32,
    /// How many were skipped.
    pub skipped: u32,
    /// How many are left.
    pub left: u32,
}

/// The lists around a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseLists {
    /// Its place.
    pub number: PhaseNumber,
    /// Its name.
    pub name: String,
    /// Whether today lies in it.
    pub current: bool,
    /// To be worked through before the first promotion of any of its modules.
    pub before: Vec<CheckRow>,
    /// While its modules move.
    pub during: Vec<CheckRow>,
    /// Before it counts as done.
    pub after: Vec<CheckRow>,
}

impl PhaseLists {
    /// One of the three.
    pub fn of(&self, moment: Moment) -> &[CheckRow] {
        match moment {
            Moment::Before => &self.before,
            Moment::During => &self.during,
            Moment::After => &self.after,
        }
    }
}

/// What is to be done when a limit of errors is crossed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionalList {
    /// Which.
    pub threshold: Threshold,
    /// The limit, in basis points of uses.
    pub limit_basis_points: u16,
    /// Whether it is crossed as far as is known.
    pub crossed: bool,
    /// Its items, for the day shown.
    pub items: Vec<CheckRow>,
}

/// All checklists of a migration, those worked by days as of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklists {
    /// The zone that days and times are in.
    pub zone: String,
    /// Today.
    pub today: String,
    /// The day shown.
    pub day: String,
    /// The first day of the daily checklist while it is still to come.
    pub begins: Option<String>,
    /// The daily checklist of the day shown; empty on a day that is not worked.
    pub daily: Vec<CheckRow>,
    /// Days in a row on which nothing was left.
    pub streak: Streak,
    /// The last 30 days, today first.
    pub history: Vec<DayRow>,
    /// Phases in order.
    pub phases: Vec<PhaseLists>,
    /// Once in the migration.
    pub once: Vec<CheckRow>,
    /// By threshold, the lower first.
    pub conditional: Vec<ConditionalList>,
}

impl Checklists {
    /// Every item shown.
    pub fn rows(&self) -> impl Iterator<Item = &CheckRow> {
        let phases = self
            .phases
            .iter()
            .flat_map(|phase| Moment::ALL.into_iter().flat_map(|moment| phase.of(moment)));
        let conditional = self.conditional.iter().flat_map(|list| &list.items);
        self.daily
            .iter()
            .chain(phases)
            .chain(&self.once)
            .chain(conditional)
    }
}

/// The page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistsView {
    /// What stands around it.
    pub frame: Frame,
    /// The lists.
    pub lists: Checklists,
}
