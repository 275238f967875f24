use flags::report::{Compared, Comparison, Example, Paired};
use flags::{LatencySketch, Side};

use super::*;
use crate::instances::Place;
use crate::store::{self, comparisons, samples, series};
use crate::testing::{START, Server, key, refusal};
use domain::{Key, Refusal};

fn place() -> Place {
    (key("atlas"), key("production"))
}

fn point(module: &str, side: Side, at: Timestamp, uses: u64, errors: u64) -> Point {
    Point {
        module: key(module),
        side,
        at,
        uses,
        errors,
        latency: std::iter::once((0.020, uses)).collect::<LatencySketch>(),
    }
}

async fn rows(server: &Server, module: &str, resolution: Resolution) -> Vec<samples::Sample> {
    let mut connection = server.control.inner().store.read_evidence().await.unwrap();
    let Some(series) = series::find(&mut connection, &place(), &key(module))
        .await
        .unwrap()
    else {
        return Vec::new();
    };
    let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
    samples::of_series(&mut connection, resolution, series, from, to)
        .await
        .unwrap()
}

fn clocked(at: Timestamp) -> Clocked {
    Clocked(Some(at))
}

fn messages(refusal: Refusal) -> String {
    match refusal {
        Refusal::Invalid { fields } => fields.into_iter().map(|field| field.message).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_comes_late_and_in_pieces_adds_up_in_minutes_hours_and_days() {
    let server = Server::with_modules(&["billing"]).await;
    let (early, late) = (START.plus(-90 * MINUTE), START.plus(-2 * MINUTE));
    for (batch, points) in [
        (
            "1",
            vec![
                point("billing", Side::New, late, 10, 1),
                point("billing", Side::New, late.plus(59_999), 5, 0),
            ],
        ),
        ("2", vec![point("billing", Side::New, late, 3, 3)]),
        (
            "3",
            vec![
                point("billing", Side::New, early, 100, 0),
                point("billing", Side::Old, early, 7, 7),
            ],
        ),
        ("2", vec![point("billing", Side::New, late, 3, 3)]),
    ] {
        server
            .control
            .take_samples(&place(), Some(batch), clocked(START), points)
            .await
            .unwrap();
    }
    let minutes = rows(&server, "billing", Resolution::Minute).await;
    let told: Vec<_> = minutes
        .iter()
        .map(|row| {
            (
                row.side,
                row.at.since(START),
                row.bucket.uses,
                row.bucket.errors,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Side::Old, -90 * MINUTE, 7, 7),
            (Side::New, -90 * MINUTE, 100, 0),
            (Side::New, -2 * MINUTE, 18, 4),
        ]
    );
    let hours = rows(&server, "billing", Resolution::Hour).await;
    let told: Vec<_> = hours
        .iter()
        .map(|row| {
            (
                row.side,
                row.bucket.minutes,
                row.bucket.uses,
                row.bucket.latency.count(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Side::Old, 1, 7, 7),
            (Side::New, 1, 100, 100),
            (Side::New, 1, 18, 18)
        ]
    );
    let days = rows(&server, "billing", Resolution::Day).await;
    let told: Vec<_> = days
        .iter()
        .map(|row| {
            (
                row.side,
                row.bucket.minutes,
                row.bucket.uses,
                row.bucket.errors,
            )
        })
        .collect();
    assert_eq!(told, [(Side::Old, 1, 7, 7), (Side::New, 2, 118, 4)]);
}

#[tokio::test]
async fn a_report_sent_again_is_counted_once_and_said_to_be_known() {
    let server = Server::with_modules(&["billing"]).await;
    let send = async |batch| {
        let points = vec![point("billing", Side::Old, START, 4, 0)];
        server
            .control
            .take_samples(&place(), batch, Clocked(None), points)
            .await
            .unwrap()
    };
    let first = send(Some("a")).await;
    assert_eq!((first.accepted, first.duplicate), (1, false));
    let again = send(Some("a")).await;
    assert_eq!((again.accepted, again.duplicate), (0, true));
    // Without a name nobody can tell.
    send(None).await;
    send(None).await;
    let rows = rows(&server, "billing", Resolution::Day).await;
    assert_eq!(rows.iter().map(|row| row.bucket.uses).sum::<u64>(), 12);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_what_time_it_is_and_nothing_is_counted() {
    let server = Server::with_modules(&["billing"]).await;
    for (clock, at, said) in [
        (Clocked(None), START.plus(6 * MINUTE), "which is to come"),
        (
            Clocked(None),
            START.plus(-61 * MINUTE),
            "more than an hour ago",
        ),
        (
            clocked(START.plus(3 * HOUR)),
            START,
            "The sender's clock shows",
        ),
        (
            clocked(START.plus(-3 * HOUR)),
            START,
            "The sender's clock shows",
        ),
        (
            clocked(START),
            START.plus(-25 * HOUR),
            "more than a day ago",
        ),
    ] {
        let points = vec![point("billing", Side::New, at, 1, 0)];
        let answer = server
            .control
            .take_samples(&place(), Some("a"), clock, points)
            .await;
        let message = messages(refusal(answer));
        assert!(message.contains(said), "{message}");
        assert!(message.contains("2026-11-22T14:00:00.000Z"), "{message}");
    }
    assert!(rows(&server, "billing", Resolution::Day).await.is_empty());
    // Who says what its clock shows may send late.
    let points = vec![point("billing", Side::New, START.plus(-23 * HOUR), 1, 0)];
    let answer = server
        .control
        .take_samples(&place(), Some("a"), clocked(START), points)
        .await;
    assert_eq!(answer.unwrap().accepted, 1);
}

#[tokio::test]
async fn entries_of_modules_that_there_are_not_are_left_out_and_named() {
    let server = Server::with_modules(&["billing"]).await;
    let points = ["billing", "nothing", "nothing"]
        .map(|module| point(module, Side::New, START, 1, 0))
        .to_vec();
    let taken = server
        .control
        .take_samples(&place(), None, Clocked(None), points)
        .await
        .unwrap();
    assert_eq!(taken.accepted, 1);
    assert_eq!(taken.unknown_modules, ["nothing"]);
    let nowhere: (Key, Key) = (key("atlas"), key("elsewhere"));
    let answer = server
        .control
        .take_samples(&nowhere, None, Clocked(None), Vec::new())
        .await;
    assert!(matches!(refusal(answer), Refusal::NotFound { .. }));
}

#[tokio::test]
async fn comparisons_add_up_and_places_of_mismatches_are_kept_with_their_last_example() {
    let server = Server::with_modules(&["billing"]).await;
    let example = |path: &str, new: &str| Example {
        path: path.into(),
        old: "a number".into(),
        new: new.into(),
    };
    let found = |at: Timestamp, mismatches: u64, examples: Vec<Example>| Comparison {
        module: "billing".into(),
        at: Resolution::Minute.start(at).0,
        found: Compared {
            matches: 9,
            mismatches,
            paired: Some(Paired {
                both_ok: 9,
                new_failed: 1,
                ..Paired::default()
            }),
            examples,
            ..Compared::default()
        },
    };
    let early = found(
        START.plus(-5 * MINUTE),
        1,
        vec![example("total", "nothing")],
    );
    let late = found(
        START,
        2,
        vec![example("total", "a text"), example("lines", "a list of 3")],
    );
    for (batch, one) in [("1", late.clone()), ("2", early), ("1", late)] {
        server
            .control
            .take_comparisons(&place(), Some(batch), Clocked(None), vec![one])
            .await
            .unwrap();
    }
    let mut connection = server.control.inner().store.read_evidence().await.unwrap();
    let series = series::find(&mut connection, &place(), &key("billing"))
        .await
        .unwrap()
        .unwrap();
    let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
    let days = comparisons::of_series(&mut connection, Resolution::Day, series, from, to)
        .await
        .unwrap();
    let [(_, day)] = days.as_slice() else {
        panic!("{days:?}");
    };
    assert_eq!((day.matches, day.mismatches), (18, 3));
    assert_eq!(day.paired.unwrap().calls(), 20);
    let minutes = comparisons::of_series(&mut connection, Resolution::Minute, series, from, to)
        .await
        .unwrap();
    assert_eq!(minutes.len(), 2);
    let places = comparisons::mismatches(&mut connection, series)
        .await
        .unwrap();
    let told: Vec<_> = places
        .iter()
        .map(|place| {
            (
                place.example.path.as_str(),
                place.example.new.as_str(),
                place.first_at.since(START),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("lines", "a list of 3", 0),
            ("total", "nothing", -5 * MINUTE)
        ]
    );
}

#[tokio::test]
async fn minutes_are_forgotten_first_then_hours_and_days_are_kept() {
    let server = Server::with_modules(&["billing"]).await;
    let points = vec![point("billing", Side::New, START, 1, 0)];
    server
        .control
        .take_samples(&place(), Some("a"), Clocked(None), points)
        .await
        .unwrap();
    let retention = Retention {
        minutes_days: 2,
        hours_days: 4,
    };
    let mut left = Vec::new();
    for days in [1, 3, 5] {
        let now = server.control.clock().now();
        server
            .control
            .clock()
            .step(START.plus(days * DAY + HOUR).since(now));
        forget(&server.control, retention).await.unwrap();
        let mut counts = Vec::new();
        for resolution in Resolution::ALL {
            counts.push(rows(&server, "billing", resolution).await.len());
        }
        left.push(counts);
    }
    assert_eq!(left, [[1, 1, 1], [0, 1, 1], [0, 0, 1]]);
    // The batch is forgotten too: it is too old to come again.
    let known = server
        .control
        .inner()
        .store
        .evidence
        .run(store::Lane::Normal, |connection| {
            Box::pin(async move { store::batches::note(connection, &place(), "a", START).await })
        })
        .await
        .unwrap();
    assert!(known);
}

#[tokio::test]
async fn sums_add_up_by_side_over_a_range() {
    let server = Server::with_modules(&["billing", "orders"]).await;
    let points = vec![
        point("billing", Side::New, START, 10, 2),
        point("billing", Side::New, START.plus(-10 * MINUTE), 5, 1),
        point("billing", Side::Old, START, 4, 0),
        point("orders", Side::Old, START.plus(-30 * MINUTE), 9, 9),
    ];
    server
        .control
        .take_samples(&place(), None, Clocked(None), points)
        .await
        .unwrap();
    let mut connection = server.control.inner().store.read_evidence().await.unwrap();
    let (from, to) = (START.plus(-15 * MINUTE), START.plus(MINUTE));
    let mut sums = samples::sums(&mut connection, Resolution::Minute, &place(), from, to)
        .await
        .unwrap();
    sums.sort_by_key(|sum| sum.side.is_new());
    let told: Vec<_> = sums
        .iter()
        .map(|sum| (sum.side, sum.minutes, sum.uses, sum.errors))
        .collect();
    assert_eq!(told, [(Side::Old, 1, 4, 0), (Side::New, 2, 15, 3)]);
    assert_eq!(
        series::all(&mut connection, &place()).await.unwrap().len(),
        2
    );
}
