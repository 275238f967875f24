//! The calendar page, as its query tells it.

use domain::read::{CalendarFilter, CalendarView, StepBar};
use jiff::civil::{Date, date};

use super::*;
use crate::commands::CreatePhase;
use crate::queries;
use crate::testing::{Server, key, refusal};

/// A day, milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000;

async fn with_phase(number: u32, start: Date, end: Date) -> Server {
    let server = Server::with_modules(&["a", "b"]).await;
    let command = CreatePhase {
        migration: key("atlas"),
        number: Some(number),
        name: format!("Phase {number}"),
        start: Some(start),
        end: Some(end),
        expected_modules: None,
        validation_days: None,
        notes: String::new(),
        reason: String::new(),
    };
    server.admin(command).await.unwrap();
    server
}

async fn shown(server: &Server, filter: CalendarFilter) -> Result<CalendarView, QueryError> {
    let root = Server::root();
    queries::calendar(&server.control, &root, &key("atlas"), None, &filter).await
}

fn of<'a>(view: &'a CalendarView, module: &str) -> Vec<&'a StepBar> {
    let module: Key = key(module);
    let mut lanes = view.modules.iter().filter(|lane| lane.key == module);
    lanes.next().unwrap().steps.iter().collect()
}

#[tokio::test]
async fn a_lane_tells_every_step_from_when_to_when_and_nothing_of_old() {
    let server = with_phase(1, date(2026, 11, 16), date(2027, 1, 31)).await;
    let step = |days: i64| server.control.clock().step(days * DAY);
    server.set("a", FlagState::BOTH_VALIDATE).await;
    step(3);
    server.set("a", Server::percent(10)).await;
    step(2);
    server.roll_back("a").await.unwrap();
    step(4);
    server.set("a", Server::percent(50)).await;
    step(1);
    let view = shown(&server, CalendarFilter::default()).await.unwrap();
    let was: Vec<(FlagState, i64)> = of(&view, "a")
        .into_iter()
        .filter(|step| !step.expected)
        .map(|step| (step.state, step.at.since(crate::testing::START) / DAY))
        .collect();
    assert_eq!(
        was,
        [
            (FlagState::BOTH_VALIDATE, 0),
            (Server::percent(10), 3),
            (Server::percent(50), 9)
        ]
    );
    // A step ends where the next begins, and where a rollback ended it nothing is drawn until there is something again.
    let bars: Vec<_> = of(&view, "a").into_iter().map(|step| step.bar).collect();
    let [first, second, third, ..] = bars.as_slice() else {
        panic!("{bars:?}")
    };
    assert_eq!(first.to, second.from);
    assert!(second.to < third.from, "{second:?} {third:?}");
    assert!(of(&view, "b").iter().all(|step| step.expected));
}

#[tokio::test]
async fn a_timeline_begins_with_the_plan_as_long_as_that_shows_today() {
    let server = with_phase(1, date(2026, 11, 18), date(2027, 1, 31)).await;
    let view = shown(&server, CalendarFilter::default()).await.unwrap();
    assert_eq!(view.first, "2026-11-16");
    server.control.clock().step(100 * DAY);
    let view = shown(&server, CalendarFilter::default()).await.unwrap();
    assert_eq!(view.first, "2027-03-01");
    assert_eq!(view.now, view.first);
    assert!(view.now_place.is_some());
}

#[tokio::test]
async fn what_cannot_be_shown_is_said_with_the_field() {
    let server = with_phase(1, date(2026, 11, 18), date(2027, 1, 31)).await;
    let with = |field: &str, value: &str| {
        let mut filter = CalendarFilter::default();
        match field {
            "layout" => filter.layout = value.into(),
            "from" => filter.from = value.into(),
            "days" => filter.days = value.into(),
            "zone" => filter.zone = value.into(),
            _ => filter.phase = value.into(),
        }
        filter
    };
    for (field, value) in [
        ("layout", "year"),
        ("from", "soon"),
        ("from", "1969-12-31"),
        ("from", "2201-01-01"),
        ("days", "6"),
        ("days", "732"),
        ("days", "-7"),
        ("zone", "Mars/Olympus"),
        ("phase", "first"),
    ] {
        let refused = refusal(shown(&server, with(field, value)).await);
        let told = format!("{refused:?}");
        assert!(
            told.contains(&format!("{field:?}")),
            "{field}={value}: {told}"
        );
    }
    let view = shown(&server, with("from", "2200-12-01")).await.unwrap();
    assert_eq!(view.first, "2200-12-01");
}

#[tokio::test]
async fn months_are_whole_weeks_and_days_are_those_of_the_zone_over_a_change_of_clocks() {
    let server = with_phase(1, date(2026, 11, 18), date(2027, 1, 31)).await;
    let zone = |name: &str| CalendarFilter {
        layout: "month".into(),
        from: "2027-03-15".into(),
        zone: name.into(),
        ..CalendarFilter::default()
    };
    for name in ["", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"] {
        let view = shown(&server, zone(name)).await.unwrap();
        let days: Vec<&str> = view
            .weeks
            .iter()
            .flatten()
            .map(|cell| cell.day.as_str())
            .collect();
        assert_eq!(days.len(), 35, "{name}");
        assert_eq!((days[0], days[34]), ("2027-03-01", "2027-04-04"), "{name}");
        let mut sorted = days.clone();
        sorted.dedup();
        assert_eq!(sorted, days, "{name}");
    }
}
