//! What services and pipelines saw of old and new: taken in, kept small, and read again.
//!
//! A report is counted once, whole, in one transaction, at three resolutions: minutes are kept for some days, hours for some
//! months, days for good ([`Retention`]). What is added may come late and in any order: counts and sketches add up to the same.

mod retention;
mod take;
#[cfg(test)]
mod tests;
pub(crate) mod window;

use domain::Timestamp;
use flags::LatencySketch;

pub use retention::Retention;
pub(crate) use retention::forget;
pub use take::{Clocked, Point, Taken};

/// Milliseconds of a minute.
pub(crate) const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// How long the time is that a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resolution {
    Minute,
    Hour,
    Day,
}

impl Resolution {
    pub(crate) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// The word in SQL.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length in milliseconds.
    pub(crate) const fn length(self) -> i64 {
        match self {
            Self::Minute => MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// The start of the one that an instant is in.
    pub(crate) const fn start(self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(self.length()))
    }
}

/// What was seen of one side of a module in a time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bucket {
    /// Minutes with a use.
    pub(crate) minutes: u64,
    /// Uses, failed ones too.
    pub(crate) uses: u64,
    /// Of them, those that failed.
    pub(crate) errors: u64,
    /// How long they took, where that was told.
    pub(crate) latency: LatencySketch,
}

impl Bucket {
    /// Adds what another saw in minutes of its own.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.minutes = self.minutes.saturating_add(other.minutes);
        self.uses = self.uses.saturating_add(other.uses);
        self.errors = self.errors.saturating_add(other.errors);
        self.latency.merge(&other.latency);
    }
}
