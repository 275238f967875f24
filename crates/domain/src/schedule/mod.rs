//! The plan as people work it: windows in which promotions wait, phases that move, checklists, and where it all leads.
//!
//! What people write is civil (a date, a time of day) in the migration's zone; what is compared with a clock is a
//! [`Timestamp`]. Zone and now are arguments. Rules that recur are expanded on the server only: a page is given instants.
//!
//! | module | subject |
//! | --- | --- |
//! | `agenda`, `observances` | occurrences, and a zone's changes of clocks, as calendar programs are told (not in WASM) |
//! | `recurrence` | which days and times a rule of RFC 5545 names (not in WASM) |
//! | [`windows`] | freezes and change windows: whether promotions are open, and when again (expansion not in WASM) |
//! | [`phases`] | dependencies between phases, and moving them |
//! | [`projection`] | when the remaining steps of a module and the end of a phase are to be expected |
//! | [`checklist`] | checklist items, ticks, the run of each day, what was left over |

#[cfg(not(target_family = "wasm"))]
pub mod agenda;
pub mod checklist;
#[cfg(not(target_family = "wasm"))]
pub mod observances;
pub mod phases;
pub mod projection;
#[cfg(not(target_family = "wasm"))]
pub mod recurrence;
pub mod windows;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;

use crate::Timestamp;

/// First day that a plan may name.
pub const FIRST_DAY: Date = date(1970, 1, 1);
/// Last day that a plan may name.
pub const LAST_DAY: Date = date(2200, 12, 31);

/// Milliseconds in an hour.
pub(crate) const HOUR: i64 = 3_600_000;

/// Whether a plan may name the day.
pub fn in_calendar(day: Date) -> bool {
    (FIRST_DAY..=LAST_DAY).contains(&day)
}

/// The instant of a civil time. In a gap of daylight saving it is as far after the gap's begin as the time is; of a
/// fold it is the first of the two.
pub fn instant(civil: DateTime, zone: &TimeZone) -> Timestamp {
    settle(zone.to_ambiguous_timestamp(civil).compatible(), civil)
}

/// As [`instant`], but of a fold the second of the two: for an end, which should leave nothing out.
pub fn instant_of_end(civil: DateTime, zone: &TimeZone) -> Timestamp {
    settle(zone.to_ambiguous_timestamp(civil).later(), civil)
}

/// The civil time of an instant.
pub fn civil(at: Timestamp, zone: &TimeZone) -> DateTime {
    let limit = if at.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap_or(limit))
}

/// An instant beyond all calendars is the nearest that can be told.
fn settle(instant: Result<jiff::Timestamp, jiff::Error>, civil: DateTime) -> Timestamp {
    let limit = if civil.date() < FIRST_DAY {
        Timestamp(i64::MIN)
    } else {
        Timestamp(i64::MAX)
    };
    instant.map_or(limit, |instant| Timestamp(instant.as_millisecond()))
}
