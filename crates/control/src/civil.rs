//! Days as a migration counts them.

use domain::{Migration, Timestamp, schedule};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The zone that a migration's days are in.
pub(crate) fn zone(migration: &Migration) -> TimeZone {
    // It was known to the zone database when it was written; a database of another machine may know fewer.
    TimeZone::get(&migration.zone).unwrap_or(TimeZone::UTC)
}

/// The day it is in a migration's zone.
pub(crate) fn today(migration: &Migration, now: Timestamp) -> Date {
    schedule::civil(now, &zone(migration)).date()
}
