//! What was served, as it is reported.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use flags::report::SampleReport;
use serde_json::json;
use switchback_client::compare::Comparer;
use switchback_client::samples::Recorder;
use switchback_client::{Client, Side};

use crate::server::{Asked, LONG, Server, flags};

const MODES: [(&str, &str, u16); 3] = [
    ("old", "old_only", 0),
    ("new", "new_only", 10_000),
    ("both", "both_validate", 0),
];

async fn scene() -> (Server, Client, Recorder) {
    let server = Server::start_unpaced().await;
    server.set(Some(flags("e", 1, &MODES)));
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    let recorder = Recorder::builder(client.clone(), "sb_ingest_test").start();
    (server, client, recorder.unwrap())
}

/// A report as the server reads it.
fn read(asked: &Asked) -> SampleReport {
    let report: SampleReport = serde_json::from_value(asked.body.clone()).unwrap();
    assert_eq!(report.validate(), []);
    report
}

/// Uses and errors of a module's side, in all that was asked.
fn counted(asked: &[Asked], module: &str, side: Side) -> (u64, u64) {
    let samples = asked.iter().flat_map(|asked| read(asked).samples);
    let those = samples.filter(|one| one.module == module && one.side == side);
    those.fold((0, 0), |(uses, errors), one| {
        assert_eq!(one.sketch().count(), one.uses);
        (uses + one.uses, errors + one.errors)
    })
}

#[tokio::test]
async fn the_side_that_serves_is_recorded_with_what_became_of_it() {
    let (server, _client, recorder) = scene().await;
    let (old, new) = (
        recorder.module("old").unwrap(),
        recorder.module("new").unwrap(),
    );
    assert_eq!(
        old.call(None, || Ok::<_, ()>("old"), || Ok("new")),
        Ok("old")
    );
    assert_eq!(
        new.call(None, || Ok::<_, ()>("old"), || Ok("new")),
        Ok("new")
    );
    assert_eq!(
        new.call(None, || Ok::<(), _>(()), || Err("new")),
        Err("new")
    );
    let answer = new.call_async(None, || async { Ok(1) }, || async { Err("new") });
    assert_eq!(answer.await, Err("new"));
    let panics = || new.call(None, || Ok::<(), ()>(()), || panic!("of new"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    old.record(Side::New, true, Duration::from_millis(250));
    recorder.flush().await.unwrap();

    let asked = server.asked("/samples");
    assert_eq!(counted(&asked, "old", Side::Old), (1, 0));
    assert_eq!(counted(&asked, "new", Side::New), (4, 3));
    assert_eq!(counted(&asked, "new", Side::Old), (0, 0));
    assert_eq!(asked[0].path, "/api/v1/migrations/arche/samples");
    assert_eq!(
        asked[0].header("authorization"),
        Some("Bearer sb_ingest_test")
    );
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(
        (&asked[0].body["service"], &asked[0].body["instance"]),
        (&json!("orders"), &json!("orders-1"))
    );
    let told = asked.iter().flat_map(|asked| read(asked).samples);
    let told = told.filter(|one| one.module == "old" && one.side == Side::New);
    let latencies: Vec<_> = told.flat_map(|one| one.latency).collect();
    assert_eq!(latencies.len(), 1);
    assert!((latencies[0].0 - 250.0).abs() <= 3.5, "{latencies:?}");
    assert_eq!(
        (recorder.status().lost, recorder.status().problem),
        (0, None)
    );
}

#[tokio::test]
async fn a_future_that_is_dropped_says_nothing_of_its_side() {
    let (server, _client, recorder) = scene().await;
    let module = recorder.module("new").unwrap();
    let never = || std::future::pending::<Result<(), ()>>();
    let called = module.call_async(None, never, never);
    tokio::select! {
        biased;
        _ = called => panic!("it never ends"),
        () = std::future::ready(()) => {}
    }
    recorder.flush().await.unwrap();
    assert!(server.asked("/samples").is_empty());
}

#[tokio::test]
async fn a_report_is_sent_under_one_name_until_it_is_taken() {
    let (server, _client, recorder) = scene().await;
    let module = recorder.module("new").unwrap();
    for status in [503, 401, 429] {
        server.refuse("/samples", status, None);
        module.record(Side::New, true, Duration::from_millis(1));
        recorder.flush().await.unwrap_err();
        assert!(recorder.status().problem.is_some());
    }
    let refused = server.asked("/samples");
    assert!(
        refused.iter().all(|again| again.body == refused[0].body),
        "the oldest, as it was"
    );
    server.accept("/samples");
    recorder.flush().await.unwrap();
    let taken = &server.asked("/samples")[refused.len()..];
    assert_eq!(taken[0].body, refused[0].body);
    let names: std::collections::BTreeSet<_> = taken.iter().map(|one| read(one).batch).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(counted(taken, "new", Side::New), (3, 0));

    // What is refused for good is lost, and what comes after it is not.
    server.refuse("/samples", 400, None);
    module.record(Side::New, true, Duration::from_millis(1));
    recorder.flush().await.unwrap_err();
    assert_eq!(recorder.status().lost, 1);
    server.accept("/samples");
    recorder.flush().await.unwrap();
    assert_eq!(server.asked("/samples").len(), refused.len() + 3 + 1);
    assert_eq!(recorder.status().problem, None);
}

#[tokio::test(start_paused = true)]
async fn minutes_that_are_over_are_sent_by_themselves_and_again_while_the_server_is_away() {
    let server = Server::with(flags("e", 1, &MODES)).await;
    server.refuse("/samples", 503, None);
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    let recorder = Recorder::builder(client, "sb_ingest_test").start().unwrap();
    let module = recorder.module("new").unwrap();
    let before = SystemTime::now() - Duration::from_mins(10);
    module.record_at(Side::New, false, Duration::from_millis(1), before);
    let asked = server.wait_for("/samples", 3).await;
    assert!(asked.iter().all(|again| again.body == asked[0].body));
    server.accept("/samples");
    let refused = asked.len();
    let asked = server
        .wait_until("/samples", |asked| asked.len() > refused)
        .await;
    let taken = asked.last().unwrap();
    assert_eq!(taken.body, asked[0].body);
    let minute = read(taken).samples[0].minute;
    let expected = before
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    assert_eq!(
        u128::try_from(minute).unwrap(),
        expected - expected % 60_000
    );
    assert_eq!(
        counted(std::slice::from_ref(taken), "new", Side::New),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_recorded_before_flags_are_known_waits_for_them() {
    let server = Server::start_unpaced().await;
    let client = server.client().start().unwrap();
    let recorder = Recorder::builder(client.clone(), "sb_ingest_test")
        .start()
        .unwrap();
    let module = recorder.module("new").unwrap();
    assert_eq!(
        module.call(None, || Ok::<_, ()>("old"), || Ok("new")),
        Ok("old")
    );
    recorder.flush().await.unwrap();
    assert!(server.asked("/samples").is_empty());
    server.set(Some(flags("e", 1, &MODES)));
    client.ready(LONG).await.unwrap();
    recorder.flush().await.unwrap();
    assert_eq!(counted(&server.asked("/samples"), "new", Side::Old), (1, 0));
}

#[tokio::test]
async fn a_comparison_records_what_it_serves_and_not_what_runs_beside() {
    let (server, client, recorder) = scene().await;
    let comparer = Comparer::builder(client, "sb_ingest_test").start().unwrap();
    for name in ["old", "new", "both"] {
        let module = recorder.module(name).unwrap();
        let calls = comparer
            .module::<i32>(name)
            .control(0.0)
            .record(module)
            .build();
        for _ in 0..3 {
            let _answer = calls.call(None, || Ok::<_, ()>(1), || Err(()));
        }
        let answer = calls.call_async(None, || async { Err::<i32, _>(()) }, || async { Ok(1) });
        let _answer = answer.await;
    }
    comparer.flush().await.unwrap();
    recorder.flush().await.unwrap();
    let asked = server.asked("/samples");
    assert_eq!(counted(&asked, "old", Side::Old), (4, 1));
    assert_eq!(counted(&asked, "new", Side::New), (4, 3));
    assert_eq!(counted(&asked, "both", Side::Old), (4, 1));
    for (module, side) in [("old", Side::New), ("new", Side::Old), ("both", Side::New)] {
        assert_eq!(counted(&asked, module, side), (0, 0));
    }
}

#[tokio::test]
async fn reports_stay_within_what_the_server_takes() {
    let (server, _client, recorder) = scene().await;
    for module in 0..300 {
        let module = recorder.module(&format!("module-{module}")).unwrap();
        for ms in 1..100 {
            module.record(Side::Old, true, Duration::from_millis(ms));
        }
    }
    recorder.flush().await.unwrap();
    let asked = server.asked("/samples");
    assert!(asked.len() > 3, "{}", asked.len());
    assert!(
        asked
            .iter()
            .all(|one| one.body.to_string().len() < 64 << 10)
    );
    let uses: u64 = asked
        .iter()
        .flat_map(|one| read(one).samples)
        .map(|one| one.uses)
        .sum();
    assert_eq!(uses, 300 * 99);
}

#[tokio::test]
async fn a_recorder_wants_a_token_and_keys_and_shows_neither_token() {
    let (_server, client, recorder) = scene().await;
    let error = Recorder::builder(client.clone(), " ").start().unwrap_err();
    assert!(error.to_string().contains("ingest"), "{error}");
    let builder = Recorder::builder(client, "sb_ingest_test");
    let shown = format!(
        "{builder:?} {recorder:?} {:?}",
        recorder.module("new").unwrap()
    );
    assert!(!shown.contains("sb_"), "{shown}");
    assert!(recorder.module("arche.new").is_err());
}
