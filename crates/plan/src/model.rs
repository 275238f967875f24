//! What a plan says, item by item, each with the line it was read from.
//!
//! All text is plain: no Markdown, no HTML. Dates are civil dates in the migration's zone and windows include their
//! last day. Shares, limits and rates are basis points (hundredths of a percent). Lines count from 1; 0 stands for an
//! item that was not read from a file.

use domain::schedule::checklist::{Due, Threshold as Limit};
use domain::schedule::windows::{Scope, WindowKind};
use flags::{Exposure, Key, Mode};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// A plan as read from a document, or put together for export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The document's title.
    pub title: Option<String>,
    /// The date the document carries.
    pub date: Option<Date>,
    /// Whether the document says of itself that it is a whole plan: then what it leaves out of an item is not there,
    /// rather than not said.
    pub complete: bool,
    /// The IANA name of the time zone that its days and times are in.
    pub zone: Option<String>,
    /// The first day of the earliest phase, as the caller gave it.
    pub start: Date,
    /// Whether wrongly decoded text was mended on the way in; `repairs` says where.
    pub repaired: bool,
    /// Each line that was mended.
    pub repairs: Vec<Repair>,
    /// How many modules the whole migration is said to move.
    pub expected_modules: Option<u32>,
    /// Phases in the document's order, numbered from 1.
    pub phases: Vec<Phase>,
    /// Modules in order of appearance, unique by folded key.
    pub modules: Vec<Module>,
    /// The rollout template, one for all phases.
    pub steps: Vec<Step>,
    /// Freezes and change windows.
    pub windows: Vec<Window>,
    /// Days to remember.
    pub milestones: Vec<Milestone>,
    /// What to do once, before anything moves.
    pub preparation: Vec<ChecklistItem>,
    /// What to do every day.
    pub daily: Vec<ChecklistItem>,
    /// What is planned for which days of a phase.
    pub days: Vec<DayEntry>,
    /// What to do when something happens.
    pub conditional: Vec<ConditionalItem>,
    /// Check boxes of phases beside the lists above.
    pub checks: Vec<ChecklistItem>,
    /// What must hold before the migration is complete.
    pub criteria: Vec<Criterion>,
    /// Limits and what crossing them means.
    pub thresholds: Vec<Threshold>,
    /// Rollback procedures.
    pub runbook: Vec<RunbookEntry>,
    /// Remarks of the reader: overruns, assumptions, contradictions.
    pub notes: Vec<Note>,
    /// What was in the document and is in none of the lists.
    pub unrecognised: Vec<Unrecognised>,
}

/// An ordered window of days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Position in the document, from 1.
    pub number: u32,
    /// The heading as written, without a date range in parentheses at its end.
    pub name: String,
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
    /// How many modules the phase says it moves.
    pub expected_modules: Option<u32>,
    /// How long the phase is to be watched, where it says so.
    pub validation_days: Option<u32>,
    /// Whether it says that its work is that of the phase before ("same process"), and takes as long.
    pub same_process: bool,
    /// Days by which the work, its soaks or the validation run past `end`; 0 when all fits.
    pub overrun_days: u32,
    /// Numbers of the phases that must have ended before it begins; `None` where it does not say.
    pub needs: Option<Vec<u32>>,
    /// Remarks written under the phase.
    pub notes: Vec<Note>,
    /// Commands written under the phase and belonging to no day and no check box.
    pub commands: Vec<Command>,
    /// Where the heading stands.
    pub line: u32,
}

/// The unit that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Derived from the name: lower case, anything outside `[a-z0-9_-]` as `_`.
    pub key: Key,
    /// The name as written.
    pub name: String,
    /// Number of its phase.
    pub phase: Option<u32>,
    /// Name of that phase, for readers of the JSON.
    pub phase_name: Option<String>,
    /// User or team.
    pub owner: Option<String>,
    /// Where the old code is.
    pub old_path: Option<String>,
    /// Where the new code is.
    pub new_path: Option<String>,
    /// First mention that made it a module.
    pub line: u32,
}

/// One line of the rollout template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Place in the template, from 1.
    pub position: u32,
    /// Target mode; a 100 % step is `new_only`, a 0 % step `both_validate`.
    pub mode: Mode,
    /// Target exposure, always the one that belongs to the mode.
    pub exposure: Exposure,
    /// Least time to stay, in hours; `None` where the document states none.
    pub soak_hours: Option<u32>,
    /// What the document calls it.
    pub label: String,
    /// Where it stands.
    pub line: u32,
}

/// A time in which promotions wait, or outside of which they do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// What people call it.
    pub name: String,
    /// Whether promotions are refused inside it, or outside of it.
    pub kind: WindowKind,
    /// Which modules it is about.
    pub scope: Scope,
    /// When it begins, in the plan's zone.
    pub starts: DateTime,
    /// When it ends; this minute is outside.
    pub ends: DateTime,
    /// The rule of RFC 5545 by which it comes again, as written.
    pub recurrence: Option<String>,
    /// Where it stands.
    pub line: u32,
}

/// A day to remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Milestone {
    /// What people call it.
    pub name: String,
    /// Which day.
    pub day: Date,
    /// Where it stands.
    pub line: u32,
}

/// Days of a phase: counted from 1, and on the calendar. Both ends are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DaySpan {
    /// First day, 1 being the phase's first (or the plan's, in documents that count through).
    pub first_day: u32,
    /// Last day.
    pub last_day: u32,
    /// First date.
    pub start: Date,
    /// Last date.
    pub end: Date,
}

/// Text to copy into a terminal or an editor. Never run by Switchback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The fence's language, such as `bash`.
    pub language: Option<String>,
    /// The text as written, without the last line break.
    pub text: String,
    /// First line of the text.
    pub line: u32,
}

/// When in a phase a check is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the phase begins.
    Before,
    /// While it runs.
    During,
    /// After it.
    After,
}

/// Something to be checked or done by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChecklistItem {
    /// What to do, without day, owner and box.
    pub text: String,
    /// Number of its phase.
    pub phase: Option<u32>,
    /// When in the phase, where the document says so.
    pub when: Option<When>,
    /// On which days, where the document says so.
    pub days: Option<DaySpan>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it is due: a time of day where it is worked every day, else a day.
    pub due: Option<Due>,
    /// Whether a tick must carry a link to evidence.
    pub evidence_required: bool,
    /// Whether its box is ticked in the document.
    pub done: bool,
    /// Its code blocks.
    pub commands: Vec<Command>,
    /// Where it stands.
    pub line: u32,
}

/// What is planned for one or more days of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayEntry {
    /// Number of its phase.
    pub phase: u32,
    /// On which days.
    #[serde(flatten)]
    pub days: DaySpan,
    /// What is planned.
    pub title: String,
    /// Remarks and plain list items under it.
    pub details: Vec<String>,
    /// Time to watch that its text asks for, in hours.
    pub soak_hours: Option<u32>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it is due, if on a day of its own.
    pub due: Option<Due>,
    /// Whether a tick must carry a link to evidence.
    pub evidence_required: bool,
    /// Its code blocks.
    pub commands: Vec<Command>,
    /// Where it stands.
    pub line: u32,
}

/// Something to do when a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionalItem {
    /// The condition, without "if": `Error Rate > 1%`.
    pub condition: String,
    /// What to do.
    pub text: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The limit it waits for; `None` leaves it to the words of the condition.
    pub threshold: Option<Limit>,
    /// When it is due.
    pub due: Option<Due>,
    /// Whether a tick must carry a link to evidence.
    pub evidence_required: bool,
    /// Its code blocks.
    pub commands: Vec<Command>,
    /// Where it stands.
    pub line: u32,
}

/// What must hold before the migration is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// The document's words.
    pub text: String,
    /// What it measures, with its numbers.
    #[serde(flatten)]
    pub kind: CriterionKind,
    /// Where it stands.
    pub line: u32,
}

/// What a criterion measures. Numbers are `None` where the text states none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CriterionKind {
    /// So many modules are on new.
    ModulesMigrated {
        /// How many; `None` for "all".
        modules: Option<u32>,
    },
    /// Share of traffic on new.
    TrafficShare {
        /// Basis points.
        share: Option<u32>,
    },
    /// Error rate under a limit.
    ErrorRate {
        /// Basis points.
        limit: Option<u32>,
        /// For how many days.
        days: Option<u32>,
    },
    /// Performance within a share of the baseline.
    Performance {
        /// Basis points.
        within: Option<u32>,
    },
    /// Tests pass.
    Tests {
        /// Least coverage, basis points.
        coverage: Option<u32>,
    },
    /// Documentation is up to date.
    Documentation,
    /// Old code is gone.
    OldCodeRemoved,
    /// Build and delivery know only new.
    Pipeline,
    /// Anything else, attested by a person.
    Other,
}

/// What a threshold looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Failed calls among all.
    ErrorRate,
    /// Answers of old and new that differ, among those compared.
    MismatchRate,
    /// Slower than the baseline by a share.
    Latency,
}

/// What crossing a threshold means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Stop and look: no promotion.
    Hold,
    /// Roll back.
    Rollback,
}

/// A limit and what crossing it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Threshold {
    /// What is looked at.
    pub metric: Metric,
    /// Basis points; crossing means being above.
    pub limit: u32,
    /// What crossing means.
    pub meaning: Meaning,
    /// The document's words.
    pub text: String,
    /// Where it stands.
    pub line: u32,
}

/// A procedure to follow in a bad minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookEntry {
    /// What it is for.
    pub title: String,
    /// What to do and know, in order.
    pub instructions: Vec<String>,
    /// Commands to copy, in order.
    pub commands: Vec<Command>,
    /// Where it stands.
    pub line: u32,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The words.
    pub text: String,
    /// What it is about.
    pub line: u32,
}

/// Something in the document that became no item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unrecognised {
    /// The words, shortened to 200 characters.
    pub text: String,
    /// Where it stands.
    pub line: u32,
}

/// A line whose wrongly decoded characters were mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// The line as it came, shortened to 200 characters.
    pub before: String,
    /// The line as it was read, shortened to 200 characters.
    pub after: String,
    /// Which line.
    pub line: u32,
}
