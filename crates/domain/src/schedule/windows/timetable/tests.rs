use super::*;
use jiff::civil::{date, datetime};
use proptest::prelude::*;

const ZONES: [&str; 14] = [
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Asia/Tehran",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Havana",
    "Antarctica/Troll",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn berlin(month: i8, day: i8, hour: i8, minute: i8) -> Timestamp {
    let at = datetime(2026, month, day, hour, minute, 0, 0);
    instant(at, &zone("Europe/Berlin"))
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn window(kind: WindowKind, name: &str, from: DateTime, to: DateTime, rule: &str) -> Window {
    let rule = (!rule.is_empty()).then(|| Recurrence::parse(rule).unwrap());
    Window::new(name, kind, Scope::Migration, from, to, rule).unwrap()
}

/// A window of 2026 by month, day and hour.
fn in_2026(kind: WindowKind, name: &str, from: (i8, i8, i8), to: (i8, i8, i8)) -> Window {
    let at = |(month, day, hour)| datetime(2026, month, day, hour, 0, 0, 0);
    window(kind, name, at(from), at(to), "")
}

fn asked(windows: &[Window], now: Timestamp) -> Option<Closed> {
    closed(windows, &key("m"), Some(1), &zone("Europe/Berlin"), now)
}

#[test]
fn windows_that_cannot_be_are_refused_field_by_field() {
    let (from, to) = (
        datetime(2026, 12, 1, 9, 0, 0, 0),
        datetime(2026, 12, 1, 17, 0, 0, 0),
    );
    let make = |name: &str, from, to, rule: Option<&str>| {
        let rule = rule.map(|rule| Recurrence::parse(rule).unwrap());
        Window::new(name, WindowKind::Freeze, Scope::Migration, from, to, rule)
    };
    let told = |made: Result<Window, Refusal>| match made.unwrap_err() {
        Refusal::Invalid { fields } => fields
            .into_iter()
            .map(|field| format!("{}: {}", field.field, field.message))
            .collect::<Vec<_>>()
            .join("\n"),
        other => panic!("{other}"),
    };
    assert!(make("Black Friday", from, to, None).is_ok());
    assert!(told(make(" ", from, to, None)).starts_with("name: Name the window"));
    assert!(told(make(&"x".repeat(201), from, to, None)).contains("at most 200"));
    assert!(told(make("f", from, from, None)).starts_with("ends: The window ends before"));
    let year = from.saturating_add(366.days());
    assert!(make("f", from, year, None).is_ok());
    let longer = year.saturating_add(1.minute());
    assert!(told(make("f", from, longer, None)).starts_with("ends: A window is at most 366"));
    let second = from.saturating_add(1.second());
    assert!(told(make("f", second, to, None)).starts_with("starts: A window begins and ends"));
    let early = date(1969, 12, 31).at(9, 0, 0, 0);
    let many = told(make("", early, to, None));
    assert!(many.contains("name: ") && many.contains("starts: 1969-12-31 is outside"));
    let ended = Some("FREQ=DAILY;UNTIL=20261101");
    assert!(told(make("f", from, to, ended)).starts_with("recurrence: The rule ends on"));
    let monday = Some("FREQ=WEEKLY;BYDAY=MO;COUNT=2");
    assert!(told(make("f", from, to, monday)).contains("first time that it names"));
}

#[test]
fn a_freeze_closes_from_its_begin_up_to_its_end() {
    use WindowKind::Freeze;
    let windows = [in_2026(Freeze, "Black Friday", (11, 27, 8), (11, 30, 8))];
    let (begin, end) = (berlin(11, 27, 8, 0), berlin(11, 30, 8, 0));
    assert_eq!(asked(&windows, begin.plus(-1)), None);
    let told = Closed {
        window: "Black Friday".into(),
        kind: Freeze,
        since: Some(begin),
        until: Some(end),
    };
    assert_eq!(asked(&windows, begin), Some(told.clone()));
    assert_eq!(asked(&windows, end.plus(-1)), Some(told));
    assert_eq!(asked(&windows, end), None);
    assert_eq!(asked(&[], begin), None);
}

#[test]
fn overlapping_and_adjoining_freezes_are_one() {
    use WindowKind::Freeze;
    let windows = [
        in_2026(Freeze, "last", (12, 3, 0), (12, 5, 0)),
        in_2026(Freeze, "first", (12, 1, 0), (12, 2, 12)),
        in_2026(Freeze, "second", (12, 2, 0), (12, 3, 0)),
        in_2026(Freeze, "apart", (12, 5, 1), (12, 6, 0)),
    ];
    let told = asked(&windows, berlin(12, 2, 6, 0)).unwrap();
    assert_eq!(told.window, "second");
    assert_eq!(told.since, Some(berlin(12, 1, 0, 0)));
    assert_eq!(told.until, Some(berlin(12, 5, 0, 0)));
    // "last" only adjoins what was before it.
    let told = asked(&windows, berlin(12, 4, 0, 0)).unwrap();
    assert_eq!(told.since, Some(berlin(12, 1, 0, 0)));
}

#[test]
fn outside_of_all_change_windows_promotions_wait_for_the_next() {
    use WindowKind::{Change, Freeze};
    let at = |day, hour| datetime(2026, 12, day, hour, 0, 0, 0);
    // Tuesdays and Thursdays, 10 to 12.
    let rule = "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4";
    let mut windows = vec![window(Change, "Change", at(1, 10), at(1, 12), rule)];
    assert_eq!(asked(&windows, berlin(12, 1, 10, 0)), None);
    let told = asked(&windows, berlin(12, 1, 12, 0)).unwrap();
    assert_eq!((told.window.as_str(), told.kind), ("Change", Change));
    assert_eq!(told.since, Some(berlin(12, 1, 12, 0)));
    assert_eq!(told.until, Some(berlin(12, 3, 10, 0)));
    let first = asked(&windows, berlin(11, 30, 0, 0)).unwrap();
    assert_eq!(
        (first.since, first.until),
        (None, Some(berlin(12, 1, 10, 0)))
    );
    // A freeze over Thursday moves the opening on, and names itself while it is on.
    windows.push(in_2026(Freeze, "Audit", (12, 2, 0), (12, 3, 11)));
    let told = asked(&windows, berlin(12, 1, 12, 0)).unwrap();
    assert_eq!(
        (told.window.as_str(), told.until),
        ("Change", Some(berlin(12, 3, 11, 0)))
    );
    let told = asked(&windows, berlin(12, 2, 0, 0)).unwrap();
    assert_eq!(
        (told.window.as_str(), told.until),
        ("Audit", Some(berlin(12, 3, 11, 0)))
    );
    windows.push(in_2026(Freeze, "Rest", (12, 3, 11), (12, 3, 13)));
    let told = asked(&windows, berlin(12, 2, 0, 0)).unwrap();
    assert_eq!(told.until, Some(berlin(12, 8, 10, 0)));
    // After the last one nothing opens any more.
    let told = asked(&windows, berlin(12, 10, 12, 0)).unwrap();
    assert_eq!((told.window.as_str(), told.until), ("Change", None));
    assert_eq!(told.since, Some(berlin(12, 10, 12, 0)));
    // Nor when that was long ago.
    let late = asked(&windows, berlin(12, 10, 12, 0).plus(900 * DAY)).unwrap();
    assert_eq!(
        (late.window.as_str(), late.since, late.until),
        ("Change", None, None)
    );
}

#[test]
fn an_opening_further_ahead_than_is_looked_is_not_told() {
    use WindowKind::Freeze;
    let begin = datetime(2026, 1, 1, 0, 0, 0, 0);
    let end = begin.saturating_add(366.days());
    let two = [
        window(Freeze, "one", begin, end, ""),
        window(Freeze, "two", end, end.saturating_add(100.days()), ""),
    ];
    let now = berlin(1, 1, 0, 0);
    assert_eq!(asked(&two, now).unwrap().until, None);
    let later = asked(&two, now.plus(66 * DAY)).unwrap();
    assert_eq!(
        later.until,
        Some(instant(two[1].ends(), &zone("Europe/Berlin")))
    );
}

#[test]
fn a_window_is_about_its_scope_alone() {
    let (from, to) = (
        datetime(2026, 12, 1, 9, 0, 0, 0),
        datetime(2026, 12, 1, 17, 0, 0, 0),
    );
    let now = berlin(12, 1, 12, 0);
    let is_closed = |kind, scope, now| {
        let window = Window::new("w", kind, scope, from, to, None).unwrap();
        [("a", Some(1)), ("b", Some(2)), ("c", None)].map(|(module, phase)| {
            let zone = zone("Europe/Berlin");
            closed(
                std::slice::from_ref(&window),
                &key(module),
                phase,
                &zone,
                now,
            )
            .is_some()
        })
    };
    let freeze = WindowKind::Freeze;
    assert_eq!(is_closed(freeze, Scope::Migration, now), [true; 3]);
    assert_eq!(
        is_closed(freeze, Scope::Phase(2), now),
        [false, true, false]
    );
    assert_eq!(
        is_closed(freeze, Scope::Module(key("a")), now),
        [true, false, false]
    );
    // A change window of one phase binds no module of another.
    let change = WindowKind::Change;
    assert_eq!(is_closed(change, Scope::Phase(2), now), [false; 3]);
    let late = now.plus(24 * HOUR);
    assert_eq!(
        is_closed(change, Scope::Phase(2), late),
        [false, true, false]
    );
}

#[test]
fn clocks_that_change_move_no_wall_time() {
    let zone = zone("America/New_York");
    let at = |month, day, hour, minute| datetime(2026, month, day, hour, minute, 0, 0);
    let span = |from, to| {
        let window = window(WindowKind::Freeze, "w", from, to, "");
        let (begin, end) = window.span(from, &zone);
        (begin.utc(), end.utc())
    };
    let told = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
    // 02:00 to 03:00 does not exist on 8 March; 01:00 to 02:00 exists twice on 1 November.
    let gap = span(at(3, 8, 2, 30), at(3, 8, 5, 0));
    assert_eq!(gap, told("2026-03-08 07:30", "2026-03-08 09:00"));
    let swallowed = span(at(3, 8, 2, 30), at(3, 8, 3, 15));
    assert_eq!(swallowed, told("2026-03-08 07:30", "2026-03-08 08:15"));
    let fold = span(at(11, 1, 1, 15), at(11, 1, 1, 30));
    assert_eq!(fold, told("2026-11-01 05:15", "2026-11-01 06:30"));
}

#[test]
fn a_calendar_gets_what_touches_its_range() {
    let at = |day, hour| datetime(2026, 12, day, hour, 0, 0, 0);
    let rule = "FREQ=DAILY;COUNT=10";
    let window = window(WindowKind::Freeze, "night", at(1, 22), at(2, 6), rule);
    let zone = zone("Europe/Berlin");
    let spans = |from, to| occurrences_between(&window, &zone, from, to);
    let night = |day| (berlin(12, day, 22, 0), berlin(12, day + 1, 6, 0));
    let (from, to) = (berlin(12, 3, 5, 0), berlin(12, 4, 22, 0));
    assert_eq!(spans(from, to), [night(2), night(3)]);
    assert_eq!(spans(berlin(12, 3, 6, 0), to.plus(1)), [night(3), night(4)]);
    assert!(spans(berlin(12, 11, 6, 0), berlin(12, 31, 0, 0)).is_empty());
    assert_eq!(spans(Timestamp(i64::MIN), Timestamp(i64::MAX)).len(), 10);
}

const RULES: [&str; 9] = [
    "FREQ=DAILY;COUNT=800",
    "FREQ=DAILY;INTERVAL=3;COUNT=200",
    "FREQ=WEEKLY;COUNT=120",
    "FREQ=MONTHLY;COUNT=30",
    "FREQ=MONTHLY;INTERVAL=2;COUNT=15",
    "FREQ=YEARLY;COUNT=4",
    "FREQ=HOURLY;INTERVAL=7;COUNT=900",
    "FREQ=HOURLY;COUNT=400",
    "",
];

fn any_start() -> impl Strategy<Value = DateTime> {
    (0i64..14_000, 0i64..1_440).prop_map(|(day, minute)| {
        datetime(1995, 1, 1, 0, 0, 0, 0).saturating_add(day.days().minutes(minute))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn each_occurrence_is_at_the_wall_time_of_its_rule(
        zone_name in prop::sample::select(&ZONES[..]),
        rule in prop::sample::select(&RULES[..8]),
        start in any_start(),
        length in 1i64..3_000,
    ) {
        let zone = zone(zone_name);
        let end = start.saturating_add(length.minutes());
        let window = window(WindowKind::Freeze, "w", start, end, rule);
        let spans = occurrences_between(&window, &zone, Timestamp(i64::MIN), Timestamp(i64::MAX));
        prop_assert_eq!(spans.len(), window.occurrences().len());
        if rule.starts_with("FREQ=DAILY") || rule.starts_with("FREQ=WEEKLY") {
            prop_assert!(window.occurrences().iter().all(|at| at.time() == start.time()));
        }
        for at in window.occurrences() {
            let (begin, end) = window.span(*at, &zone);
            prop_assert!(begin < end);
            let told = civil(begin, &zone);
            let offset = zone.to_ambiguous_timestamp(*at).offset();
            if let jiff::tz::AmbiguousOffset::Gap { before, after } = offset {
                let gap = after.duration_since(before);
                prop_assert_eq!(told, at.saturating_add(gap));
            } else {
                prop_assert_eq!(told, *at);
            }
            let wall_end = at.saturating_add(length.minutes());
            if !matches!(
                zone.to_ambiguous_timestamp(wall_end).offset(),
                jiff::tz::AmbiguousOffset::Gap { .. }
            ) && begin < instant_of_end(wall_end, &zone) {
                prop_assert_eq!(civil(end, &zone), wall_end);
            }
            prop_assert!(spans.contains(&(begin, end)));
        }
    }

    #[test]
    fn a_range_gets_the_same_occurrences_as_looking_at_all(
        zone_name in prop::sample::select(&ZONES[..]),
        rule in prop::sample::select(&RULES[..]),
        start in any_start(),
        length in 1i64..9_000,
        offset in -3_000i64..20_000,
        hours in 0i64..2_000,
    ) {
        let zone = zone(zone_name);
        let end = start.saturating_add(length.minutes());
        let window = window(WindowKind::Freeze, "w", start, end, rule);
        let from = instant(start, &zone).plus(offset * HOUR);
        let to = from.plus(hours * HOUR);
        let mut expected: Vec<_> = window
            .occurrences()
            .iter()
            .map(|at| window.span(*at, &zone))
            .filter(|span| span.0 < to && span.1 > from)
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(occurrences_between(&window, &zone, from, to), expected);
    }

}

proptest! {
    // Each case asks two dozen times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn promotions_are_closed_up_to_until_and_open_then(
        zone_name in prop::sample::select(&ZONES[..]),
        now in any_start(),
        windows in prop::collection::vec(
            (any::<bool>(), prop::sample::select(&RULES[..]), -2_000i64..2_000, 1i64..12_000),
            1..5,
        ),
        samples in prop::collection::vec(0i64..1_000_000, 24),
    ) {
        let zone = zone(zone_name);
        let windows: Vec<_> = windows
            .into_iter()
            .map(|(freeze, rule, offset, length)| {
                let kind = if freeze { WindowKind::Freeze } else { WindowKind::Change };
                let from = now.saturating_add(offset.hours());
                window(kind, "w", from, from.saturating_add(length.minutes()), rule)
            })
            .collect();
        let now = instant(now, &zone);
        // What is true of a moment, told by looking at every occurrence.
        let spans: Vec<_> = windows
            .iter()
            .map(|window| {
                let spans = window.occurrences().iter().map(|begin| window.span(*begin, &zone));
                (window.kind(), spans.collect::<Vec<_>>())
            })
            .collect();
        let inside = |spans: &[(Timestamp, Timestamp)], at: Timestamp| {
            spans.iter().any(|span| span.0 <= at && at < span.1)
        };
        let of = |kind| spans.iter().filter(move |spans| spans.0 == kind).map(|spans| &spans.1);
        let is_closed = |at| {
            let changes: Vec<_> = of(WindowKind::Change).collect();
            of(WindowKind::Freeze).any(|spans| inside(spans, at))
                || !changes.is_empty() && !changes.iter().any(|spans| inside(spans, at))
        };
        let Some(told) = closed(&windows, &key("m"), None, &zone, now) else {
            prop_assert!(!is_closed(now));
            return Ok(());
        };
        prop_assert!(is_closed(now));
        let frozen = of(WindowKind::Freeze).any(|spans| inside(spans, now));
        prop_assert_eq!(told.kind == WindowKind::Freeze, frozen);
        prop_assert!(told.since.is_none_or(|since| since <= now));
        let end = told.until.unwrap_or(now.plus(LOOK_AHEAD_DAYS * DAY));
        prop_assert!(end > now && end <= now.plus(LOOK_AHEAD_DAYS * DAY));
        if told.until.is_some() {
            prop_assert!(!is_closed(end), "still closed at {}", end.utc());
        }
        let length = end.since(now);
        let moments = samples.iter().map(|part| now.plus(length / 1_000_000 * part));
        for at in moments.chain([end.plus(-1)]) {
            prop_assert!(is_closed(at), "open at {} before {}", at.utc(), end.utc());
            let again = closed(&windows, &key("m"), None, &zone, at).map(|again| again.until);
            // Later looks see further.
            prop_assert!(told.until.is_none() || again == Some(told.until));
        }
        if let Some(since) = told.since {
            for part in &samples {
                let at = since.plus(now.since(since) / 1_000_000 * part);
                prop_assert!(is_closed(at), "open at {} since {}", at.utc(), since.utc());
            }
        }
    }
}
