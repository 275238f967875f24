//! The tick chooser, over ranges from nothing to all of civil time.

use super::*;

/// As much as the plots have.
const COLUMNS: usize = 71;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn labels(from: &str, to: &str) -> Vec<String> {
    let ticks = ticks(at(from), at(to), COLUMNS);
    ticks.into_iter().map(|tick| tick.label).collect()
}

#[test]
fn a_minute_is_ticked_by_seconds() {
    let labels = labels("2026-03-02T14:00:03Z", "2026-03-02T14:01:03Z");
    let expected = [
        "2 Mar 14:00:10",
        "14:00:20",
        "14:00:30",
        "14:00:40",
        "14:00:50",
        "14:01:00",
    ];
    assert_eq!(labels, expected);
}

#[test]
fn a_day_is_ticked_by_hours_and_names_midnight_by_its_date() {
    let labels = labels("2026-03-02T14:10:00Z", "2026-03-03T14:10:00Z");
    let expected = [
        "2 Mar 15:00",
        "18:00",
        "21:00",
        "3 Mar",
        "03:00",
        "06:00",
        "09:00",
        "12:00",
    ];
    assert_eq!(labels, expected);
}

#[test]
fn hours_that_repeat_are_dated_each() {
    let two_days = labels("2026-03-02T01:00:00Z", "2026-03-04T01:00:00Z");
    assert_eq!(two_days, ["2 Mar 12:00", "3 Mar", "12:00", "4 Mar"]);
    let longer = labels("2026-03-02T01:00:00Z", "2026-03-04T13:00:00Z");
    let expected = [
        "2 Mar 12:00",
        "3 Mar 00:00",
        "3 Mar 12:00",
        "4 Mar 00:00",
        "4 Mar 12:00",
    ];
    assert_eq!(longer, expected);
}

#[test]
fn thirty_days_are_ticked_by_mondays() {
    let labels = labels("2026-02-14T09:00:00Z", "2026-03-16T09:00:00Z");
    assert_eq!(
        labels,
        ["16 Feb 2026", "23 Feb", "2 Mar", "9 Mar", "16 Mar"]
    );
}

#[test]
fn half_a_year_is_ticked_by_months_and_names_the_new_year() {
    let labels = labels("2025-10-14T00:00:00Z", "2026-04-14T00:00:00Z");
    let expected = ["Nov 2025", "Dec", "Jan 2026", "Feb", "Mar", "Apr"];
    assert_eq!(labels, expected);
}

#[test]
fn ten_years_are_ticked_by_even_years() {
    let labels = labels("2020-05-05T00:00:00Z", "2030-05-05T00:00:00Z");
    assert_eq!(labels, ["2022", "2024", "2026", "2028", "2030"]);
}

#[test]
fn a_range_without_length_or_backwards_is_no_reason_to_panic() {
    let (noon, later) = (at("2026-03-02T12:00:00Z"), at("2026-03-02T13:00:00Z"));
    assert_eq!(ticks(noon, noon, COLUMNS).len(), 1);
    assert_eq!(ticks(noon + 1, noon + 1, COLUMNS), []);
    assert_eq!(ticks(later, noon, COLUMNS), ticks(noon, later, COLUMNS));
    for (from, to) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MAX), (i64::MIN, 0)] {
        assert!(ticks(from, to, COLUMNS).len() <= MOST_TICKS);
    }
    assert!(ticks(noon, later, 0).len() <= 1);
}

/// Spans grow by a third from a minute to 15,000 years, at starts that are not round.
#[test]
fn whatever_the_range_ticks_are_few_round_distinct_and_within_it() {
    for start in [
        0,
        1_234_567,
        at("2026-02-28T23:59:59.999Z"),
        at("-000044-03-15T12:00:01Z"),
    ] {
        let mut span = MINUTE;
        while span < 15_000 * 365 * DAY && civil(start + span).is_some() {
            let ticks = ticks(start, start + span, COLUMNS);
            assert!(
                (2..=MOST_TICKS).contains(&ticks.len()),
                "{start} {span} {ticks:?}"
            );
            assert!(fits(&ticks, start, start + span, COLUMNS));
            let distinct: HashSet<_> = ticks.iter().map(|tick| &tick.label).collect();
            assert_eq!(distinct.len(), ticks.len(), "{ticks:?}");
            for tick in &ticks {
                assert!((start..=start + span).contains(&tick.at_ms), "{tick:?}");
                let unit = if span >= 8 * DAY {
                    DAY
                } else if span >= 8 * HOUR {
                    HOUR
                } else {
                    SECOND
                };
                assert_eq!(tick.at_ms % unit, 0, "{span} {tick:?}");
            }
            span += span / 3;
        }
    }
}
