//! Checklists as people work them: items, ticks, the run of each day, what was left over.
//!
//! Days are civil, in the migration's zone: a change of clocks makes a day longer or shorter, never two of it or none.

mod items;
mod lists;
mod runs;
#[cfg(test)]
mod tests;
mod threshold;
mod ticks;

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::instant;
use crate::{PhaseNumber, Timestamp};

pub use items::{Due, Item};
pub use lists::{List, Moment};
pub use runs::{DailyRun, RUN_DAYS, RunItem, Streak, active, daily_runs, streak};
pub use threshold::{Threshold, shown};
pub use ticks::{Tick, TickState, check_tick, refuse_second};

/// The line that names an item: titles from a plan may go on below it.
pub fn first_line(title: &str) -> &str {
    title.lines().next().unwrap_or_default()
}

/// The instant at which something is due at a time of a day.
pub fn due_instant(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    instant(day.to_datetime(time), zone)
}

/// What is still open on the list before a phase, and so keeps its first promotion: items that are not archived and
/// have no tick, done or skipped.
pub fn before_list_open<'a>(
    items: &'a [Item],
    ticks: &[Tick],
    phase: PhaseNumber,
) -> Vec<&'a Item> {
    let list = List::Phase {
        phase,
        moment: Moment::Before,
    };
    let ticked: BTreeSet<_> = ticks.iter().map(|tick| tick.item.as_str()).collect();
    items
        .iter()
        .filter(|item| item.list == list && item.archived.is_none())
        .filter(|item| !ticked.contains(item.id.as_str()))
        .collect()
}
