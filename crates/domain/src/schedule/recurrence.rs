//! Rules that recur: an RRULE of RFC 5545 over civil date-times.
//!
//! What recurs is the time on the wall: 09:00 stays 09:00 when the clocks change. The library knows no floating times,
//! so civil times go through it as if they were UTC, which has no daylight saving.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use rrule::RRuleSet;
use thiserror::Error;

use super::{LAST_DAY, in_calendar};

/// Most occurrences of one rule.
pub const MAX_OCCURRENCES: usize = 10_000;
/// Longest text of a rule, in bytes.
pub const MAX_RULE: usize = 1_024;

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// Why a text is no rule that can be kept, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRecurrence {
    /// Nothing was given.
    #[error("Write a rule, like FREQ=WEEKLY;BYDAY=FR,SA;UNTIL=20271231, or leave it out.")]
    Empty,
    /// The text is too long.
    #[error("A rule has at most 1,024 bytes, this one has {bytes}. Use several windows.")]
    TooLong {
        /// How many were given.
        bytes: usize,
    },
    /// Not `NAME=VALUE`.
    #[error("{part:?} is not NAME=VALUE. Write parts like FREQ=DAILY, with ; between them.")]
    NotAPart {
        /// What stands there.
        part: String,
    },
    /// A part that this program does not know.
    #[error(
        "{name:?} is not a part of a rule here. Known are FREQ, UNTIL, COUNT, INTERVAL, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY, BYHOUR, BYMINUTE, BYSETPOS and WKST."
    )]
    UnknownPart {
        /// Its name.
        name: String,
    },
    /// A part that stands twice.
    #[error("{name} stands twice. Keep one of them.")]
    Twice {
        /// Its name.
        name: String,
    },
    /// A value that does not fit its part.
    #[error("{name}={value} cannot be read: {name} takes {takes}.")]
    BadValue {
        /// The part's name.
        name: String,
        /// What was given.
        value: String,
        /// What it takes.
        takes: &'static str,
    },
    /// No FREQ.
    #[error("Say how often: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY (or HOURLY).")]
    NoFrequency,
    /// Minutes and seconds.
    #[error(
        "{frequency} is too often. The shortest is FREQ=HOURLY; BYMINUTE names several minutes of an hour."
    )]
    TooOften {
        /// What was given.
        frequency: String,
    },
    /// Neither UNTIL nor COUNT.
    #[error("The rule never ends. Add UNTIL=YYYYMMDD, its last day, or COUNT=, how many times.")]
    Endless,
    /// Both of them.
    #[error("The rule has both UNTIL and COUNT. Keep one of them.")]
    TwoEnds,
    /// UNTIL in UTC.
    #[error("UNTIL is in the migration's own time here. Write it without the Z at its end.")]
    UntilInUtc,
    /// Years nobody plans for.
    #[error("{day} is outside of 1970-01-01 to 2200-12-31. Choose a day within.")]
    OutsideCalendar {
        /// The day.
        day: Date,
    },
    /// A part that this frequency does not have.
    #[error("{name} does not go with FREQ={frequency}, but with {with}.")]
    NotWith {
        /// The part.
        name: &'static str,
        /// The frequency given.
        frequency: String,
        /// The frequencies that it goes with.
        with: &'static str,
    },
    /// Parts that do not go together.
    #[error("The parts of the rule do not go together: {why}.")]
    Contradiction {
        /// What the library says.
        why: String,
    },
    /// It ends before it begins.
    #[error("The rule ends on {until}, before it begins on {start}. Choose a later UNTIL.")]
    UntilBeforeStart {
        /// Its last moment.
        until: DateTime,
        /// Its first.
        start: DateTime,
    },
    /// No day fits.
    #[error("The rule names no day at all after {start}. Look at its BY... parts.")]
    Never {
        /// From when.
        start: DateTime,
    },
    /// It does not name its own first occurrence.
    #[error(
        "The rule does not name {start}; the first time that it names is {first}. Begin then, or change the rule."
    )]
    NotAtStart {
        /// Where the first occurrence was put.
        start: DateTime,
        /// Where the rule puts it.
        first: DateTime,
    },
    /// More than can be kept.
    #[error("The rule names more than 10,000 times. Choose an earlier UNTIL, or a wider INTERVAL.")]
    TooMany,
}

/// A rule: bounded, checked, in upper case and without `RRULE:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// As RFC 5545 writes it.
    text: String,
    /// The same as the library takes it: UNTIL marked as UTC.
    marked: String,
    until: Option<DateTime>,
    count: Option<usize>,
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Recurrence {
    /// Reads the value of an RRULE, with or without `RRULE:`; capitals do not matter.
    ///
    /// A date as UNTIL counts to that day's end. Seconds (`BYSECOND`) are unknown: times are whole minutes.
    ///
    /// # Errors
    /// [`InvalidRecurrence`] says what is wrong and what to write. What depends on the start is judged by
    /// [`Recurrence::all`].
    pub fn parse(text: &str) -> Result<Self, InvalidRecurrence> {
        if text.len() > MAX_RULE {
            return Err(InvalidRecurrence::TooLong { bytes: text.len() });
        }
        let upper = text.trim().to_ascii_uppercase();
        let value = upper.strip_prefix("RRULE:").unwrap_or(&upper);
        let value = value.strip_suffix(';').unwrap_or(value);
        if value.is_empty() {
            return Err(InvalidRecurrence::Empty);
        }
        let mut rule = Self {
            text: value.to_owned(),
            marked: String::new(),
            until: None,
            count: None,
        };
        let mut seen = Vec::new();
        let mut frequency = None;
        for part in value.split(';') {
            let Some((name, value)) = part.split_once('=') else {
                return Err(InvalidRecurrence::NotAPart { part: part.into() });
            };
            if seen.contains(&name) {
                return Err(InvalidRecurrence::Twice { name: name.into() });
            }
            seen.push(name);
            check_value(name, value)?;
            if !rule.marked.is_empty() {
                rule.marked.push(';');
            }
            match name {
                "FREQ" => frequency = Some(value),
                "COUNT" => rule.count = value.parse().ok(),
                "UNTIL" => {
                    let until = parse_until(value)?;
                    rule.until = Some(until);
                    rule.marked.push_str("UNTIL=");
                    rule.marked.push_str(&utc(until));
                    continue;
                }
                _ => {}
            }
            rule.marked.push_str(part);
        }
        check_together(frequency.ok_or(InvalidRecurrence::NoFrequency)?, value)?;
        match (rule.until, rule.count) {
            (None, None) => return Err(InvalidRecurrence::Endless),
            (Some(_), Some(_)) => return Err(InvalidRecurrence::TwoEnds),
            _ => {}
        }
        // Which parts go together does not depend on the start; UNTIL is never before this one.
        rule.set(super::FIRST_DAY.to_datetime(Time::midnight()))?;
        Ok(rule)
    }

    /// The rule as RFC 5545 writes it, in upper case and without `RRULE:`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Every occurrence of the rule when the first is at `start`, in order and without repetition.
    ///
    /// # Errors
    /// The rule ends before `start`, does not name `start`, names more than [`MAX_OCCURRENCES`] times, or runs beyond
    /// 2200.
    pub fn all(&self, start: DateTime) -> Result<Vec<DateTime>, InvalidRecurrence> {
        if !in_calendar(start.date()) {
            return Err(InvalidRecurrence::OutsideCalendar { day: start.date() });
        }
        if let Some(until) = self.until.filter(|until| *until < start) {
            return Err(InvalidRecurrence::UntilBeforeStart { until, start });
        }
        let mut found = Vec::new();
        for occurrence in self.walk(start)? {
            if !in_calendar(occurrence.date()) {
                return Err(InvalidRecurrence::OutsideCalendar {
                    day: occurrence.date(),
                });
            }
            if found.is_empty() && occurrence != start {
                return Err(InvalidRecurrence::NotAtStart {
                    start,
                    first: occurrence,
                });
            }
            if found.len() == MAX_OCCURRENCES {
                return Err(InvalidRecurrence::TooMany);
            }
            found.push(occurrence);
        }
        if found.is_empty() {
            return Err(InvalidRecurrence::Never { start });
        }
        Ok(found)
    }

    /// Occurrences of the rule begun at `start` that are in `from..to`, in order; at most [`MAX_OCCURRENCES`] are looked
    /// at. None for a start that [`Recurrence::all`] refuses as outside the calendar or after UNTIL.
    pub fn occurrences(&self, start: DateTime, from: DateTime, to: DateTime) -> Vec<DateTime> {
        if !in_calendar(start.date()) {
            return Vec::new();
        }
        let Ok(all) = self.walk(start) else {
            return Vec::new();
        };
        all.take(MAX_OCCURRENCES)
            .take_while(|occurrence| *occurrence < to && occurrence.date() <= LAST_DAY)
            .filter(|occurrence| *occurrence >= from)
            .collect()
    }

    fn walk(
        &self,
        start: DateTime,
    ) -> Result<impl Iterator<Item = DateTime> + use<>, InvalidRecurrence> {
        // `limit`: a rule that no day fits is given up after 100,000 steps instead of never.
        let set = self.set(start)?.limit();
        let mut last = None;
        Ok(set
            .into_iter()
            .map_while(|moment| {
                let instant = jiff::Timestamp::from_second(moment.timestamp()).ok()?;
                Some(jiff::tz::TimeZone::UTC.to_datetime(instant))
            })
            .filter(move |occurrence| last.replace(*occurrence) != Some(*occurrence)))
    }

    fn set(&self, start: DateTime) -> Result<RRuleSet, InvalidRecurrence> {
        format!("DTSTART:{}\nRRULE:{}", utc(start), self.marked)
            .parse()
            .map_err(
                |error: rrule::RRuleError| InvalidRecurrence::Contradiction {
                    why: error.to_string().trim_end_matches('.').to_owned(),
                },
            )
    }
}

/// A civil time as the library takes it.
fn utc(civil: DateTime) -> String {
    civil.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn parse_until(value: &str) -> Result<DateTime, InvalidRecurrence> {
    if value.ends_with('Z') {
        return Err(InvalidRecurrence::UntilInUtc);
    }
    let bad = || InvalidRecurrence::BadValue {
        name: "UNTIL".into(),
        value: value.into(),
        takes: "a day like 20271231, or a local time like 20271231T170000",
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let until = match value.split_once('T') {
        None if value.len() == 8 && digits(value) => Date::strptime("%Y%m%d", value)
            .map_err(|_| bad())?
            .at(23, 59, 59, 0),
        Some((day, time)) if day.len() == 8 && time.len() == 6 && digits(day) && digits(time) => {
            DateTime::strptime("%Y%m%dT%H%M%S", value).map_err(|_| bad())?
        }
        _ => return Err(bad()),
    };
    if in_calendar(until.date()) {
        Ok(until)
    } else {
        Err(InvalidRecurrence::OutsideCalendar { day: until.date() })
    }
}

/// Refuses a part that is unknown, or whose value does not fit, so that the library sees nothing it would bend.
fn check_value(name: &str, value: &str) -> Result<(), InvalidRecurrence> {
    let (fits, takes) = match name {
        // Read by itself.
        "UNTIL" => return Ok(()),
        "FREQ" => {
            if matches!(value, "MINUTELY" | "SECONDLY") {
                return Err(InvalidRecurrence::TooOften {
                    frequency: value.into(),
                });
            }
            (
                ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"].contains(&value),
                "HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY",
            )
        }
        "COUNT" => (number(value, 1..=10_000), "a number from 1 to 10,000"),
        "INTERVAL" => (number(value, 1..=1_000), "a number from 1 to 1,000"),
        "BYMONTH" => (numbers(value, 1..=12), "months from 1 to 12"),
        "BYWEEKNO" => (signed(value, 53), "weeks from 1 to 53, or -1 to -53"),
        "BYYEARDAY" => (signed(value, 366), "days from 1 to 366, or -1 to -366"),
        "BYMONTHDAY" => (signed(value, 31), "days from 1 to 31, or -1 to -31"),
        "BYHOUR" => (numbers(value, 0..=23), "hours from 0 to 23"),
        "BYMINUTE" => (numbers(value, 0..=59), "minutes from 0 to 59"),
        "BYSETPOS" => (signed(value, 366), "places from 1 to 366, or -1 to -366"),
        "WKST" => (WEEKDAYS.contains(&value), "MO, TU, WE, TH, FR, SA or SU"),
        "BYDAY" => (
            value.split(',').all(is_day),
            "days like MO,TU, or 1MO, -1FR for the first Monday and the last Friday",
        ),
        _ => return Err(InvalidRecurrence::UnknownPart { name: name.into() }),
    };
    if fits {
        return Ok(());
    }
    Err(InvalidRecurrence::BadValue {
        name: name.into(),
        value: value.into(),
        takes,
    })
}

/// Refuses parts that the frequency does not have.
///
/// The library passes over some of them. Days of the month it takes with hours, but hour by hour it gives up before it
/// has found a rare one.
fn check_together(frequency: &str, rule: &str) -> Result<(), InvalidRecurrence> {
    const NUMBERED: &str = "BYDAY with a number";
    let parts = || rule.split(';').filter_map(|part| part.split_once('='));
    for (name, value) in parts() {
        let numbered = value.bytes().any(|byte| byte.is_ascii_digit());
        let (name, with, fits): (_, _, &[_]) = match name {
            "BYDAY" if numbered => (NUMBERED, "MONTHLY or YEARLY", &["MONTHLY", "YEARLY"]),
            "BYWEEKNO" => ("BYWEEKNO", "YEARLY", &["YEARLY"]),
            "BYYEARDAY" => ("BYYEARDAY", "YEARLY", &["YEARLY"]),
            "BYMONTHDAY" => (
                "BYMONTHDAY",
                "DAILY, MONTHLY or YEARLY",
                &["DAILY", "MONTHLY", "YEARLY"],
            ),
            _ => continue,
        };
        if !fits.contains(&frequency) {
            return Err(InvalidRecurrence::NotWith {
                name,
                frequency: frequency.into(),
                with,
            });
        }
        if name == NUMBERED && parts().any(|(name, _)| name == "BYWEEKNO") {
            return Err(InvalidRecurrence::Contradiction {
                why: "BYWEEKNO names weeks, so write BYDAY without numbers".into(),
            });
        }
    }
    let by = |(name, _): (&str, &str)| name.starts_with("BY") && name != "BYSETPOS";
    if parts().any(|(name, _)| name == "BYSETPOS") && !parts().any(by) {
        return Err(InvalidRecurrence::Contradiction {
            why: "BYSETPOS picks among what another BY... part names, and there is none".into(),
        });
    }
    Ok(())
}

fn is_day(text: &str) -> bool {
    WEEKDAYS
        .iter()
        .find_map(|day| text.strip_suffix(day))
        .is_some_and(|nth| nth.is_empty() || signed(nth, 53))
}

fn number(text: &str, range: RangeInclusive<i32>) -> bool {
    text.parse().is_ok_and(|number| range.contains(&number))
}

fn numbers(text: &str, range: RangeInclusive<i32>) -> bool {
    text.split(',').all(|one| number(one, range.clone()))
}

/// Numbers from 1 to `most`, or counted from the end.
fn signed(text: &str, most: i32) -> bool {
    text.split(',')
        .all(|one| number(one, 1..=most) || number(one, -most..=-1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;
    use proptest::prelude::*;

    fn rule(text: &str) -> Recurrence {
        Recurrence::parse(text).unwrap()
    }

    fn refused(text: &str) -> String {
        Recurrence::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_is_kept_as_it_is_written() {
        let rule = rule(" rrule:freq=weekly;byday=fr,sa;until=20271231; ");
        assert_eq!(rule.as_str(), "FREQ=WEEKLY;BYDAY=FR,SA;UNTIL=20271231");
        assert_eq!(Recurrence::parse(&rule.to_string()), Ok(rule));
    }

    #[test]
    fn weekends_recur_until_their_last_day_has_ended() {
        let rule = rule("FREQ=WEEKLY;BYDAY=FR,SA;UNTIL=20261212");
        let start = datetime(2026, 11, 27, 18, 0, 0, 0);
        let days: Vec<_> = rule
            .all(start)
            .unwrap()
            .into_iter()
            .map(|at| at.to_string())
            .collect();
        assert_eq!(
            days,
            [
                "2026-11-27T18:00:00",
                "2026-11-28T18:00:00",
                "2026-12-04T18:00:00",
                "2026-12-05T18:00:00",
                "2026-12-11T18:00:00",
                "2026-12-12T18:00:00",
            ]
        );
    }

    #[test]
    fn occurrences_are_those_of_a_half_open_range() {
        let rule = rule("FREQ=DAILY;COUNT=400");
        let day = |day: i8| datetime(2026, 3, day, 9, 0, 0, 0);
        let found = rule.occurrences(day(1), day(28), day(30));
        assert_eq!(found, [day(28), day(29)]);
        assert!(rule.occurrences(day(5), day(1), day(5)).is_empty());
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_what_to_write() {
        for (text, words) in [
            ("", "Write a rule"),
            ("RRULE:", "Write a rule"),
            ("FREQ", "\"FREQ\" is not NAME=VALUE"),
            ("FREQ=DAILY;;COUNT=2", "\"\" is not NAME=VALUE"),
            ("COUNT=3", "Say how often"),
            ("FREQ=DAILY", "never ends"),
            ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "both UNTIL and COUNT"),
            ("FREQ=DAILY;COUNT=2;COUNT=3", "COUNT stands twice"),
            ("FREQ=DAILY;COUNT=10001", "from 1 to 10,000"),
            ("FREQ=DAILY;COUNT=0", "from 1 to 10,000"),
            ("FREQ=DAILY;COUNT=2;INTERVAL=0", "from 1 to 1,000"),
            ("FREQ=MINUTELY;COUNT=2", "MINUTELY is too often"),
            ("FREQ=SECONDLY;COUNT=2", "SECONDLY is too often"),
            ("FREQ=OFTEN;COUNT=2", "FREQ=OFTEN cannot be read"),
            (
                "FREQ=DAILY;COUNT=2;BYSECOND=1",
                "\"BYSECOND\" is not a part",
            ),
            (
                "FREQ=DAILY;COUNT=2;BYEASTER=1",
                "\"BYEASTER\" is not a part",
            ),
            ("FREQ=DAILY;COUNT=2;BYHOUR=24", "hours from 0 to 23"),
            ("FREQ=DAILY;COUNT=2;BYMINUTE=60", "minutes from 0 to 59"),
            ("FREQ=DAILY;COUNT=2;BYMONTH=0", "months from 1 to 12"),
            ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=0", "days from 1 to 31"),
            ("FREQ=YEARLY;COUNT=2;BYYEARDAY=367", "days from 1 to 366"),
            ("FREQ=YEARLY;COUNT=2;BYWEEKNO=54", "weeks from 1 to 53"),
            ("FREQ=MONTHLY;COUNT=2;BYDAY=MO;BYSETPOS=0", "places from 1"),
            ("FREQ=WEEKLY;COUNT=2;BYDAY=XX", "days like MO,TU"),
            ("FREQ=WEEKLY;COUNT=2;BYDAY=", "days like MO,TU"),
            ("FREQ=MONTHLY;COUNT=2;BYDAY=fünfMO", "days like MO,TU"),
            ("FREQ=WEEKLY;COUNT=2;WKST=1MO", "MO, TU, WE"),
            ("FREQ=DAILY;UNTIL=20271231T000000Z", "without the Z"),
            ("FREQ=DAILY;UNTIL=20270231", "a day like 20271231"),
            ("FREQ=DAILY;UNTIL=tomorrow", "a day like 20271231"),
            ("FREQ=DAILY;UNTIL=22010101", "outside of 1970-01-01"),
            ("FREQ=DAILY;UNTIL=19691231", "outside of 1970-01-01"),
            (
                "FREQ=HOURLY;COUNT=2;BYMONTHDAY=1",
                "BYMONTHDAY does not go with FREQ=HOURLY",
            ),
            (
                "FREQ=WEEKLY;COUNT=2;BYMONTHDAY=1",
                "but with DAILY, MONTHLY",
            ),
            ("FREQ=HOURLY;COUNT=2;BYYEARDAY=1", "but with YEARLY"),
            ("FREQ=MONTHLY;COUNT=2;BYWEEKNO=1", "but with YEARLY"),
            ("FREQ=DAILY;COUNT=2;BYDAY=1MO", "but with MONTHLY or YEARLY"),
            (
                "FREQ=YEARLY;COUNT=2;BYWEEKNO=1;BYDAY=1MO",
                "do not go together",
            ),
            ("FREQ=DAILY;COUNT=2;BYSETPOS=1", "do not go together"),
        ] {
            let told = refused(text);
            assert!(told.contains(words), "{text}: {told}");
        }
        let long = format!("FREQ=DAILY;COUNT=2;BYHOUR={}", "1,".repeat(1_000));
        assert!(refused(&long).contains("1,024 bytes"));
    }

    #[test]
    fn what_does_not_fit_the_start_is_refused() {
        let start = datetime(2026, 11, 27, 9, 0, 0, 0);
        for (text, words) in [
            ("FREQ=DAILY;UNTIL=20261126", "before it begins"),
            (
                "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
                "first time that it names is 2026-11-30T09:00:00",
            ),
            ("FREQ=HOURLY;UNTIL=22001231", "more than 10,000"),
            ("FREQ=DAILY;UNTIL=22001231", "more than 10,000"),
            ("FREQ=YEARLY;COUNT=300", "outside of 1970-01-01"),
            (
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
                "names no day",
            ),
            (
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=21000101",
                "names no day",
            ),
        ] {
            let told = rule(text).all(start).unwrap_err().to_string();
            assert!(told.contains(words), "{text}: {told}");
        }
        let early = rule("FREQ=DAILY;COUNT=2").all(datetime(1969, 12, 31, 9, 0, 0, 0));
        assert!(early.unwrap_err().to_string().contains("1969-12-31"));
    }

    #[test]
    fn the_longest_rules_are_whole() {
        let start = datetime(2026, 1, 1, 0, 0, 0, 0);
        let hourly = rule("FREQ=HOURLY;COUNT=10000").all(start).unwrap();
        assert_eq!(hourly.len(), MAX_OCCURRENCES);
        let rare = rule("FREQ=HOURLY;BYMONTH=1;BYDAY=TH;BYHOUR=0;UNTIL=22001231");
        let rare = rare.all(start).unwrap();
        assert_eq!(rare.last().unwrap().year(), 2200);
        let leap = rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=21051231");
        let leap = leap.all(datetime(2088, 2, 29, 0, 0, 0, 0)).unwrap();
        // 2100 is no leap year.
        let years: Vec<_> = leap.iter().map(|at| at.year()).collect();
        assert_eq!(years, [2088, 2092, 2096, 2104]);
    }

    /// Parts that a rule may be made of, most of them good.
    fn any_part() -> impl Strategy<Value = String> {
        let numbers = |name: &'static str, range: RangeInclusive<i32>| {
            prop::collection::vec(range, 1..4).prop_map(move |numbers| {
                let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
                format!("{name}={}", numbers.join(","))
            })
        };
        prop_oneof![
            4 => prop::sample::select(&[
                "FREQ=HOURLY", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY",
                "UNTIL=20301231", "UNTIL=20261231T120000", "UNTIL=22001231", "WKST=SU",
                "BYDAY=MO,TU", "BYDAY=1MO", "BYDAY=-1FR,2SU", "BYDAY=+53SA", "BYDAY=TH",
            ][..]).prop_map(str::to_owned),
            1 => numbers("COUNT", 0..=10_001),
            1 => numbers("INTERVAL", 0..=1_001),
            1 => numbers("BYMONTH", 0..=13),
            1 => numbers("BYWEEKNO", -54..=54),
            1 => numbers("BYYEARDAY", -367..=367),
            1 => numbers("BYMONTHDAY", -32..=32),
            1 => numbers("BYHOUR", -1..=24),
            1 => numbers("BYMINUTE", -1..=60),
            1 => numbers("BYSETPOS", -4..=4),
        ]
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", part in any_part()) {
            let _ = Recurrence::parse(&text);
            let _ = Recurrence::parse(&format!("{part};{text}"));
        }

    }

    proptest! {
        // Each case walks through up to 10,000 occurrences, thrice.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_accepted_is_bounded_ordered_and_within_its_end(
            frequency in prop::sample::select(&["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"][..]),
            end in prop::sample::select(&["COUNT=7", "COUNT=9999", "UNTIL=20281231", "UNTIL=22001231"][..]),
            parts in prop::collection::vec(any_part(), 0..4),
            day in 0i64..2_000,
            hour in 0i8..24,
        ) {
            let parts: Vec<_> = parts
                .into_iter()
                .filter(|part| !["FREQ", "COUNT", "UNTIL"].contains(&&part[..part.find('=').unwrap()]))
                .collect();
            let text = [&[format!("FREQ={frequency}"), end.to_owned()], parts.as_slice()].concat().join(";");
            let Ok(rule) = Recurrence::parse(&text) else {
                return Ok(());
            };
            let start = datetime(2022, 1, 1, hour, 0, 0, 0).saturating_add(jiff::ToSpan::days(day));
            // Where the rule itself begins, if it ever does.
            let start = match rule.all(start) {
                Err(InvalidRecurrence::NotAtStart { first, .. }) => first,
                _ => start,
            };
            let Ok(all) = rule.all(start) else {
                return Ok(());
            };
            prop_assert_eq!(all[0], start);
            prop_assert!(all.len() <= MAX_OCCURRENCES);
            prop_assert!(all.windows(2).all(|two| two[0] < two[1]));
            prop_assert!(rule.until.is_none_or(|until| all.iter().all(|at| *at <= until)));
            prop_assert!(rule.count.is_none_or(|count| all.len() == count), "{} of {}", all.len(), text);
            let (from, to) = (all[all.len() / 3], all[all.len() / 2]);
            let between: Vec<_> = all.iter().copied().filter(|at| from <= *at && *at < to).collect();
            prop_assert_eq!(rule.occurrences(start, from, to), between);
        }
    }
}
