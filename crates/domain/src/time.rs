//! Instants. Civil dates are [`jiff::civil::Date`]; zones are known on the server only.

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00 UTC, as stored and as sent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant `milliseconds` later.
    #[must_use]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// `2026-11-22 14:02:11.204` in UTC, without the zone's name; empty for an instant outside jiff's range.
    pub fn utc_precise(self) -> String {
        self.format("%Y-%m-%d %H:%M:%S%.3f")
    }

    /// `2026-11-22 14:02` in UTC, without the zone's name.
    pub fn utc(self) -> String {
        self.format("%Y-%m-%d %H:%M")
    }

    /// RFC 3339 with milliseconds, as machines read it: `2026-11-22T14:02:11.204Z`.
    pub fn rfc3339(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    fn format(self, pattern: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map(|instant| instant.strftime(pattern).to_string())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc() {
        let instant = Timestamp(1_795_356_131_204);
        assert_eq!(instant.rfc3339(), "2026-11-22T14:02:11.204Z");
        assert_eq!(instant.utc(), "2026-11-22 14:02");
        assert_eq!(instant.utc_precise(), "2026-11-22 14:02:11.204");
    }

    #[test]
    fn an_instant_beyond_all_calendars_does_not_panic() {
        assert_eq!(Timestamp(i64::MAX).utc(), "");
    }
}
