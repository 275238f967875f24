//! The plan on a calendar: a month or week of days, or a timeline of bars. Days are written out and places are shares of
//! the range shown, so that a browser needs no calendar of its own.

use flags::{FlagState, Key};
use serde::{Deserialize, Serialize};

use super::Frame;
use crate::schedule::windows::{Scope, WindowKind};
use crate::{ModuleStatus, PhaseNumber, Timestamp};

/// How the calendar is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarLayout {
    /// Bars along time.
    #[default]
    Timeline,
    /// A month of days.
    Month,
    /// A week of days.
    Week,
}

impl CalendarLayout {
    /// All layouts.
    pub const ALL: [Self; 3] = [Self::Timeline, Self::Month, Self::Week];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::Month => "month",
            Self::Week => "week",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.as_str() == word)
    }
}

/// What is asked of a calendar, as the address has it. Empty texts are left to the server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CalendarFilter {
    /// `timeline`, `month` or `week`.
    pub layout: String,
    /// A day within the range, ISO; the first day of a timeline.
    pub from: String,
    /// Days that a timeline shows.
    pub days: String,
    /// An IANA zone for instants; the migration's own without it.
    pub zone: String,
    /// A phase's number.
    pub phase: String,
}

/// A span within the range shown, in basis points of it, cut at its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Where it begins.
    pub from: u16,
    /// Where it ends.
    pub to: u16,
}

/// First and last day, ISO; empty where a side is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Days {
    /// First day.
    pub start: String,
    /// Last day, inclusive.
    pub end: String,
}

/// A phase along time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseLane {
    /// Its place.
    pub number: PhaseNumber,
    /// Its name.
    pub name: String,
    /// Row counter for moving it.
    pub version: i64,
    /// Its days.
    pub planned: Days,
    /// Its days as they were agreed on.
    pub baseline: Days,
    /// The last day to be expected now, ISO; empty where that cannot be told.
    pub expected_end: String,
    /// How far the expected end is behind the baseline's, in days; negative when ahead.
    pub days_behind: Option<i32>,
    /// By how many days its written work runs past its window.
    pub overrun_days: u32,
    /// Modules in it.
    pub modules: u32,
    /// Modules in it that are on new, or retired.
    pub done: u32,
    /// Phases that it waits for.
    pub needs: Vec<PhaseNumber>,
    /// Dependencies that its dates do not keep, as sentences.
    pub broken: Vec<String>,
    /// Its days within the range.
    pub bar: Option<Bar>,
    /// Its agreed days within the range.
    pub baseline_bar: Option<Bar>,
    /// From its end to where it is expected to end, when that is later, within the range.
    pub late_bar: Option<Bar>,
}

/// A stretch of a module's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepBar {
    /// Where it is.
    pub bar: Bar,
    /// What serves during it.
    pub state: FlagState,
    /// Whether it is still to come.
    pub expected: bool,
    /// When it begins.
    pub at: Timestamp,
}

/// A module along time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleLane {
    /// Its key.
    pub key: Key,
    /// The phase it moves in.
    pub phase: Option<PhaseNumber>,
    /// Where it is in its life.
    pub status: ModuleStatus,
    /// What serves now.
    pub state: FlagState,
    /// Where it is and what is to come, within the range.
    pub steps: Vec<StepBar>,
    /// When its next step is to be expected.
    pub next: Option<(FlagState, Timestamp)>,
    /// When its last step has soaked.
    pub end: Option<Timestamp>,
}

/// A freeze or a change window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    /// Its id.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it does to promotions.
    pub kind: WindowKind,
    /// Which modules it is about.
    pub scope: Scope,
    /// When it begins first, civil ISO to the minute, in the migration's zone.
    pub starts: String,
    /// When that ends.
    pub ends: String,
    /// The rule by which it comes again; empty for once.
    pub recurrence: String,
    /// Row counter for edits.
    pub version: i64,
    /// Its occurrences within the range.
    pub bars: Vec<Bar>,
}

/// A day to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneRow {
    /// Its id.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// The day, ISO.
    pub day: String,
    /// Row counter for edits.
    pub version: i64,
    /// The middle of its day within the range, in basis points.
    pub place: Option<u16>,
}

/// A mark of the time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisMark {
    /// Where, in basis points of the range.
    pub place: u16,
    /// `7 Dec`, or `Dec 2026` for the first of a month.
    pub label: String,
}

/// What stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A phase begins.
    PhaseStart,
    /// A phase ends.
    PhaseEnd,
    /// Modules are expected to take a step.
    Step,
    /// Modules have soaked.
    Soaked,
    /// A freeze or a change window is on.
    Window,
    /// A day to remember.
    Milestone,
    /// The daily checks.
    Checks,
    /// An issue that should be resolved by that day.
    Due,
}

/// An entry of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEntry {
    /// What it is.
    pub kind: EntryKind,
    /// In words.
    pub text: String,
    /// Where it leads, below the migration.
    pub below: String,
}

/// A day of a month or week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four marks of a day, any of which may hold"
)]
pub struct DayCell {
    /// ISO.
    pub day: String,
    /// `7`, or `1 Dec` for the first of a month.
    pub label: String,
    /// Whether it lies outside of the month shown.
    pub outside: bool,
    /// Saturday or Sunday.
    pub weekend: bool,
    /// Whether it is today.
    pub today: bool,
    /// Whether a freeze of the whole migration covers part of it.
    pub freeze: bool,
    /// What stands on it.
    pub entries: Vec<DayEntry>,
}

/// The calendar page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarView {
    /// What stands around it.
    pub frame: Frame,
    /// How it is laid out.
    pub layout: CalendarLayout,
    /// The zone of instants.
    pub zone: String,
    /// `December 2026`, or `7 Dec 2026 to 28 Feb 2027`.
    pub title: String,
    /// First day shown, ISO.
    pub first: String,
    /// Days shown.
    pub days: u32,
    /// From which day on this layout shows today, ISO.
    pub now: String,
    /// The first day of the range before, ISO.
    pub previous: String,
    /// The first day of the range after, ISO.
    pub next: String,
    /// The phase asked for.
    pub phase: Option<PhaseNumber>,
    /// Addresses for calendar programs: one's own, for admins everybody's.
    pub feeds: Vec<FeedRow>,
    /// Now, in basis points of the range.
    pub now_place: Option<u16>,
    /// Marks of the time axis.
    pub axis: Vec<AxisMark>,
    /// Phases in order.
    pub phases: Vec<PhaseLane>,
    /// Modules by phase and key.
    pub modules: Vec<ModuleLane>,
    /// Freezes and change windows by begin.
    pub windows: Vec<WindowRow>,
    /// Milestones by day.
    pub milestones: Vec<MilestoneRow>,
    /// Weeks of a month or week, Monday first; empty for a timeline.
    pub weeks: Vec<Vec<DayCell>>,
    /// The last day of the baseline, ISO; empty without one.
    pub planned_finish: String,
    /// The last day to be expected now, ISO; empty where that cannot be told.
    pub expected_finish: String,
    /// How far that is behind, in days; negative when ahead.
    pub days_behind: Option<i32>,
}

/// The form that moves a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovePhaseView {
    /// What stands around it.
    pub frame: Frame,
    /// Its place.
    pub number: PhaseNumber,
    /// Its name.
    pub name: String,
    /// Row counter for moving it.
    pub version: i64,
    /// Its days now.
    pub planned: Days,
    /// The days proposed.
    pub proposed: Days,
    /// Phases that wait for it, through others too, with their days.
    pub followers: Vec<(PhaseNumber, String, Days)>,
    /// Phases that it waits for.
    pub needs: Vec<PhaseNumber>,
    /// All other phases: what it may wait for.
    pub others: Vec<(PhaseNumber, String)>,
}

/// An address under which a calendar program reads the migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRow {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// Whether it is of whoever asks.
    pub own: bool,
    /// The secret's first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a program read it last.
    pub last_read_at: Option<Timestamp>,
}
