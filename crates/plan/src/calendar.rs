//! What stands beside phases on the calendar, in tables that people read too: freezes, change windows, milestones; and
//! how phases are named where something refers to them.

use domain::schedule::windows::{Scope, WindowKind};
use flags::Key;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use crate::blocks::Row;
use crate::identity::normalised;
use crate::model::{Milestone, Phase, Window};

/// A window whose phase is still words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WindowDraft {
    pub(crate) window: Window,
    /// The phase it is about, as the table names it.
    pub(crate) phase: Option<String>,
}

/// What the windows under a heading do to promotions; `None` under any other heading.
pub(crate) fn window_kind(heading: &str) -> Option<WindowKind> {
    match normalised(heading).as_str() {
        "freezes" | "change freezes" | "code freezes" => Some(WindowKind::Freeze),
        "change windows" => Some(WindowKind::Change),
        _ => None,
    }
}

/// Where the columns of a table of windows are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowColumns {
    name: usize,
    starts: usize,
    ends: usize,
    scope: Option<usize>,
    again: Option<usize>,
}

/// The columns of a table of windows; `None` where it lacks a name, a begin or an end.
pub(crate) fn window_columns(header: &Row) -> Option<WindowColumns> {
    let place = |names: &[&str]| {
        let named = |word: String| names.contains(&word.as_str());
        header
            .cells
            .iter()
            .position(|text| named(normalised(&text.plain)))
    };
    Some(WindowColumns {
        name: place(&["freeze", "change window", "window", "name"])?,
        starts: place(&["starts", "start", "from", "begins"])?,
        ends: place(&["ends", "end", "until", "to"])?,
        scope: place(&["for", "scope", "applies to"]),
        again: place(&["again", "repeats", "recurs", "rule"]),
    })
}

/// A row of a table of windows; `None` where its name, its times or its scope cannot be read.
pub(crate) fn window_row(
    kind: WindowKind,
    columns: WindowColumns,
    row: &Row,
) -> Option<WindowDraft> {
    let cell = |place: usize| row.cells.get(place).map(|text| squeezed(&text.plain));
    let said = |place: Option<usize>| place.and_then(cell).filter(|text| !text.is_empty());
    let (scope, phase) = scope(said(columns.scope).as_deref().unwrap_or_default())?;
    Some(WindowDraft {
        window: Window {
            name: cell(columns.name).filter(|name| !name.is_empty())?,
            kind,
            scope,
            starts: moment(&cell(columns.starts)?, false)?,
            ends: moment(&cell(columns.ends)?, true)?,
            recurrence: said(columns.again),
            line: row.line,
        },
        phase,
    })
}

/// `everything`, ``module `auth` ``, `phase Core`.
fn scope(words: &str) -> Option<(Scope, Option<String>)> {
    if let Some(key) = words.strip_prefix("module ") {
        return Some((Scope::Module(Key::parse(key.trim()).ok()?), None));
    }
    if let Some(phase) = words.strip_prefix("phase ") {
        return Some((Scope::Migration, Some(phase.trim().to_owned())));
    }
    let all = ["", "everything", "all", "all modules", "the migration"];
    all.contains(&words).then_some((Scope::Migration, None))
}

/// `2026-11-27 18:00`, or a day alone: an end is then the end of that day.
fn moment(words: &str, end: bool) -> Option<DateTime> {
    if let Ok(day) = words.parse::<Date>()
        && words.len() <= 10
    {
        let day = if end {
            day.checked_add(1.day()).ok()?
        } else {
            day
        };
        return Some(day.at(0, 0, 0, 0));
    }
    words.replacen(' ', "T", 1).parse().ok()
}

/// Whether a table under this heading, with this first row, is one of milestones: `Day`, then `Milestone`.
pub(crate) fn is_milestones(heading: &str, header: &Row) -> bool {
    let words: Vec<String> = header
        .cells
        .iter()
        .map(|text| normalised(&text.plain))
        .collect();
    normalised(heading) == "milestones"
        && matches!(words.as_slice(), [day, name, ..] if day == "day" && name == "milestone")
}

/// A row of a table of milestones; `None` where it has no day or no name.
pub(crate) fn milestone_row(row: &Row) -> Option<Milestone> {
    let [day, name, ..] = row.cells.as_slice() else {
        return None;
    };
    let name = squeezed(&name.plain);
    Some(Milestone {
        day: day.plain.trim().parse().ok()?,
        name: Some(name).filter(|name| !name.is_empty())?,
        line: row.line,
    })
}

/// The phases that `Needs: Core, #3` names, each as words; none for `nothing`.
pub(crate) fn needs(words: &str) -> Vec<String> {
    let named = words.split(", ").map(squeezed);
    named
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("nothing"))
        .collect()
}

/// The number of the phase that is called so: `#3`, a name that only one of them bears, or else `3` and `phase 3`.
pub(crate) fn phase_called(phases: &[Phase], words: &str) -> Option<u32> {
    let numbered = words
        .strip_prefix('#')
        .and_then(|number| number.parse().ok());
    if let Some(number) = numbered {
        let there = phases.iter().any(|phase| phase.number == number);
        return there.then_some(number);
    }
    let plain = normalised(words);
    let mut bearers = phases
        .iter()
        .filter(|phase| normalised(&phase.name) == plain);
    let Some(first) = bearers.next() else {
        let number = plain.strip_prefix("phase ").unwrap_or(&plain);
        let number = number.parse().ok();
        return number.filter(|number| phases.iter().any(|phase| phase.number == *number));
    };
    bearers.next().is_none().then_some(first.number)
}

/// White space as single spaces, none at either end.
pub(crate) fn squeezed(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
