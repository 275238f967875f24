//! Phases, modules and windows as bars along time.

use std::collections::BTreeMap;

use domain::plan_items::Step;
use domain::read::{Days, ModuleLane, PhaseLane, StepBar, WindowRow};
use domain::schedule::instant;
use domain::schedule::phases::{PhaseDates, check_dependencies};
use domain::schedule::projection::{
    DataShare, Projection, Standing as ModuleStanding, project, project_phase,
};
use domain::schedule::recurrence::Recurrence;
use domain::schedule::windows::{Timetable, Window, occurrences_between};
use domain::{FlagState, Mode, ModuleStatus, PhaseNumber, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::range::Range;
use super::{Loaded, days_between};
use crate::queries::module::choose_template;
use crate::store::flags::FlagRecord;
use crate::store::phases::PhaseRecord;
use crate::store::windows::WindowRecord;

/// How far steps are looked for, days.
const LOOK_AHEAD: i64 = 800;
/// Milliseconds in a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A module with what is to be expected of it.
pub(super) struct Projected<'a> {
    pub(super) flag: &'a FlagRecord,
    pub(super) projection: Projection,
}

/// Modules that are not archived, each walked along its template from where it stands.
pub(super) fn projected(loaded: &Loaded) -> Vec<Projected<'_>> {
    let windows: Vec<Window> = loaded
        .windows
        .iter()
        .map(|record| record.window.clone())
        .collect();
    let until = loaded.now.plus(LOOK_AHEAD * DAY);
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

pub(super) fn phase_lane(
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

pub(super) fn days(start: Option<Date>, end: Option<Date>) -> Days {
    let iso = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    Days {
        start: iso(start),
        end: iso(end),
    }
}

/// The last day of a phase to be expected: by its modules, else as planned.
pub(super) fn expected_end(
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

pub(super) fn module_lane(one: &Projected<'_>, loaded: &Loaded, range: &Range) -> ModuleLane {
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
    let was = loaded
        .history
        .get(&flag.module)
        .map_or(&[][..], Vec::as_slice);
    for (place, (from, state)) in was.iter().enumerate() {
        let next = was.get(place + 1).map_or(began, |(at, _)| *at);
        if *state != FlagState::OLD_ONLY && *from < began {
            push(*from, next.min(began), *state, false);
        }
    }
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

pub(super) fn window_row(record: &WindowRecord, range: &Range, zone: &TimeZone) -> WindowRow {
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
