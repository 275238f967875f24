//! The run of each day: what was done, what was left and how many days in a row nothing was.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Item, List, Tick, TickState};
use crate::schedule::FIRST_DAY;

/// Days of daily runs that are looked at, today included. Streaks and left-overs reach no further back.
pub const RUN_DAYS: i64 = 366;

/// The days on which the daily checklist is worked: from the first day of the migration, or without one the day its
/// first item was made, to today. At most [`RUN_DAYS`] of them; the first is after the last where it is still to begin.
pub fn active(start: Option<Date>, items: &[Item], today: Date) -> (Date, Date) {
    let made = items
        .iter()
        .filter(|item| item.list == List::Daily)
        .map(|item| item.created)
        .min();
    let first = start.or(made).unwrap_or(today);
    let horizon = today
        .checked_sub((RUN_DAYS - 1).days())
        .unwrap_or(FIRST_DAY);
    (first.max(horizon), today)
}

/// A daily item on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunItem {
    /// The item's id.
    pub item: String,
    /// The last tick for that day; `None` when it is left.
    pub tick: Option<Tick>,
    /// On today alone, while it is not ticked: the first of the days in an unbroken row, up to yesterday, on which it
    /// was left.
    pub left_since: Option<Date>,
}

/// The daily checklist of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyRun {
    /// The day.
    pub day: Date,
    /// Whether it is still going on.
    pub today: bool,
    /// What is worked on it, in the items' order.
    pub items: Vec<RunItem>,
    /// How many of them were done.
    pub done: u32,
    /// How many were skipped.
    pub skipped: u32,
    /// How many are left.
    pub left: u32,
}

impl DailyRun {
    /// What was left on days before and is not ticked today, with the first day of each row.
    pub fn left_over(&self) -> impl Iterator<Item = (&str, Date)> {
        self.items
            .iter()
            .filter_map(|item| Some((item.item.as_str(), item.left_since?)))
    }
}

/// The runs of the daily checklist: one for each day from the first active one to the last, or to today if that is
/// earlier. Items on other lists are passed over, as are ticks for days on which their item was not worked.
pub fn daily_runs(
    items: &[Item],
    ticks: &[Tick],
    active: (Date, Date),
    today: Date,
) -> Vec<DailyRun> {
    let daily: Vec<_> = items
        .iter()
        .filter(|item| item.list == List::Daily)
        .collect();
    let mut said: HashMap<(&str, Date), &Tick> = HashMap::new();
    for tick in ticks {
        said.entry((&tick.item, tick.day))
            .and_modify(|last| {
                if last.at <= tick.at {
                    *last = tick;
                }
            })
            .or_insert(tick);
    }
    // Since when each item has been left without a break.
    let mut rows: HashMap<&str, Date> = HashMap::new();
    let (first, last) = active;
    let last = last.min(today);
    let mut runs = Vec::new();
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        let mut run = DailyRun {
            day,
            today: day == today,
            items: Vec::new(),
            done: 0,
            skipped: 0,
            left: 0,
        };
        for item in &daily {
            let id = item.id.as_str();
            if !item.is_worked_on(day) {
                rows.remove(id);
                continue;
            }
            let tick = said.get(&(id, day)).copied();
            let mut left_since = None;
            match tick.map(|tick| &tick.state) {
                Some(TickState::Done) => run.done += 1,
                Some(TickState::Skipped { .. }) => run.skipped += 1,
                None => run.left += 1,
            }
            if tick.is_some() {
                rows.remove(id);
            } else {
                left_since = rows.get(id).copied().filter(|_| run.today);
                rows.entry(id).or_insert(day);
            }
            run.items.push(RunItem {
                item: item.id.clone(),
                tick: tick.cloned(),
                left_since,
            });
        }
        runs.push(run);
    }
    runs
}

/// Days on which nothing was left, in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Streak {
    /// Up to yesterday, and today when it is complete.
    pub current: u32,
    /// The longest ever.
    pub longest: u32,
}

/// Counts the days in a row on which nothing was left. A day without items neither counts nor breaks the row; nor does
/// today while something is left.
pub fn streak(runs: &[DailyRun]) -> Streak {
    let mut streak = Streak::default();
    for run in runs.iter().filter(|run| !run.items.is_empty()) {
        if run.left == 0 {
            streak.current += 1;
            streak.longest = streak.longest.max(streak.current);
        } else if !run.today {
            streak.current = 0;
        }
    }
    streak
}
