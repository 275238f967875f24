//! When a zone changes its clocks, as calendar programs are told: what a VTIMEZONE of RFC 5545 holds.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::{Dst, TimeZone};

/// A time that a zone keeps, with every moment from which on it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observance {
    /// Whether it is daylight saving time.
    pub daylight: bool,
    /// Its name, such as `CET`.
    pub name: String,
    /// Seconds ahead of UTC before it begins.
    pub from: i32,
    /// Seconds ahead of UTC once it began.
    pub to: i32,
    /// When it begins first, on the wall before.
    pub starts: DateTime,
    /// The yearly rule by which it begins again, as RFC 5545 writes it.
    pub rule: Option<String>,
    /// When it begins again, on the wall before, where no yearly rule says so.
    pub also: Vec<DateTime>,
}

/// How a zone keeps its clocks from the first to the last of these days, and some years more.
pub fn observances(zone: &TimeZone, first: Date, last: Date) -> Vec<Observance> {
    let utc = |day: Date| TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    // A zone is never further than a day from UTC; years behind the last show whether there is a rule.
    let begin = utc(first.yesterday().unwrap_or(first)).unwrap_or(jiff::Timestamp::MIN);
    let end = utc(date(last.year().saturating_add(4).min(9_000), 1, 1));
    let end = end.unwrap_or(jiff::Timestamp::MAX);
    let before = zone
        .preceding(begin)
        .next()
        .map(|change| change.timestamp());
    let mut found: Vec<Observance> = Vec::new();
    if before.is_none() {
        let kept = zone.to_offset_info(begin);
        found.push(Observance {
            daylight: kept.dst() == Dst::Yes,
            name: kept.abbreviation().to_owned(),
            from: kept.offset().seconds(),
            to: kept.offset().seconds(),
            starts: super::FIRST_DAY.to_datetime(Time::midnight()),
            rule: None,
            also: Vec::new(),
        });
    }
    let from = before.map_or(begin, |at| at - SignedDuration::from_secs(1));
    for change in zone
        .following(from)
        .take_while(|change| change.timestamp() < end)
    {
        let at = change.timestamp();
        let offset = zone.to_offset(at - SignedDuration::from_secs(1));
        let starts = offset.to_datetime(at);
        let (daylight, name) = (change.dst() == Dst::Yes, change.abbreviation());
        let (from, to) = (offset.seconds(), change.offset().seconds());
        let same = |one: &&mut Observance| {
            (one.daylight, one.from, one.to) == (daylight, from, to) && one.name == name
        };
        match found.iter_mut().find(same) {
            Some(one) if from != to => one.also.push(starts),
            Some(_) => {}
            None => found.push(Observance {
                daylight,
                name: name.to_owned(),
                from,
                to,
                starts,
                rule: None,
                also: Vec::new(),
            }),
        }
    }
    for one in &mut found {
        one.rule = yearly(one);
        if one.rule.is_some() {
            one.also.clear();
        }
    }
    found
}

/// The rule that names every begin, once a year; `None` where none does, or too few are known to tell.
fn yearly(one: &Observance) -> Option<String> {
    if one.also.len() < 2 {
        return None;
    }
    let begins = || std::iter::once(&one.starts).chain(&one.also);
    let first = one.starts;
    let alike = begins().zip(0_i16..).all(|(at, years)| {
        at.year() == first.year().saturating_add(years)
            && (at.month(), at.weekday(), at.time())
                == (first.month(), first.weekday(), first.time())
    });
    let is_last = |at: &DateTime| at.day() > at.days_in_month() - 7;
    let nth = |at: &DateTime| (at.day() - 1) / 7 + 1;
    let place = if begins().all(is_last) {
        -1
    } else {
        let place = nth(&first);
        if begins().any(|at| nth(at) != place) {
            return None;
        }
        place
    };
    let day = match first.weekday() {
        jiff::civil::Weekday::Monday => "MO",
        jiff::civil::Weekday::Tuesday => "TU",
        jiff::civil::Weekday::Wednesday => "WE",
        jiff::civil::Weekday::Thursday => "TH",
        jiff::civil::Weekday::Friday => "FR",
        jiff::civil::Weekday::Saturday => "SA",
        jiff::civil::Weekday::Sunday => "SU",
    };
    alike.then(|| format!("FREQ=YEARLY;BYMONTH={};BYDAY={place}{day}", first.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(zone: &str) -> Vec<Observance> {
        let zone = TimeZone::get(zone).unwrap();
        observances(&zone, date(2026, 12, 1), date(2027, 6, 30))
    }

    #[test]
    fn a_zone_with_a_yearly_rule_is_told_by_it() {
        let berlin = of("Europe/Berlin");
        let told: Vec<_> = berlin
            .iter()
            .map(|one| {
                (
                    one.daylight,
                    one.name.as_str(),
                    one.from,
                    one.to,
                    one.rule.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    false,
                    "CET",
                    7_200,
                    3_600,
                    Some("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU")
                ),
                (
                    true,
                    "CEST",
                    3_600,
                    7_200,
                    Some("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU")
                ),
            ]
        );
        // On the wall as it was before.
        assert_eq!(berlin[0].starts, date(2026, 10, 25).at(3, 0, 0, 0));
        assert_eq!(berlin[1].starts, date(2027, 3, 28).at(2, 0, 0, 0));
        let new_york = of("America/New_York");
        assert_eq!(
            new_york[1].rule.as_deref(),
            Some("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU")
        );
    }

    #[test]
    fn a_zone_without_a_rule_is_told_by_its_moments() {
        // The Friday before the last Sunday of March: no rule of RFC 5545 that all programs read.
        let jerusalem = of("Asia/Jerusalem");
        let summer = jerusalem.iter().find(|one| one.daylight).unwrap();
        assert_eq!(summer.rule, None);
        assert_eq!(summer.starts.date(), date(2027, 3, 26));
        let later: Vec<Date> = summer.also.iter().map(|at| at.date()).collect();
        assert_eq!(
            later,
            [date(2028, 3, 24), date(2029, 3, 23), date(2030, 3, 29)]
        );
    }

    #[test]
    fn a_zone_that_never_changes_is_told_once() {
        for zone in ["Asia/Tokyo", "Asia/Kolkata"] {
            let told = of(zone);
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((told[0].daylight, told[0].rule.as_deref()), (false, None));
        }
        assert_eq!(of("Asia/Kolkata")[0].to, 19_800);
        let fixed = TimeZone::fixed(jiff::tz::offset(2));
        let told = observances(&fixed, date(2026, 1, 1), date(2026, 1, 2));
        assert_eq!((told.len(), told[0].to), (1, 7_200));
    }

    #[test]
    fn what_is_told_is_what_the_zone_does() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Sydney",
            "Africa/Casablanca",
            "America/Santiago",
        ] {
            let zone = TimeZone::get(name).unwrap();
            let told = observances(&zone, date(2026, 12, 1), date(2027, 12, 31));
            // Each moment with the offset that begins then, rules walked by hand.
            let mut begins: Vec<(DateTime, i32)> = Vec::new();
            for one in &told {
                begins.push((one.starts, one.to));
                begins.extend(one.also.iter().map(|at| (*at, one.to)));
                let Some(rule) = &one.rule else { continue };
                let rule = format!("{rule};UNTIL=20301231");
                let rule = crate::schedule::recurrence::Recurrence::parse(&rule).unwrap();
                begins.extend(
                    rule.all(one.starts)
                        .unwrap()
                        .into_iter()
                        .map(|at| (at, one.to)),
                );
            }
            begins.sort_unstable();
            for day in date(2026, 12, 1).series(jiff::ToSpan::days(1)).take(396) {
                let noon = day.at(12, 0, 0, 0);
                let (_, kept) = begins.iter().rev().find(|(at, _)| *at <= noon).unwrap();
                let instant = zone.to_timestamp(noon).unwrap();
                assert_eq!(*kept, zone.to_offset(instant).seconds(), "{name} on {day}");
            }
        }
    }
}
