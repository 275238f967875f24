//! Where phases and days lie on the calendar, and what does not fit.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::headings::{DayReference, Designator, PhaseHeading, Unit};
use crate::model::{Command, DaySpan, Note};

/// Length of a phase whose length nothing tells, in days.
const ASSUMED_DAYS: u32 = 14;

/// No plan reaches further than this many days; larger numbers are mistakes.
const FURTHEST: i64 = 36_500;

/// A phase as it is read, before its window is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) line: u32,
    pub(crate) heading: PhaseHeading,
    /// Weeks or dates of headings within it, for phases that tell their own window only there.
    pub(crate) inner: Vec<PhaseHeading>,
    pub(crate) starts: Option<Date>,
    pub(crate) ends: Option<Date>,
    pub(crate) expected_modules: Option<u32>,
    /// What it says it needs, in words, and where.
    pub(crate) needs: Option<(String, u32)>,
    pub(crate) validation_days: Option<u32>,
    /// "Same process": its work takes as long as that of the first phase with days.
    pub(crate) same_process: bool,
    pub(crate) preparation: bool,
    pub(crate) notes: Vec<Note>,
    pub(crate) commands: Vec<Command>,
}

impl Draft {
    fn dates(&self) -> Option<(Date, Date)> {
        let inner = || {
            let dates = self.inner.iter().filter_map(|heading| heading.dates);
            dates.reduce(|(start, end), (other_start, other_end)| {
                (start.min(other_start), end.max(other_end))
            })
        };
        let own = self
            .starts
            .zip(self.ends)
            .filter(|(start, end)| start <= end);
        self.heading
            .dates
            .or(own)
            .or_else(|| self.time().is_none().then(inner).flatten())
    }

    /// The designator that counts time: its own, else what its inner headings span.
    fn time(&self) -> Option<Designator> {
        let timed = |designator: &&Designator| {
            matches!(designator.unit, Unit::Week | Unit::Sprint | Unit::Month)
        };
        if let Some(own) = self.heading.designators.iter().find(timed) {
            return Some(own.clone());
        }
        let mut inner = self
            .inner
            .iter()
            .flat_map(|heading| &heading.designators)
            .filter(timed)
            .cloned();
        let mut span = inner.next()?;
        for other in inner {
            if other.unit != span.unit {
                continue;
            }
            span.first = span.first.min(other.first);
            span.last = span.last.max(other.last);
        }
        Some(span)
    }
}

/// So many days later, at the calendar's end at most.
pub(crate) fn later(date: Date, days: i64) -> Date {
    date.saturating_add(days.clamp(-FURTHEST, FURTHEST).days())
}

fn months_later(date: Date, months: u32) -> Date {
    date.saturating_add(Span::new().months(i64::from(months.min(1_200))))
}

/// Days from the first to the last, both counted.
pub(crate) fn length(start: Date, end: Date) -> u32 {
    start.until(end).map_or(1, |span| {
        u32::try_from(span.get_days().max(0))
            .unwrap_or(0)
            .saturating_add(1)
    })
}

/// The windows of all phases, in their order. `last_days` holds the highest day number told within each phase.
pub(crate) fn place(
    drafts: &[Draft],
    last_days: &[u32],
    start: Date,
    sprint_days: u32,
    notes: &mut Vec<Note>,
) -> Vec<(Date, Date)> {
    let mut windows: Vec<(Date, Date)> = Vec::with_capacity(drafts.len());
    let mut next = start;
    let mut counted_from: Option<Date> = None;
    let undated: Vec<Designator> = drafts
        .iter()
        .filter(|draft| draft.dates().is_none())
        .filter_map(Draft::time)
        .collect();
    let lowest_of = |unit: Unit| {
        undated
            .iter()
            .filter(|time| time.unit == unit)
            .map(|time| time.first)
            .min()
            .unwrap_or(0)
    };
    let (week, sprint, month) = (
        lowest_of(Unit::Week),
        lowest_of(Unit::Sprint),
        lowest_of(Unit::Month),
    );
    let lowest = |unit: &Unit| match unit {
        Unit::Sprint => sprint,
        Unit::Month => month,
        _ => week,
    };
    for (draft, &last_day) in drafts.iter().zip(last_days) {
        let window = if let Some(dates) = draft.dates() {
            dates
        } else if let Some(Designator { unit, first, last }) = draft.time() {
            let base = *counted_from.get_or_insert(next);
            let (from, to) = (
                first.saturating_sub(lowest(&unit)),
                last.saturating_sub(lowest(&unit)).saturating_add(1),
            );
            let at = |count: u32| match unit {
                Unit::Month => months_later(base, count),
                Unit::Sprint => later(base, i64::from(count) * i64::from(sprint_days)),
                _ => later(base, i64::from(count) * 7),
            };
            (at(from), later(at(to), -1).max(at(from)))
        } else {
            let from = draft.starts.unwrap_or(next);
            let known = draft.heading.length_days.or(draft
                .ends
                .filter(|end| *end >= from)
                .map(|end| length(from, end)));
            let days = known.unwrap_or_else(|| {
                let days = if last_day > 0 { last_day } else { ASSUMED_DAYS };
                if last_day == 0 {
                    let text = format!(
                        "\"{}\" tells neither dates nor a length: {ASSUMED_DAYS} days are assumed",
                        draft.name
                    );
                    notes.push(Note {
                        text,
                        line: draft.line,
                    });
                }
                days
            });
            (from, later(from, i64::from(days.max(1)) - 1))
        };
        next = next.max(later(window.1, 1));
        windows.push(window);
    }
    windows
}

/// Days of a phase on the calendar. `offset` is added where a plan counts its days through all phases.
pub(crate) fn span(reference: DayReference, window: (Date, Date), offset: u32) -> Option<DaySpan> {
    match reference {
        DayReference::Numbers(first_day, last_day) => {
            let at = |day: u32| later(window.0, i64::from(day) - 1 - i64::from(offset));
            Some(DaySpan {
                first_day,
                last_day,
                start: at(first_day),
                end: at(last_day),
            })
        }
        DayReference::Dates(start, end) => {
            let day = |date: Date| {
                (date >= window.0).then(|| length(window.0, date).saturating_add(offset))
            };
            Some(DaySpan {
                first_day: day(start)?,
                last_day: day(end)?,
                start,
                end,
            })
        }
    }
}

/// How many days lie before a phase whose day numbers count through the whole plan; 0 where they begin anew.
pub(crate) fn offset(numbers: &[(u32, u32)], window: (Date, Date), start: Date) -> u32 {
    let days = length(window.0, window.1);
    let before = length(start, window.0).saturating_sub(1);
    let lowest = numbers.iter().map(|&(first, _)| first).min().unwrap_or(0);
    if start < window.0 && lowest > days && lowest > before {
        before
    } else {
        0
    }
}

/// Work of a phase: its days (last number, soak in hours), relative to its first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) first_day: u32,
    pub(crate) last_day: u32,
    pub(crate) soak_hours: Option<u32>,
}

impl Work {
    /// The day on which it ends. A soak that fits into the days given for the work is part of them; a longer one
    /// begins when they are over.
    pub(crate) fn end(self) -> u32 {
        let soak = self.soak_hours.unwrap_or(0).div_ceil(24);
        let days = self
            .last_day
            .saturating_sub(self.first_day)
            .saturating_add(1);
        if soak <= days {
            self.last_day
        } else {
            self.last_day.saturating_add(soak)
        }
    }
}

/// So many hours in words: `36 hours`, `2 days`, `1 week`.
pub(crate) fn hours_in_words(hours: u32) -> String {
    let (count, unit) = match hours {
        hours if hours > 0 && hours % 168 == 0 => (hours / 168, "week"),
        hours if hours > 0 && hours % 24 == 0 => (hours / 24, "day"),
        hours => (hours, "hour"),
    };
    plural(count, unit)
}

/// `1 day`, `2 days`.
pub(crate) fn plural(count: u32, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::headings::phase_heading;
    use crate::tokens::Tokens;

    fn windows(headings: &[&str]) -> Vec<(Date, Date)> {
        let start = date(2026, 1, 5);
        let draft = |heading: &&str| Draft {
            name: (*heading).to_owned(),
            heading: phase_heading(&Tokens::of(heading), start).expect(heading),
            ..Draft::default()
        };
        let drafts: Vec<Draft> = headings.iter().map(draft).collect();
        place(&drafts, &vec![0; drafts.len()], start, 14, &mut Vec::new())
    }

    #[test]
    fn weeks_sprints_and_months_are_counted_from_the_first() {
        assert_eq!(
            windows(&[
                "Week 0: Preparation",
                "Week 1-2: Phase 1 - Core",
                "Weeks 3 & 4"
            ]),
            [
                (date(2026, 1, 5), date(2026, 1, 11)),
                (date(2026, 1, 12), date(2026, 1, 25)),
                (date(2026, 1, 26), date(2026, 2, 8)),
            ]
        );
        assert_eq!(
            windows(&["Sprint 7", "Sprint 8-9"])[1],
            (date(2026, 1, 19), date(2026, 2, 15))
        );
        assert_eq!(
            windows(&["Month 1", "Month 2"])[1],
            (date(2026, 2, 5), date(2026, 3, 4))
        );
    }

    #[test]
    fn dates_win_and_what_follows_them_is_appended() {
        assert_eq!(
            windows(&[
                "Pilot (2026-02-02 to 2026-02-06)",
                "Phase 2 (10 days)",
                "Phase 3"
            ]),
            [
                (date(2026, 2, 2), date(2026, 2, 6)),
                (date(2026, 2, 7), date(2026, 2, 16)),
                (date(2026, 2, 17), date(2026, 3, 2)),
            ]
        );
    }

    #[test]
    fn weeks_after_a_preparation_of_its_own_length_begin_when_it_ends() {
        assert_eq!(
            windows(&["Preparation phase (3 days)", "Week 1", "Week 2"])[1].0,
            date(2026, 1, 8)
        );
    }

    #[test]
    fn a_soak_longer_than_its_days_begins_after_them() {
        assert_eq!(
            Work {
                first_day: 8,
                last_day: 10,
                soak_hours: Some(48)
            }
            .end(),
            10
        );
        assert_eq!(
            Work {
                first_day: 13,
                last_day: 14,
                soak_hours: Some(168)
            }
            .end(),
            21
        );
    }

    #[test]
    fn enormous_numbers_stay_on_the_calendar() {
        let window = windows(&["Week 1", "Week 400000000-400000002"])[1];
        assert!(window.0 <= window.1);
    }
}
