//! Windows as instants, and the questions asked of them.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use flags::Key;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::{Closed, Scope, WindowKind};
use crate::migration::MAX_NAME;
use crate::refusal::FieldError;
use crate::schedule::recurrence::Recurrence;
use crate::schedule::{HOUR, civil, in_calendar, instant, instant_of_end};
use crate::{PhaseNumber, Refusal, Timestamp};

/// How far ahead [`closed`] looks for an opening, in days.
pub const LOOK_AHEAD_DAYS: i64 = 400;
/// Longest window, in days; also how far back a run of freezes is followed.
const MAX_DAYS: i64 = 366;
/// Milliseconds in a day of 24 hours.
const DAY: i64 = 24 * HOUR;

/// A freeze or a change window, with all its occurrences. Times are civil, in the migration's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    name: String,
    kind: WindowKind,
    scope: Scope,
    starts: DateTime,
    ends: DateTime,
    recurrence: Option<Recurrence>,
    /// Begin of each occurrence, in order.
    occurrences: Arc<[DateTime]>,
}

impl Window {
    /// A window from `starts` to `ends` (not included), and again as the rule says.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field: `name` (1 to 200 characters), `starts` and `ends` (whole minutes of
    /// 1970 to 2200, the end later and at most 366 days), `recurrence`.
    pub fn new(
        name: &str,
        kind: WindowKind,
        scope: Scope,
        starts: DateTime,
        ends: DateTime,
        recurrence: Option<Recurrence>,
    ) -> Result<Self, Refusal> {
        let mut fields = Vec::new();
        let mut wrong = |field: &str, message: String| {
            fields.push(FieldError {
                field: field.into(),
                message,
            });
        };
        let name = name.trim();
        if name.is_empty() {
            wrong(
                "name",
                "Name the window, so that a refusal can say which it is.".into(),
            );
        } else if name.chars().count() > MAX_NAME {
            wrong("name", format!("A name has at most {MAX_NAME} characters."));
        }
        for (field, at) in [("starts", starts), ("ends", ends)] {
            if !in_calendar(at.date()) {
                wrong(
                    field,
                    format!("{} is outside of 1970-01-01 to 2200-12-31.", at.date()),
                );
            } else if !is_whole_minute(at) {
                wrong(field, "A window begins and ends at a whole minute.".into());
            }
        }
        if ends <= starts {
            wrong(
                "ends",
                "The window ends before it begins: choose a later end.".into(),
            );
        } else if too_long(starts, ends) {
            wrong(
                "ends",
                format!("A window is at most {MAX_DAYS} days long: choose an earlier end."),
            );
        }
        let mut occurrences = vec![starts];
        if let Some(rule) = &recurrence {
            match rule.all(starts) {
                Ok(all) => occurrences = all,
                Err(error) => wrong("recurrence", error.to_string()),
            }
        }
        if !fields.is_empty() {
            return Err(Refusal::Invalid { fields });
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            scope,
            starts,
            ends,
            recurrence,
            occurrences: occurrences.into(),
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does to promotions.
    pub fn kind(&self) -> WindowKind {
        self.kind
    }

    /// Which modules it is about.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Begin of its first occurrence.
    pub fn starts(&self) -> DateTime {
        self.starts
    }

    /// End of its first occurrence, not included.
    pub fn ends(&self) -> DateTime {
        self.ends
    }

    /// The rule by which it recurs, if it does.
    pub fn recurrence(&self) -> Option<&Recurrence> {
        self.recurrence.as_ref()
    }

    /// Begin of each occurrence, in order.
    pub fn occurrences(&self) -> &[DateTime] {
        &self.occurrences
    }

    /// One occurrence as instants, the end not included.
    fn span(&self, begin: DateTime, zone: &TimeZone) -> (Timestamp, Timestamp) {
        span(begin, self.starts.duration_until(self.ends), zone)
    }
}

/// What begins at a time on the wall and is so long on it, as instants, the end not included.
pub(crate) fn span(
    begin: DateTime,
    length: SignedDuration,
    zone: &TimeZone,
) -> (Timestamp, Timestamp) {
    let end = begin.saturating_add(length);
    let (from, to) = (instant(begin, zone), instant_of_end(end, zone));
    if from < to {
        return (from, to);
    }
    // A gap of daylight saving swallowed its begin and pushed it past its end: it keeps its length.
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    (from, from.plus(length))
}

fn is_whole_minute(at: DateTime) -> bool {
    at.second() == 0 && at.subsec_nanosecond() == 0
}

fn too_long(starts: DateTime, ends: DateTime) -> bool {
    starts
        .checked_add(MAX_DAYS.days())
        .is_ok_and(|latest| ends > latest)
}

/// The occurrences of a window that touch `from..to`, each as begin and end (not included), by begin.
pub fn occurrences_between(
    window: &Window,
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    // Which occurrences can touch the range is told by civil times first; two days are more than any change of clocks.
    let length = window.starts.duration_until(window.ends);
    let earliest = civil(from.plus(-2 * DAY), zone).saturating_sub(length);
    let latest = civil(to.plus(2 * DAY), zone);
    let first = window.occurrences.partition_point(|at| *at < earliest);
    let mut spans: Vec<_> = window
        .occurrences
        .iter()
        .skip(first)
        .take_while(|at| **at <= latest)
        .map(|begin| window.span(*begin, zone))
        .filter(|(begin, end)| *begin < to && *end > from)
        .collect();
    spans.sort_unstable();
    spans
}

/// Whether promotions of a module are closed, and why. `phase` is the one that it moves in. Looks
/// [`LOOK_AHEAD_DAYS`] ahead.
///
/// For many modules or moments make one [`Timetable`] and ask that.
pub fn closed(
    windows: &[Window],
    module: &Key,
    phase: Option<PhaseNumber>,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Closed> {
    let horizon = now.plus(LOOK_AHEAD_DAYS * DAY);
    Timetable::new(windows, zone, now, horizon).closed(module, phase, now)
}

/// Windows as instants, for all moments between two.
#[derive(Debug, Clone)]
pub struct Timetable {
    windows: Vec<Listed>,
    until: Timestamp,
}

#[derive(Debug, Clone)]
struct Listed {
    name: String,
    kind: WindowKind,
    scope: Scope,
    /// By begin; the end is not included.
    spans: Vec<(Timestamp, Timestamp)>,
}

impl Timetable {
    /// Prepares answers for moments in `from..=until`; openings after `until` are not told.
    pub fn new(windows: &[Window], zone: &TimeZone, from: Timestamp, until: Timestamp) -> Self {
        let earliest = from.plus(-MAX_DAYS * DAY);
        Self {
            windows: windows
                .iter()
                .map(|window| Listed {
                    name: window.name.clone(),
                    kind: window.kind,
                    scope: window.scope.clone(),
                    spans: occurrences_between(window, zone, earliest, until.plus(1)),
                })
                .collect(),
            until,
        }
    }

    /// Whether promotions of a module are closed at that moment, and why. `phase` is the one that it moves in.
    pub fn closed(
        &self,
        module: &Key,
        phase: Option<PhaseNumber>,
        at: Timestamp,
    ) -> Option<Closed> {
        let (freezes, changes) = (
            self.merged(WindowKind::Freeze, module, phase),
            self.merged(WindowKind::Change, module, phase),
        );
        let until = self.first_open(freezes.as_deref(), changes.as_deref(), at);
        if until == Some(at) {
            return None;
        }
        let around = |(begin, end): &&(Timestamp, Timestamp)| *begin <= at && at < *end;
        if let Some((since, _)) = freezes.iter().flatten().find(around) {
            let (window, _) = self
                .covering(WindowKind::Freeze, module, phase)
                .flat_map(|listed| listed.spans.iter().map(move |span| (listed, span)))
                .filter(|(_, span)| around(span))
                .max_by_key(|(_, span)| span.1)?;
            return Some(Closed {
                window: window.name.clone(),
                kind: WindowKind::Freeze,
                since: Some(*since),
                until,
            });
        }
        let changes = changes.unwrap_or_default();
        let since = changes.iter().rev().find(|span| span.1 <= at);
        Some(Closed {
            window: self.named_change(module, phase, at)?,
            kind: WindowKind::Change,
            since: since.map(|span| span.1),
            until,
        })
    }

    /// The first moment from `at` on in which promotions of a module are open; `None` when there is none up to the
    /// timetable's end.
    pub fn open_from(
        &self,
        module: &Key,
        phase: Option<PhaseNumber>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        self.first_open(
            self.merged(WindowKind::Freeze, module, phase).as_deref(),
            self.merged(WindowKind::Change, module, phase).as_deref(),
            at,
        )
    }

    fn covering(
        &self,
        kind: WindowKind,
        module: &Key,
        phase: Option<PhaseNumber>,
    ) -> impl Iterator<Item = &Listed> {
        self.windows
            .iter()
            .filter(move |listed| listed.kind == kind && listed.scope.covers(module, phase))
    }

    /// Spans of all windows of a kind that cover the module, overlapping and adjoining ones as one; `None` when no
    /// window covers it, which for change windows differs from "none is open any more".
    fn merged(
        &self,
        kind: WindowKind,
        module: &Key,
        phase: Option<PhaseNumber>,
    ) -> Option<Vec<(Timestamp, Timestamp)>> {
        let mut windows = 0;
        let mut spans: Vec<_> = self
            .covering(kind, module, phase)
            .inspect(|_| windows += 1)
            .flat_map(|listed| &listed.spans)
            .copied()
            .collect();
        if windows == 0 {
            return None;
        }
        spans.sort_unstable();
        spans.dedup_by(|next, run| {
            let adjoins = next.0 <= run.1;
            if adjoins {
                run.1 = run.1.max(next.1);
            }
            adjoins
        });
        Some(spans)
    }

    /// Walks forward: past the freeze that is on, then to the next change window, until neither holds.
    fn first_open(
        &self,
        freezes: Option<&[(Timestamp, Timestamp)]>,
        changes: Option<&[(Timestamp, Timestamp)]>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let mut freezes = freezes.unwrap_or_default().iter().peekable();
        let mut changes = changes.map(|spans| spans.iter().peekable());
        let mut open = at;
        while open <= self.until {
            while freezes.next_if(|span| span.1 <= open).is_some() {}
            if let Some(freeze) = freezes.next_if(|span| span.0 <= open) {
                open = freeze.1;
                continue;
            }
            let Some(changes) = &mut changes else {
                return Some(open);
            };
            while changes.next_if(|span| span.1 <= open).is_some() {}
            let next = changes.peek()?.0;
            if next <= open {
                return Some(open);
            }
            open = next;
        }
        None
    }

    /// The change window that opens next, else the one that closed last, else any that covers the module.
    fn named_change(
        &self,
        module: &Key,
        phase: Option<PhaseNumber>,
        at: Timestamp,
    ) -> Option<String> {
        let all = || self.covering(WindowKind::Change, module, phase);
        let next = all()
            .filter_map(|listed| {
                let span = listed.spans.iter().find(|span| span.0 > at)?;
                Some((span.0, listed))
            })
            .min_by_key(|(begin, _)| *begin);
        let last = || {
            all()
                .filter_map(|listed| Some((listed.spans.last()?.1, listed)))
                .max_by_key(|(end, _)| *end)
        };
        next.or_else(last)
            .map(|(_, listed)| listed)
            .or_else(|| all().next())
            .map(|listed| listed.name.clone())
    }
}
