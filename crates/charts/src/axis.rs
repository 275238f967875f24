//! Which instants get a tick, and their labels.
//!
//! Ticks stand at round instants of civil time in UTC: whole minutes, midnights, Mondays, first days of months. A label
//! says only what is new since the label before, unless that would make two labels the same.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A tick of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Milliseconds UTC.
    pub at_ms: i64,
    pub label: String,
}

/// More would be read as a ruler rather than as dates.
pub const MOST_TICKS: usize = 8;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const MEAN_MONTH: i64 = 30 * DAY + 10 * HOUR;
/// The epoch was a Thursday; weeks begin on Monday.
const MONDAY: i64 = 4 * DAY;

#[derive(Debug, Clone, Copy)]
enum Step {
    Millis(i64),
    Months(i64),
}

/// From fine to coarse.
const STEPS: [Step; 36] = [
    Step::Millis(SECOND),
    Step::Millis(2 * SECOND),
    Step::Millis(5 * SECOND),
    Step::Millis(10 * SECOND),
    Step::Millis(15 * SECOND),
    Step::Millis(30 * SECOND),
    Step::Millis(MINUTE),
    Step::Millis(2 * MINUTE),
    Step::Millis(5 * MINUTE),
    Step::Millis(10 * MINUTE),
    Step::Millis(15 * MINUTE),
    Step::Millis(30 * MINUTE),
    Step::Millis(HOUR),
    Step::Millis(2 * HOUR),
    Step::Millis(3 * HOUR),
    Step::Millis(6 * HOUR),
    Step::Millis(12 * HOUR),
    Step::Millis(DAY),
    Step::Millis(2 * DAY),
    Step::Millis(WEEK),
    Step::Millis(2 * WEEK),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(2 * 12),
    Step::Months(5 * 12),
    Step::Months(10 * 12),
    Step::Months(20 * 12),
    Step::Months(50 * 12),
    Step::Months(100 * 12),
    Step::Months(200 * 12),
    Step::Months(500 * 12),
    Step::Months(1_000 * 12),
    Step::Months(5_000 * 12),
];

/// The ticks of an axis with room for `columns` characters: the finest that fit, none outside the range.
///
/// A range that holds no round instant, such as an empty one, has none.
pub fn ticks(from_ms: i64, to_ms: i64, columns: usize) -> Vec<Tick> {
    let (from, to) = (from_ms.min(to_ms), from_ms.max(to_ms));
    STEPS
        .into_iter()
        .filter(|step| step.count_at_least(to.saturating_sub(from)) <= MOST_TICKS)
        .find_map(|step| {
            let instants = step.instants(from, to)?;
            let ticks = labelled(step, &instants);
            fits(&ticks, from, to, columns).then_some(ticks)
        })
        .unwrap_or_default()
}

impl Step {
    /// Spares going through the instants of steps that are far too fine.
    fn count_at_least(self, span: i64) -> usize {
        let length = match self {
            Self::Millis(millis) => millis,
            Self::Months(months) => (months + 1).saturating_mul(MEAN_MONTH),
        };
        usize::try_from(span / length).unwrap_or(usize::MAX)
    }

    /// The round instants in the range, or none at all if there are too many.
    fn instants(self, from: i64, to: i64) -> Option<Vec<i64>> {
        let instants: Vec<i64> = match self {
            Self::Millis(millis) => {
                let origin = if millis % WEEK == 0 { MONDAY } else { 0 };
                let first = origin + next_multiple(from.saturating_sub(origin), millis);
                (0..)
                    .map_while(|n: i64| first.checked_add(n * millis))
                    .take_while(|at| *at <= to)
                    .take(MOST_TICKS + 1)
                    .collect()
            }
            Self::Months(months) => {
                let start = civil(from)?;
                let first = i64::from(start.year()) * 12 + i64::from(start.month()) - 1;
                let first = next_multiple(first, months);
                (0..)
                    .map_while(|n: i64| first_of_month(first + n * months))
                    .take_while(|at| *at <= to)
                    .skip_while(|at| *at < from)
                    .take(MOST_TICKS + 1)
                    .collect()
            }
        };
        (instants.len() <= MOST_TICKS).then_some(instants)
    }

    /// All of the instant that a step of this length needs.
    fn full(self) -> &'static str {
        match self {
            Self::Millis(millis) if millis < MINUTE => "%-d %b %H:%M:%S",
            Self::Millis(millis) if millis < DAY => "%-d %b %H:%M",
            Self::Millis(_) => "%-d %b %Y",
            Self::Months(months) if months < 12 => "%b %Y",
            Self::Months(_) => "%Y",
        }
    }

    /// What is new since the label before.
    fn short(self, at: DateTime, before: Option<DateTime>) -> &'static str {
        let same_day = before.is_some_and(|before| before.date() == at.date());
        let same_year = before.is_some_and(|before| before.year() == at.year());
        match self {
            Self::Millis(millis) if millis < MINUTE && same_day => "%H:%M:%S",
            Self::Millis(millis) if millis < DAY && same_day => "%H:%M",
            Self::Millis(millis)
                if millis < DAY
                    && at
                        .time()
                        .duration_since(jiff::civil::Time::midnight())
                        .is_zero() =>
            {
                "%-d %b"
            }
            Self::Millis(millis) if millis >= DAY && same_year => "%-d %b",
            Self::Months(months) if months < 12 && same_year => "%b",
            _ => self.full(),
        }
    }
}

fn labelled(step: Step, instants: &[i64]) -> Vec<Tick> {
    let label = |at_ms: i64,
                 pattern: fn(Step, DateTime, Option<DateTime>) -> &'static str,
                 before: Option<i64>| {
        let at = civil(at_ms)?;
        let pattern = pattern(step, at, before.and_then(civil));
        Some(Tick {
            at_ms,
            label: at.strftime(pattern).to_string(),
        })
    };
    let before = std::iter::once(None).chain(instants.iter().copied().map(Some));
    let short: Vec<Tick> = instants
        .iter()
        .zip(before)
        .filter_map(|(at, before)| label(*at, Step::short, before))
        .collect();
    let distinct: HashSet<&str> = short.iter().map(|tick| tick.label.as_str()).collect();
    if distinct.len() == short.len() {
        return short;
    }
    instants
        .iter()
        .filter_map(|at| label(*at, |step, _, _| step.full(), None))
        .collect()
}

/// Whether no label comes nearer than half a character to the next.
#[expect(clippy::cast_precision_loss, reason = "a hair's breadth on a picture")]
fn fits(ticks: &[Tick], from: i64, to: i64, columns: usize) -> bool {
    let per_ms = columns as f64 / (to - from).max(1) as f64;
    ticks.iter().zip(ticks.iter().skip(1)).all(|(a, b)| {
        let room = (b.at_ms - a.at_ms) as f64 * per_ms;
        room >= (a.label.len() + b.label.len()) as f64 / 2.0 + 0.5
    })
}

fn next_multiple(of: i64, step: i64) -> i64 {
    let beyond = of.rem_euclid(step);
    if beyond == 0 {
        of
    } else {
        of.saturating_add(step - beyond)
    }
}

fn civil(at_ms: i64) -> Option<DateTime> {
    let instant = Timestamp::from_millisecond(at_ms).ok()?;
    Some(TimeZone::UTC.to_datetime(instant))
}

/// Months are counted from the year 0.
fn first_of_month(months: i64) -> Option<i64> {
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    let start = Date::new(year, month, 1).ok()?.at(0, 0, 0, 0);
    Some(TimeZone::UTC.to_timestamp(start).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests;
