//! The days that are shown, and where instants lie among them.

use std::ops::RangeInclusive;

use domain::read::{AxisMark, Bar, CalendarFilter, CalendarLayout};
use domain::schedule::instant;
use domain::{Refusal, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::day_of;

/// Days of a timeline unless asked otherwise.
const DAYS: i64 = 91;
/// Days that a timeline may show.
const RANGE: RangeInclusive<i64> = 7..=731;
/// Marks of the time axis at most.
const MOST_MARKS: i64 = 14;

/// The days shown, as instants.
pub(super) struct Range {
    pub(super) first: Date,
    pub(super) days: i64,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Range {
    /// What is asked for; else the month or week of today, or the plan from its first day on, as long as that shows today.
    pub(super) fn asked(
        filter: &CalendarFilter,
        layout: CalendarLayout,
        today: Date,
        plan: Option<Date>,
        zone: &TimeZone,
    ) -> Result<Self, Refusal> {
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
                let begin = plan
                    .map(monday_of)
                    .filter(|begin| today < begin.saturating_add(days.days()));
                (asked.or(begin).unwrap_or_else(|| monday_of(today)), days)
            }
        };
        let end = first.saturating_add(days.days());
        Ok(Self {
            first,
            days,
            from: instant(first.at(0, 0, 0, 0), zone),
            to: instant(end.at(0, 0, 0, 0), zone),
        })
    }

    /// Where an instant is; cut at the ends.
    pub(super) fn place(&self, at: Timestamp) -> u16 {
        let length = self.to.since(self.from).max(1);
        let share = at.since(self.from).clamp(0, length) * 10_000 / length;
        u16::try_from(share).unwrap_or(10_000)
    }

    /// Where an instant is, if it is shown.
    pub(super) fn place_within(&self, at: Timestamp) -> Option<u16> {
        (self.from <= at && at < self.to).then(|| self.place(at))
    }

    pub(super) fn bar(&self, from: Timestamp, to: Timestamp) -> Option<Bar> {
        (from < self.to && to > self.from && from < to).then(|| Bar {
            from: self.place(from),
            to: self.place(to),
        })
    }

    /// Whole days, the last inclusive.
    pub(super) fn bar_of_days(
        &self,
        start: Option<Date>,
        end: Option<Date>,
        zone: &TimeZone,
    ) -> Option<Bar> {
        let begin = |day: Date| instant(day.at(0, 0, 0, 0), zone);
        let (start, end) = (start?, end?);
        self.bar(begin(start), begin(end.saturating_add(1.day())))
    }
}

pub(super) fn monday_of(day: Date) -> Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.saturating_sub(back.days())
}

pub(super) fn title(layout: CalendarLayout, range: &Range) -> String {
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
pub(super) fn neighbour(layout: CalendarLayout, range: &Range, way: i64) -> Date {
    match layout {
        CalendarLayout::Month => {
            let within = range.first.saturating_add(7.days()).first_of_month();
            within.saturating_add(way.months())
        }
        CalendarLayout::Week => range.first.saturating_add((7 * way).days()),
        CalendarLayout::Timeline => range.first.saturating_add((range.days / 2 * way).days()),
    }
}

pub(super) fn axis(range: &Range, zone: &TimeZone) -> Vec<AxisMark> {
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
