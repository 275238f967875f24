//! What each day of a month or week holds.

use std::collections::BTreeMap;

use domain::read::{CalendarLayout, DayCell, DayEntry, EntryKind};
use domain::schedule::windows::{Scope, WindowKind, occurrences_between};
use domain::schedule::{civil, instant};
use domain::{FlagState, Key, ModuleStatus, PhaseNumber};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::Loaded;
use super::lanes::Projected;
use super::range::Range;

pub(super) fn weeks(
    loaded: &Loaded,
    projected: &[Projected<'_>],
    layout: CalendarLayout,
    range: &Range,
    today: Date,
    phase: Option<PhaseNumber>,
) -> Vec<Vec<DayCell>> {
    let entries = entries(loaded, projected, range, phase);
    let month = range.first.saturating_add(7.days()).month();
    let all: Vec<DayCell> = (0..range.days)
        .map(|offset| {
            let day = range.first.saturating_add(offset.days());
            let label = if day.day() == 1 {
                day.strftime("%-d %b").to_string()
            } else {
                day.day().to_string()
            };
            DayCell {
                day: day.to_string(),
                label,
                outside: layout == CalendarLayout::Month && day.month() != month,
                weekend: matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
                today: day == today,
                freeze: frozen(loaded, day),
                entries: entries.get(&day).cloned().unwrap_or_default(),
            }
        })
        .collect();
    all.chunks(7).map(<[DayCell]>::to_vec).collect()
}

/// Whether a freeze of the whole migration covers part of a day.
fn frozen(loaded: &Loaded, day: Date) -> bool {
    let from = instant(day.at(0, 0, 0, 0), &loaded.zone);
    let to = instant(day.saturating_add(1.day()).at(0, 0, 0, 0), &loaded.zone);
    loaded.windows.iter().any(|record| {
        record.window.kind() == WindowKind::Freeze
            && *record.window.scope() == Scope::Migration
            && !occurrences_between(&record.window, &loaded.zone, from, to).is_empty()
    })
}

type Entries = BTreeMap<Date, Vec<DayEntry>>;

fn entries(
    loaded: &Loaded,
    projected: &[Projected<'_>],
    range: &Range,
    phase: Option<PhaseNumber>,
) -> Entries {
    let mut entries = Entries::new();
    let last = range.first.saturating_add((range.days - 1).days());
    let mut add = |day: Date, kind: EntryKind, text: String, below: String| {
        if (range.first..=last).contains(&day) {
            entries
                .entry(day)
                .or_default()
                .push(DayEntry { kind, text, below });
        }
    };
    for record in &loaded.phases {
        let one = &record.phase;
        if phase.is_some_and(|wanted| wanted != one.number) {
            continue;
        }
        let below = format!("calendar/phases/{}", one.number);
        if let Some(day) = one.start {
            let text = format!("{} {} begins", one.number, one.name);
            add(day, EntryKind::PhaseStart, text, below.clone());
        }
        if let Some(day) = one.end {
            let text = format!("{} {} ends", one.number, one.name);
            add(day, EntryKind::PhaseEnd, text, below);
        }
    }
    for issue in &loaded.due {
        let text = format!("due: {}. {}", issue.number, issue.title);
        add(
            issue.due,
            EntryKind::Due,
            text,
            format!("issues/{}", issue.number),
        );
    }
    for record in &loaded.milestones {
        let below = "calendar#milestones".to_owned();
        add(record.day, EntryKind::Milestone, record.name.clone(), below);
    }
    for record in &loaded.windows {
        for (from, _) in occurrences_between(&record.window, &loaded.zone, range.from, range.to) {
            let at = civil(from, &loaded.zone);
            let word = record.window.kind().words();
            let text = format!("{} {word}: {}", at.strftime("%H:%M"), record.window.name());
            add(
                at.date().max(range.first),
                EntryKind::Window,
                text,
                "calendar#windows".to_owned(),
            );
        }
    }
    for (day, state, modules) in steps_by_day(loaded, projected, phase) {
        let text = match modules.as_slice() {
            [one] => format!("{one} to {state}"),
            many => format!("{} modules to {state}", many.len()),
        };
        add(day, EntryKind::Step, text, "modules".to_owned());
    }
    for one in projected
        .iter()
        .filter(|one| one.flag.status == ModuleStatus::Active)
    {
        if phase.is_some() && one.flag.phase != phase {
            continue;
        }
        if let Some(end) = one.projection.end {
            let day = civil(end.plus(-1), &loaded.zone).date();
            let below = format!("modules/{}", one.flag.module);
            add(
                day,
                EntryKind::Soaked,
                format!("{} has soaked", one.flag.module),
                below,
            );
        }
    }
    if loaded.daily_checks > 0 {
        for (day, count) in check_days(loaded, range) {
            add(
                day,
                EntryKind::Checks,
                format!("{count} daily checks"),
                "plan".to_owned(),
            );
        }
    }
    entries
}

/// Expected steps, those of one day to one state together.
fn steps_by_day<'a>(
    loaded: &Loaded,
    projected: &'a [Projected<'_>],
    phase: Option<PhaseNumber>,
) -> Vec<(Date, FlagState, Vec<&'a Key>)> {
    let mut found: Vec<(Date, FlagState, Vec<&Key>)> = Vec::new();
    for one in projected
        .iter()
        .filter(|one| one.flag.status == ModuleStatus::Active)
    {
        if phase.is_some() && one.flag.phase != phase {
            continue;
        }
        for step in &one.projection.steps {
            let Some(at) = step.at else { break };
            let day = civil(at, &loaded.zone).date();
            match found
                .iter_mut()
                .find(|(on, state, _)| *on == day && *state == step.state)
            {
                Some((_, _, modules)) => modules.push(&one.flag.module),
                None => found.push((day, step.state, vec![&one.flag.module])),
            }
        }
    }
    found
}

/// Days of the range on which the migration is active, with how many daily checks each has.
fn check_days(loaded: &Loaded, range: &Range) -> Vec<(Date, usize)> {
    let start = loaded
        .phases
        .iter()
        .filter_map(|record| record.phase.start)
        .min();
    let end = loaded
        .phases
        .iter()
        .filter_map(|record| record.phase.end)
        .max();
    let Some((start, end)) = start.zip(end) else {
        return Vec::new();
    };
    (0..range.days)
        .map(|offset| range.first.saturating_add(offset.days()))
        .filter(|day| (start..=end).contains(day))
        .map(|day| (day, loaded.daily_checks))
        .collect()
}
