//! The plan on a calendar.

use std::collections::BTreeMap;

use domain::plan_items::{ChecklistKind, Step};
use domain::read::{
    AxisMark, Bar, CalendarFilter, CalendarLayout, CalendarView, DayCell, DayEntry, Days,
    EntryKind, MilestoneRow, ModuleLane, MovePhaseView, PhaseLane, StepBar, WindowRow,
};
use domain::schedule::phases::{Dependency, PhaseDates, check_dependencies};
use domain::schedule::projection::{
    DataShare, Projection, Standing as ModuleStanding, project, project_phase,
};
use domain::schedule::recurrence::Recurrence;
use domain::schedule::windows::{Scope, Timetable, Window, WindowKind, occurrences_between};
use domain::schedule::{civil, in_calendar, instant};
use domain::{FlagState, Key, Mode, ModuleStatus, PhaseNumber, Refusal, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::module::choose_template;
use super::standing::{Standing, load};
use crate::commands::gates::zone_of;
use crate::store::flags::FlagRecord;
use crate::store::issue_lists::DueIssue;
use crate::store::milestones::MilestoneRecord;
use crate::store::phases::PhaseRecord;
use crate::store::windows::WindowRecord;
use crate::store::{dependencies, issue_lists, milestones, phases, plan_items, windows};
use crate::{Caller, Control, QueryError};

/// How far steps are looked for.
const LOOK_AHEAD_DAYS: i64 = 800;
/// Milliseconds in a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days of a timeline unless others are asked for.
const DAYS: i64 = 91;
/// Fewest and most days of a timeline.
const RANGE: std::ops::RangeInclusive<i64> = 7..=731;
/// Issues with a due day that are shown at most.
const MOST_DUE: u32 = 1_000;
/// Marks of the time axis at most.
const MOST_MARKS: i64 = 14;

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
}

/// The days shown, as instants.
struct Range {
    first: Date,
    days: i64,
    from: Timestamp,
    to: Timestamp,
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
    let range = range(filter, layout, today, &loaded)?;
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
    Ok(Loaded {
        due,
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

fn range(
    filter: &CalendarFilter,
    layout: CalendarLayout,
    today: Date,
    loaded: &Loaded,
) -> Result<Range, Refusal> {
    let asked = day_of("from", &filter.from)?;
    let (first, days) = match layout {
        CalendarLayout::Month => {
            let month = asked.unwrap_or(today).first_of_month();
            let first = monday_of(month);
            let last = month.last_of_month();
            let days = i64::from(first.until(last).map_or(27, |span| span.get_days())) + 1;
            (first, (days + 6) / 7 * 7)
        }
        CalendarLayout::Week => (monday_of(asked.unwrap_or(today)), 7),
        CalendarLayout::Timeline => {
            let days = match filter.days.trim() {
                "" => DAYS,
                text => text
                    .parse::<i64>()
                    .ok()
                    .filter(|days| RANGE.contains(days))
                    .ok_or_else(|| Refusal::field("days", "Show between 7 and 731 days."))?,
            };
            let begin = || {
                let starts = loaded.phases.iter().filter_map(|record| record.phase.start);
                starts.min().map(monday_of)
            };
            (
                asked.or_else(begin).unwrap_or_else(|| monday_of(today)),
                days,
            )
        }
    };
    let end = first.saturating_add(days.days());
    Ok(Range {
        first,
        days,
        from: instant(first.at(0, 0, 0, 0), &loaded.zone),
        to: instant(end.at(0, 0, 0, 0), &loaded.zone),
    })
}

fn monday_of(day: Date) -> Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.saturating_sub(back.days())
}

impl Range {
    /// Where an instant is; cut at the ends.
    fn place(&self, at: Timestamp) -> u16 {
        let length = self.to.since(self.from).max(1);
        let share = at.since(self.from).clamp(0, length) * 10_000 / length;
        u16::try_from(share).unwrap_or(10_000)
    }

    /// Where an instant is, if it is shown.
    fn place_within(&self, at: Timestamp) -> Option<u16> {
        (self.from <= at && at < self.to).then(|| self.place(at))
    }

    fn bar(&self, from: Timestamp, to: Timestamp) -> Option<Bar> {
        (from < self.to && to > self.from && from < to).then(|| Bar {
            from: self.place(from),
            to: self.place(to),
        })
    }

    /// Whole days, the last inclusive.
    fn bar_of_days(&self, start: Option<Date>, end: Option<Date>, zone: &TimeZone) -> Option<Bar> {
        let begin = |day: Date| instant(day.at(0, 0, 0, 0), zone);
        let (start, end) = (start?, end?);
        self.bar(begin(start), begin(end.saturating_add(1.day())))
    }
}

/// A module with what is to be expected of it.
struct Projected<'a> {
    flag: &'a FlagRecord,
    projection: Projection,
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

/// Modules that are not archived, each walked along its template from where it stands.
fn projected(loaded: &Loaded) -> Vec<Projected<'_>> {
    let windows: Vec<Window> = loaded
        .windows
        .iter()
        .map(|record| record.window.clone())
        .collect();
    let until = loaded.now.plus(LOOK_AHEAD_DAYS * DAY);
    let timetable = Timetable::new(&windows, &loaded.zone, loaded.now, until);
    let free = windows.is_empty();
    let mut templates: BTreeMap<Option<PhaseNumber>, Vec<Step>> = BTreeMap::new();
    loaded
        .standing
        .flags
        .iter()
        .filter(|flag| flag.status != ModuleStatus::Archived)
        .map(|flag| {
            let template = templates
                .entry(flag.phase)
                .or_insert_with(|| choose_template(&loaded.steps, flag.phase).0);
            let begin = flag
                .phase
                .and_then(|number| loaded.phases.iter().find(|one| one.phase.number == number))
                .and_then(|record| record.phase.start)
                .map(|day| instant(day.at(0, 0, 0, 0), &loaded.zone));
            let standing = ModuleStanding {
                state: flag.state,
                since: flag.changed_at.unwrap_or(loaded.now),
                soaked: None,
                not_before: begin,
            };
            let open_from = |at: Timestamp| {
                if free || at > until {
                    return Some(at);
                }
                timetable.open_from(&flag.module, flag.phase, at)
            };
            Projected {
                flag,
                projection: project(template, &standing, DataShare::ALL, loaded.now, open_from),
            }
        })
        .collect()
}

fn phase_lane(
    record: &PhaseRecord,
    loaded: &Loaded,
    projected: &[Projected<'_>],
    range: &Range,
) -> PhaseLane {
    let phase = &record.phase;
    let of_phase: Vec<&FlagRecord> = projected
        .iter()
        .map(|one| one.flag)
        .filter(|flag| flag.phase == Some(phase.number))
        .collect();
    let done = of_phase
        .iter()
        .filter(|flag| flag.status == ModuleStatus::Retired || flag.state.mode() == Mode::NewOnly)
        .count();
    let dates: Vec<PhaseDates> = loaded
        .phases
        .iter()
        .filter_map(|record| PhaseDates::of(&record.phase))
        .collect();
    let broken = check_dependencies(&dates, &loaded.dependencies)
        .into_iter()
        .filter(|broken| broken.phase == phase.number)
        .map(|broken| broken.to_string())
        .collect();
    let expected = expected_end(record, loaded, projected);
    let late = phase.end.zip(expected).filter(|(end, at)| at > end);
    let (start, end) = record.baseline;
    PhaseLane {
        number: phase.number,
        name: phase.name.clone(),
        version: phase.version,
        planned: days(phase.start, phase.end),
        baseline: days(start, end),
        expected_end: expected.map(|day| day.to_string()).unwrap_or_default(),
        days_behind: end.zip(expected).map(days_between),
        overrun_days: phase.overrun_days,
        modules: u32::try_from(of_phase.len()).unwrap_or(u32::MAX),
        done: u32::try_from(done).unwrap_or(u32::MAX),
        needs: loaded
            .dependencies
            .iter()
            .filter(|one| one.phase == phase.number)
            .map(|one| one.needs)
            .collect(),
        broken,
        bar: range.bar_of_days(phase.start, phase.end, &loaded.zone),
        baseline_bar: range.bar_of_days(start, end, &loaded.zone),
        late_bar: late.and_then(|(end, at)| {
            range.bar_of_days(Some(end.saturating_add(1.day())), Some(at), &loaded.zone)
        }),
    }
}

fn days(start: Option<Date>, end: Option<Date>) -> Days {
    let iso = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    Days {
        start: iso(start),
        end: iso(end),
    }
}

/// The last day of a phase to be expected: by its modules, else as planned.
fn expected_end(
    record: &PhaseRecord,
    loaded: &Loaded,
    projected: &[Projected<'_>],
) -> Option<Date> {
    let of_phase: Vec<&Projected<'_>> = projected
        .iter()
        .filter(|one| one.flag.phase == Some(record.phase.number))
        .collect();
    if of_phase.is_empty() {
        return record.phase.end;
    }
    let ends = of_phase.iter().map(|one| match one.flag.status {
        ModuleStatus::Retired => Some(one.flag.changed_at.unwrap_or(loaded.now)),
        _ => one.projection.end,
    });
    project_phase(None, ends, None, &loaded.zone).end
}

fn module_lane(one: &Projected<'_>, loaded: &Loaded, range: &Range) -> ModuleLane {
    let flag = one.flag;
    let mut steps = Vec::new();
    let mut push = |from: Timestamp, to: Timestamp, state: FlagState, expected: bool| {
        if let Some(bar) = range.bar(from, to) {
            steps.push(StepBar {
                bar,
                state,
                expected,
                at: from,
            });
        }
    };
    let began = flag.changed_at.unwrap_or(loaded.now);
    if flag.status == ModuleStatus::Retired {
        push(began, range.to, FlagState::NEW_ONLY, false);
    } else if flag.state != FlagState::OLD_ONLY {
        push(began, loaded.now, flag.state, false);
    }
    let coming: Vec<(Timestamp, FlagState)> = one
        .projection
        .steps
        .iter()
        .map_while(|step| Some((step.at?, step.state)))
        .collect();
    if flag.status == ModuleStatus::Active {
        let first = coming.first().map(|(at, _)| *at);
        if let Some(until) = first.or(one.projection.end)
            && flag.state != FlagState::OLD_ONLY
        {
            push(loaded.now, until, flag.state, true);
        }
        for (at, (from, state)) in coming.iter().enumerate() {
            let until = coming
                .get(at + 1)
                .map(|(next, _)| *next)
                .or(one.projection.end)
                .unwrap_or(*from);
            push(*from, until, *state, true);
        }
    }
    ModuleLane {
        key: flag.module.clone(),
        phase: flag.phase,
        status: flag.status,
        state: flag.state,
        steps,
        next: (flag.status == ModuleStatus::Active)
            .then(|| coming.first().map(|(at, state)| (*state, *at)))
            .flatten(),
        end: one.projection.end,
    }
}

fn window_row(record: &WindowRecord, range: &Range, zone: &TimeZone) -> WindowRow {
    let window = &record.window;
    let written = |at: jiff::civil::DateTime| at.strftime("%Y-%m-%dT%H:%M").to_string();
    WindowRow {
        id: record.id,
        name: window.name().to_owned(),
        kind: window.kind(),
        scope: window.scope().clone(),
        starts: written(window.starts()),
        ends: written(window.ends()),
        recurrence: window
            .recurrence()
            .map_or_else(String::new, |rule| Recurrence::as_str(rule).to_owned()),
        version: record.version,
        bars: occurrences_between(window, zone, range.from, range.to)
            .into_iter()
            .filter_map(|(from, to)| range.bar(from, to))
            .collect(),
    }
}

fn title(layout: CalendarLayout, range: &Range) -> String {
    let last = range.first.saturating_add((range.days - 1).days());
    match layout {
        CalendarLayout::Month => {
            // The first days may be of the month before.
            let within = range.first.saturating_add(7.days());
            within.strftime("%B %Y").to_string()
        }
        _ => format!(
            "{} to {}",
            range.first.strftime("%-d %b %Y"),
            last.strftime("%-d %b %Y")
        ),
    }
}

/// The first day of the range before (-1) or after (1).
fn neighbour(layout: CalendarLayout, range: &Range, way: i64) -> Date {
    match layout {
        CalendarLayout::Month => {
            let within = range.first.saturating_add(7.days()).first_of_month();
            within.saturating_add(way.months())
        }
        CalendarLayout::Week => range.first.saturating_add((7 * way).days()),
        CalendarLayout::Timeline => range.first.saturating_add((range.days / 2 * way).days()),
    }
}

fn axis(range: &Range, zone: &TimeZone) -> Vec<AxisMark> {
    let weeks = (range.days / 7 / MOST_MARKS + 1) * 7;
    let step = if range.days <= MOST_MARKS { 1 } else { weeks };
    let mut marks = Vec::new();
    let mut offset = 0;
    while offset < range.days {
        let day = range.first.saturating_add(offset.days());
        marks.push(AxisMark {
            place: range.place(instant(day.at(0, 0, 0, 0), zone)),
            label: day.strftime("%-d %b").to_string(),
        });
        offset += step;
    }
    marks
}

fn weeks(
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
            let word = match record.window.kind() {
                WindowKind::Freeze => "freeze",
                WindowKind::Change => "change window",
            };
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

/// The form that moves a phase. `start` and `end` propose days, `shift_start` and `shift_end` days to go on by.
///
/// # Errors
/// A phase that is not there; a day that is none.
pub async fn move_phase(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    number: PhaseNumber,
    shift: (i32, i32),
) -> Result<MovePhaseView, QueryError> {
    let loaded = load_all(control, caller, migration, environment).await?;
    let record = loaded
        .phases
        .iter()
        .find(|record| record.phase.number == number)
        .ok_or_else(|| Refusal::not_found("phase", number.to_string()))?;
    let moved = |day: Option<Date>, by: i32| {
        let day = day?.saturating_add(i64::from(by).clamp(-36_500, 36_500).days());
        in_calendar(day).then_some(day)
    };
    let (start, end) = (
        moved(record.phase.start, shift.0),
        moved(record.phase.end, shift.1),
    );
    let mut following = vec![number];
    while let Some(more) = loaded
        .dependencies
        .iter()
        .find(|one| following.contains(&one.needs) && !following.contains(&one.phase))
    {
        following.push(more.phase);
    }
    let others = || {
        let others = loaded.phases.iter().map(|record| &record.phase);
        others.filter(|phase| phase.number != number)
    };
    Ok(MovePhaseView {
        number,
        name: record.phase.name.clone(),
        version: record.phase.version,
        planned: days(record.phase.start, record.phase.end),
        proposed: days(start, end),
        followers: others()
            .filter(|phase| following.contains(&phase.number))
            .map(|phase| {
                (
                    phase.number,
                    phase.name.clone(),
                    days(phase.start, phase.end),
                )
            })
            .collect(),
        needs: loaded
            .dependencies
            .iter()
            .filter(|one| one.phase == number)
            .map(|one| one.needs)
            .collect(),
        others: others()
            .map(|phase| (phase.number, phase.name.clone()))
            .collect(),
        frame: loaded.standing.frame,
    })
}
