//! Markdown and CSV in, a plan out; a plan in, Markdown out.
#![forbid(unsafe_code)]

mod blocks;
mod checklists;
mod criteria;
mod dates;
pub mod decode;
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
mod steps;
mod thresholds;
mod tokens;
mod windows;

pub use identity::{Identified, identities};
pub use model::*;
pub use criteria::criterion_kind;
pub use decode::{MAX_BYTES, UnreadablePlan};
pub use export::to_markdown;
pub use rows::{LineError, ModuleInput, ModuleRow, check_modules, parse_modules_csv, parse_modules_json};

/// Reads a Markdown plan; `start` is the first day of the earliest phase.
///
/// # Errors
/// [`UnreadablePlan`] says what to do.
pub fn parse_markdown(bytes: &[u8], start: jiff::civil::Date) -> Result<Plan, UnreadablePlan> {
    let (text, repairs) = decode::decode(bytes)?;
    let front = front_matter::take(&text, start).unwrap_or_default();
    let body = if front.rest.is_empty() { text } else { front.rest };
    let mut plan = reader::Reader::new(start, front.title, front.date).read(&blocks::blocks(&body));
    plan.repaired = !repairs.is_empty();
    plan.repairs = repairs;
    Ok(plan)
}
