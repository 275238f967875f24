//! Markdown and CSV in, a plan out; a plan in, Markdown out.
//!
//! Pure: no input or output, no clock. Nothing a document holds is ever run; text leaves as plain text, HTML not at all.
//! A document is read in four turns, and each module has one of them or one subject:
//!
//! | turn | module | what it holds |
//! | --- | --- | --- |
//! | bytes to text | [`decode`] | limits, binary files, wrongly decoded text and its repair |
//! | | `front_matter` | title and date in front of a document |
//! | text to blocks | `text`, `blocks` | Markdown as a flat list of headings, paragraphs, items, code and tables, with lines |
//! | words | `plain`, `tokens` | text as it is stored; text as words, numbers, dates and signs |
//! | | `quantities`, `dates` | percentages, durations and counts; dates and ranges of dates |
//! | | `headings`, `sections` | what a heading announces: a phase, days, a kind of section |
//! | | `modules`, `steps`, `step_list`, `thresholds`, `criteria`, `checklists` | what a sentence, a command or a cell says of each |
//! | blocks to a plan | `reader` | what each block means where it stands: contexts, items, paragraphs, tables |
//! | | `windows` | phases and days on the calendar, and what does not fit |
//! | | `calendar` | freezes, change windows, milestones and what phases need, wherever they stand |
//! | | `details` | owner, due day and evidence at the end of a checklist item |
//! | | `exact` | documents that `export` wrote: read to the letter, with nothing taken from running text |
//! | the plan | [`model`], [`identity`] | its parts; what makes an item the same item in another reading |
//! | | `export` | the plan as Markdown that reads back as the same plan |
//! | tables of modules | [`rows`], `separated` | CSV and JSON in, checked rows or all errors by line out |
//!
//! Recognition goes by structure and by the words of the trade, in English; it knows no document in particular.
#![forbid(unsafe_code)]

mod blocks;
mod calendar;
mod checklists;
mod criteria;
mod dates;
pub mod decode;
mod details;
mod exact;
mod export;
mod front_matter;
mod headings;
pub mod identity;
pub mod model;
mod modules;
mod plain;
mod quantities;
mod reader;
pub mod rows;
mod sections;
mod separated;
mod step_list;
mod steps;
mod text;
mod thresholds;
mod tokens;
mod windows;

pub use criteria::criterion_kind;
pub use decode::{MAX_BYTES, UnreadablePlan};
pub use export::to_markdown;
pub use identity::{Identified, identities};
pub use model::{
    ChecklistItem, Command, ConditionalItem, Criterion, CriterionKind, DayEntry, DaySpan, Meaning,
    Metric, Milestone, Module, Note, Phase, Plan, Repair, RunbookEntry, Step, Threshold,
    Unrecognised, When, Window,
};
pub use modules::derive_key;
pub use rows::{LineError, ModuleInput, ModuleRow, check_modules, parse_modules_json};
pub use separated::parse_modules_csv;

/// Reads a Markdown plan; `start` is the first day of the earliest phase.
///
/// # Errors
/// [`UnreadablePlan`] says what to do.
pub fn parse_markdown(bytes: &[u8], start: jiff::civil::Date) -> Result<Plan, UnreadablePlan> {
    let (text, repairs) = decode::decode(bytes)?;
    let front = front_matter::take(&text, start).unwrap_or_default();
    let body = if front.rest.is_empty() {
        text
    } else {
        front.rest
    };
    let blocks = blocks::blocks(&body);
    let mut plan = if exact::is_exact(&body) {
        exact::read(start, &blocks)
    } else {
        reader::Reader::new(start, front.title, front.date).read(&blocks)
    };
    plan.repaired = !repairs.is_empty();
    plan.repairs = repairs;
    Ok(plan)
}
