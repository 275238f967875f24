//! The plan on a calendar.

mod days;
mod lanes;
mod move_phase;
mod range;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use domain::plan_items::{ChecklistKind, Step};
use domain::read::{
    CalendarFilter, CalendarLayout, CalendarView, MilestoneRow, ModuleLane, PhaseLane,
};
use domain::schedule::phases::Dependency;
use domain::schedule::{civil, in_calendar, instant};
use domain::{FlagState, Key, PhaseNumber, Refusal, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use days::weeks;
use lanes::{expected_end, module_lane, phase_lane, projected, window_row};
pub use move_phase::move_phase;
use range::{Range, axis, monday_of, neighbour, title};

use super::standing::{Standing, load};
use crate::commands::gates::zone_of;
use crate::store::issue_lists::DueIssue;
use crate::store::milestones::MilestoneRecord;
use crate::store::phases::PhaseRecord;
use crate::store::windows::WindowRecord;
use crate::store::{audit, dependencies, issue_lists, milestones, phases, plan_items, windows};
use crate::{Caller, Control, QueryError};

/// Issues with a due day that are shown at most.
const MOST_DUE: u32 = 1_000;
/// Changes of flags that are drawn at most, the last ones.
const MOST_CHANGES: u32 = 5_000;

/// What was loaded and is to be laid out.
struct Loaded {
    standing: Standing,
    zone: TimeZone,
    now: Timestamp,
    steps: Vec<Step>,
    phases: Vec<PhaseRecord>,
    dependencies: Vec<Dependency>,
    windows: Vec<WindowRecord>,
    milestones: Vec<MilestoneRecord>,
    daily_checks: usize,
    due: Vec<DueIssue>,
    /// What each module was, from when, oldest first.
    history: HashMap<Key, Vec<(Timestamp, FlagState)>>,
}

/// The calendar page.
///
/// # Errors
/// A zone that is not known, a day that is none or outside of calendars, a number of days out of reach.
pub async fn calendar(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    filter: &CalendarFilter,
) -> Result<CalendarView, QueryError> {
    let loaded = load_all(control, caller, migration, environment).await?;
    let layout = match filter.layout.trim() {
        "" => CalendarLayout::default(),
        word => CalendarLayout::parse(word)
            .ok_or_else(|| Refusal::field("layout", "Choose timeline, month or week."))?,
    };
    let shown_zone = shown_zone(filter, &loaded.zone)?;
    let today = civil(loaded.now, &loaded.zone).date();
    let starts = loaded.phases.iter().filter_map(|record| record.phase.start);
    let range = Range::asked(filter, layout, today, starts.min(), &loaded.zone)?;
    let phase = phase_of(filter)?;
    let feeds = super::calendar_feeds(control, caller, migration).await?;
    Ok(CalendarView {
        feeds,
        ..lay_out(loaded, layout, &shown_zone, &range, today, phase)
    })
}

async fn load_all(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<Loaded, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let id = standing.migration.id;
    let transaction = &mut standing.transaction;
    let steps = plan_items::steps(transaction, id).await?;
    let mut all = phases::of_migration(transaction, id).await?;
    all.retain(|record| record.phase.archived_at.is_none());
    let dependencies = dependencies::of_migration(transaction, id).await?;
    let windows = windows::of_migration(transaction, id).await?;
    let milestones = milestones::of_migration(transaction, id).await?;
    let checklist = plan_items::checklist(transaction, id).await?;
    let daily_checks = checklist
        .iter()
        .filter(|(_, item)| item.kind == ChecklistKind::Daily)
        .count();
    let due = issue_lists::due_issues(transaction, id, MOST_DUE).await?;
    let of = &standing.environment.environment.key;
    let changes = audit::flag_changes(transaction, migration, of, MOST_CHANGES).await?;
    let mut history: HashMap<Key, Vec<(Timestamp, FlagState)>> = HashMap::new();
    for change in changes.into_iter().rev() {
        for (module, state) in change.flags {
            history.entry(module).or_default().push((change.at, state));
        }
    }
    Ok(Loaded {
        due,
        history,
        zone: zone_of(&standing.migration),
        now: standing.frame.now,
        standing,
        steps,
        phases: all,
        dependencies,
        windows,
        milestones,
        daily_checks,
    })
}

fn shown_zone(filter: &CalendarFilter, own: &TimeZone) -> Result<TimeZone, Refusal> {
    match filter.zone.trim() {
        "" => Ok(own.clone()),
        name => TimeZone::get(name).map_err(|_| {
            let message =
                format!("{name:?} is no time zone. Use an IANA name such as UTC or Europe/Berlin.");
            Refusal::field("zone", message)
        }),
    }
}

fn phase_of(filter: &CalendarFilter) -> Result<Option<PhaseNumber>, Refusal> {
    match filter.phase.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| Refusal::field("phase", "Choose a phase by its number.")),
    }
}

fn day_of(field: &str, text: &str) -> Result<Option<Date>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day = text
        .trim()
        .parse::<Date>()
        .ok()
        .filter(|day| in_calendar(*day));
    day.map(Some).ok_or_else(|| {
        let message = "Write a day from 1970-01-01 to 2200-12-31, as 2026-11-16.";
        Refusal::field(field, message)
    })
}

fn lay_out(
    loaded: Loaded,
    layout: CalendarLayout,
    shown_zone: &TimeZone,
    range: &Range,
    today: Date,
    phase: Option<PhaseNumber>,
) -> CalendarView {
    let projected = projected(&loaded);
    let lanes: Vec<PhaseLane> = loaded
        .phases
        .iter()
        .map(|record| phase_lane(record, &loaded, &projected, range))
        .collect();
    let wanted = |of: Option<PhaseNumber>| phase.is_none() || of == phase;
    let mut modules: Vec<ModuleLane> = projected
        .iter()
        .filter(|one| wanted(one.flag.phase))
        .map(|one| module_lane(one, &loaded, range))
        .collect();
    modules.sort_by(|a, b| {
        let place = |lane: &ModuleLane| lane.phase.unwrap_or(PhaseNumber::MAX);
        (place(a), &a.key).cmp(&(place(b), &b.key))
    });
    let weeks = match layout {
        CalendarLayout::Timeline => Vec::new(),
        _ => weeks(&loaded, &projected, layout, range, today, phase),
    };
    let planned_finish = loaded
        .phases
        .iter()
        .filter_map(|record| record.baseline.1)
        .max();
    let expected_finish = loaded
        .phases
        .iter()
        .map(|record| expected_end(record, &loaded, &projected))
        .collect::<Option<Vec<Date>>>()
        .and_then(|days| days.into_iter().max());
    let iso = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let days_behind = planned_finish.zip(expected_finish).map(days_between);
    CalendarView {
        feeds: Vec::new(),
        layout,
        zone: shown_zone.iana_name().unwrap_or("UTC").to_owned(),
        title: title(layout, range),
        first: range.first.to_string(),
        days: u32::try_from(range.days).unwrap_or_default(),
        now: match layout {
            CalendarLayout::Timeline => monday_of(today),
            CalendarLayout::Month | CalendarLayout::Week => today,
        }
        .to_string(),
        previous: neighbour(layout, range, -1).to_string(),
        next: neighbour(layout, range, 1).to_string(),
        phase,
        now_place: range.place_within(loaded.now),
        axis: axis(range, &loaded.zone),
        phases: lanes
            .into_iter()
            .filter(|lane| wanted(Some(lane.number)))
            .collect(),
        modules,
        windows: loaded
            .windows
            .iter()
            .map(|record| window_row(record, range, &loaded.zone))
            .collect(),
        milestones: loaded
            .milestones
            .iter()
            .map(|record| MilestoneRow {
                id: record.id,
                name: record.name.clone(),
                day: record.day.to_string(),
                version: record.version,
                place: range.place_within(instant(record.day.at(12, 0, 0, 0), &loaded.zone)),
            })
            .collect(),
        weeks,
        planned_finish: iso(planned_finish),
        expected_finish: iso(expected_finish),
        days_behind,
        frame: loaded.standing.frame,
    }
}

fn days_between((from, to): (Date, Date)) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
