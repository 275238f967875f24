//! Old and new side by side, in real time: threads know of no paused clock.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flags::report::ComparisonReport;
use serde_json::{Value, json};
use switchback_client::Client;
use switchback_client::compare::{Comparer, ComparerBuilder, Difference, shown};

use crate::server::{Asked, LONG, Server, change, flags};

type Answer<T> = Result<T, Infallible>;

/// A server whose module `memory` is compared, a client, and a comparer that knows both.
struct Scene {
    server: Server,
    client: Client,
    comparer: Comparer,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(configure: impl FnOnce(ComparerBuilder) -> ComparerBuilder) -> Self {
        let server = Server::start_unpaced().await;
        server.set(Some(flags("e", 1, &[("memory", "both_validate", 0)])));
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        let builder = Comparer::builder(client.clone(), "sb_ingest_test");
        let comparer = configure(builder).start().unwrap();
        Self {
            server,
            client,
            comparer,
        }
    }

    async fn mode(&self, previous: u64, mode: &str, exposure: u16) {
        let change = change("e", previous, previous + 1, &[("memory", mode, exposure)]);
        self.server.push("change", &change);
        let there = self.client.wait_until(LONG, |status| {
            status.revision.as_ref().unwrap().number == previous + 1
        });
        assert!(there.await);
    }

    /// What was found so far, all of it added up.
    async fn found(&self) -> Value {
        self.comparer.flush().await.unwrap();
        let mut sum = json!({});
        for asked in self.server.asked("/comparisons") {
            for comparison in asked.body["comparisons"].as_array().unwrap() {
                assert_eq!(comparison["module"], "memory");
                add(&mut sum, comparison);
            }
        }
        sum
    }
}

/// The counts of the control.
fn noise(found: &Value) -> Value {
    let noise = &found["noise"];
    json!({"compared": noise["compared"], "mismatches": noise["mismatches"]})
}

fn add(sum: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Number(number) => {
                // Moments are of no use added up so; each minute's are checked where they are made.
                let Some(number) = number.as_u64() else {
                    continue;
                };
                let before = sum[name].as_u64().unwrap_or_default();
                sum[name] = json!(before + number);
            }
            Value::Object(_) => {
                if sum[name].is_null() {
                    sum[name] = json!({});
                }
                add(&mut sum[name], value);
            }
            Value::Array(items) => {
                let mut all = sum[name].as_array().cloned().unwrap_or_default();
                all.extend(items.clone());
                sum[name] = all.into();
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_flag_says_which_side_runs() {
    let scene = Scene::new().await;
    let memory = scene.comparer.module::<&'static str>("memory").build();
    let ran = Arc::new(AtomicUsize::new(0));
    let side = |name: &'static str, weight: usize| {
        let ran = Arc::clone(&ran);
        move || -> Answer<&'static str> {
            ran.fetch_add(weight, Ordering::SeqCst);
            Ok(name)
        }
    };
    let call = |subject: Option<&str>| {
        ran.store(0, Ordering::SeqCst);
        memory
            .call(subject, side("old", 1), side("new", 10))
            .unwrap()
    };
    scene.mode(1, "old_only", 0).await;
    assert_eq!((call(None), ran.load(Ordering::SeqCst)), ("old", 1));
    scene.mode(2, "new_only", 10_000).await;
    assert_eq!((call(None), ran.load(Ordering::SeqCst)), ("new", 10));
    scene.mode(3, "gradual_rollout", 5_000).await;
    for user in 0..50 {
        let user = format!("user-{user}");
        let new = scene.client.use_new("memory", Some(&user));
        assert_eq!(call(Some(&user)) == "new", new);
    }
    assert_eq!(
        (call(None), ran.load(Ordering::SeqCst)),
        ("old", 1),
        "no subject"
    );
    let unknown = scene.comparer.module::<&'static str>("unknown").build();
    let answer = unknown.call(None, side("old", 1), side("new", 10));
    assert_eq!(answer, Ok("old"));
    scene.comparer.flush().await.unwrap();
    assert!(
        scene.server.asked("/comparisons").is_empty(),
        "nothing was compared"
    );
}

#[tokio::test]
async fn the_caller_gets_olds_answer_before_new_begins() {
    let scene = Scene::new().await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (release, held) = channel::<()>();
    let note = |what: &'static str| order.lock().unwrap().push(what);
    let late = Arc::clone(&order);
    let answer = memory.call(
        None,
        || -> Answer<i32> {
            note("old");
            Ok(1)
        },
        move || {
            held.recv().unwrap();
            late.lock().unwrap().push("new");
            Ok(1)
        },
    );
    note("caller");
    assert_eq!(answer, Ok(1));
    assert_eq!(scene.comparer.status().pending, 1);
    release.send(()).unwrap();
    let found = scene.found().await;
    assert_eq!(*order.lock().unwrap(), ["old", "caller", "new"]);
    assert_eq!(
        (&found["matches"], &found["mismatches"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(found["old_latency_ns"]["count"], 1);
    assert_eq!(found["new_latency_ns"]["count"], 1);
    assert!(found["new_latency_ns"]["max"].as_u64().unwrap() > 0);

    let report = &scene.server.asked("/comparisons")[0];
    assert_eq!(report.path, "/api/v1/migrations/arche/comparisons");
    assert_eq!(
        report.header("authorization"),
        Some("Bearer sb_ingest_test")
    );
    assert_eq!(report.body["service"], "orders");
    assert_eq!(report.body["instance"], "orders-1");
    let at = report.body["comparisons"][0]["at"].as_u64().unwrap();
    assert!(at.is_multiple_of(60_000) && at > 1_600_000_000_000, "{at}");
}

#[tokio::test]
async fn a_mismatch_names_the_place_and_shows_no_value() {
    let scene = Scene::new().await;
    let memory = scene
        .comparer
        .module::<Value>("memory")
        .control(0.0)
        .build();
    let (old, new) = (
        json!({"card": "4111", "n": [1]}),
        json!({"card": "4112", "n": [1, 2]}),
    );
    let (given, kept) = (old.clone(), new.clone());
    let answer = memory.call(None, move || Answer::Ok(given), move || Ok(kept));
    assert_eq!(answer.unwrap(), old);
    let found = scene.found().await;
    assert_eq!(
        (&found["matches"], &found["mismatches"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(
        found["examples"],
        json!([
            {"path": "card", "old": "a text of 4 characters", "new": "a text of 4 characters"},
            {"path": "n.1", "old": "absent", "new": "a number"},
        ])
    );
}

#[tokio::test]
async fn comparator_and_redaction_are_the_callers() {
    let scene = Scene::new().await;
    let close = |old: &f64, new: &f64| {
        if (old - new).abs() < 0.01 {
            Vec::new()
        } else {
            vec![Difference::new("total", *old, *new)]
        }
    };
    let memory = scene.comparer.module_with("memory", close);
    let memory = memory.control(0.0).redact(shown).build();
    for new in [1.0, 1.001, 2.0] {
        let answer = memory.call(None, || Answer::Ok(1.0), move || Ok(new));
        assert_eq!(answer, Ok(1.0));
    }
    let found = scene.found().await;
    assert_eq!(
        (&found["matches"], &found["mismatches"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        found["examples"],
        json!([{"path": "total", "old": "1.0", "new": "2.0"}])
    );
}

#[tokio::test]
async fn errors_panics_and_delays_of_new_never_reach_the_caller() {
    // Long enough for a panic to be printed with where it came from.
    let limit = Duration::from_secs(3);
    let scene = Scene::with(|builder| builder.time_limit(limit).workers(1)).await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let old = || Ok::<_, String>(1);
    assert_eq!(memory.call(None, old, || Err("new".to_owned())), Ok(1));
    assert_eq!(memory.call(None, old, || panic!("of new")), Ok(1));
    let failed = || Err::<i32, _>("old".to_owned());
    assert_eq!(memory.call(None, failed, || Ok(1)), Err("old".to_owned()));
    assert_eq!(
        memory.call(None, failed, || Err("too".to_owned())),
        Err("old".to_owned())
    );
    let (release, held) = channel::<()>();
    let hang = move || {
        let _released = held.recv();
        Ok(1)
    };
    assert_eq!(memory.call(None, old, hang), Ok(1));
    // The pool's thread hangs, the count does not wait for it.
    let found = scene.found().await;
    assert_eq!(found["matches"], 1, "both failed");
    assert_eq!(found["mismatches"], 2, "one failed");
    assert_eq!(
        (&found["old_errors"], &found["new_errors"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (&found["new_panics"], &found["new_timeouts"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(found["old_latency_ns"]["count"], 5);
    assert_eq!(found["new_latency_ns"]["count"], 3);
    let one_failed = json!({"path": "", "old": "answer", "new": "error"});
    assert!(
        found["examples"].as_array().unwrap().contains(&one_failed),
        "{found}"
    );
    // Once it ends it is not counted again, and its place is free.
    release.send(()).unwrap();
    assert_eq!(memory.call(None, old, || Ok(1)), Ok(1));
    let found = scene.found().await;
    assert_eq!(
        (&found["matches"], &found["new_timeouts"]),
        (&json!(2), &json!(1))
    );
}

fn blocked() -> (Sender<()>, impl FnOnce() -> Answer<i32> + Send + 'static) {
    let (release, held) = channel::<()>();
    (release, move || {
        let _released = held.recv();
        Ok(1)
    })
}

#[tokio::test]
async fn what_there_is_no_room_for_is_dropped_and_counted() {
    let scene = Scene::with(|builder| builder.workers(1).queue(1).time_limit(LONG)).await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let mut releases = Vec::new();
    for _ in 0..10 {
        let (release, new) = blocked();
        releases.push(release);
        assert_eq!(memory.call(None, || Ok(1), new), Ok(1));
    }
    let dropped = scene.comparer.status().dropped;
    assert!((8..=9).contains(&dropped), "{dropped}");
    drop(releases);
    let found = scene.found().await;
    assert_eq!(found["dropped"], dropped);
    assert_eq!(found["matches"], 10 - dropped);
}

#[tokio::test]
async fn a_sample_of_the_calls_is_compared() {
    let scene = Scene::with(|builder| builder.queue(10_000)).await;
    let calls = |share: f64| {
        let memory = scene
            .comparer
            .module::<i32>("memory")
            .control(0.0)
            .sample(share)
            .build();
        for _ in 0..2_000 {
            memory.call(None, || Answer::Ok(1), || Ok(1)).unwrap();
        }
    };
    calls(0.0);
    calls(f64::NAN);
    scene.comparer.flush().await.unwrap();
    assert!(scene.server.asked("/comparisons").is_empty());
    calls(0.25);
    let found = scene.found().await;
    let matches = found["matches"].as_u64().unwrap();
    assert!((350..650).contains(&matches), "{matches} of 2000");
}

#[tokio::test]
async fn the_control_runs_old_against_old() {
    let scene = Scene::new().await;
    let memory = scene
        .comparer
        .module::<usize>("memory")
        .control(1.0)
        .build();
    let count = Arc::new(AtomicUsize::new(0));
    for steps in [true, true, false] {
        let count = Arc::clone(&count);
        // An answer that changes by itself, and one that does not.
        let old = move || {
            Answer::Ok(if steps {
                count.fetch_add(1, Ordering::SeqCst)
            } else {
                0
            })
        };
        memory
            .call_with_control(None, old, || panic!("new must not run"))
            .unwrap();
    }
    let found = scene.found().await;
    assert_eq!(noise(&found), json!({"compared": 3, "mismatches": 2}));
    assert_eq!(found["noise"]["log_ratio"]["count"], 3);
    assert_eq!(
        (&found["matches"], &found["mismatches"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(found["new_panics"], 0);
    // Without a second old there is no control.
    memory.call(None, || Answer::Ok(1), || Ok(1)).unwrap();
    assert_eq!(scene.found().await["matches"], 1);
}

#[tokio::test]
async fn what_a_report_says_of_pairs_of_calls() {
    let scene = Scene::new().await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0);
    let memory = memory.build();
    for (old, new) in [(true, true), (true, false), (false, true), (false, false)] {
        let answer = |ok| if ok { Ok(1) } else { Err(()) };
        let _answer = memory.call(None, || answer(old), move || answer(new));
    }
    let found = scene.found().await;
    let once = json!({"both_ok": 1, "old_failed": 1, "new_failed": 1, "both_failed": 1});
    assert_eq!(found["paired"], once);
    assert_eq!(
        (&found["log_ratio"]["count"], &found["new_first"]),
        (&json!(1), &json!(0))
    );
    // All of it is what the server reads.
    for asked in scene.server.asked("/comparisons") {
        let read: ComparisonReport = serde_json::from_value(asked.body).unwrap();
        assert_eq!(read.validate(), []);
    }
}

#[tokio::test]
async fn futures_are_compared_alike() {
    let limit = Duration::from_secs(1);
    let scene = Scene::with(|builder| builder.time_limit(limit)).await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let old = || async { Ok::<_, String>(1) };
    assert_eq!(memory.call_async(None, old, old).await, Ok(1));
    assert_eq!(
        memory.call_async(None, old, || async { Ok(2) }).await,
        Ok(1)
    );
    assert_eq!(
        memory
            .call_async(None, old, || async { panic!("of new") })
            .await,
        Ok(1)
    );
    let at_once = memory.call_async(None, old, || {
        assert!(!is_odd(), "before there is a future");
        async { Ok(1) }
    });
    assert_eq!(at_once.await, Ok(1));
    let never = || async {
        std::future::pending::<()>().await;
        Ok(1)
    };
    assert_eq!(memory.call_async(None, old, never).await, Ok(1));
    let failed = || async { Err::<i32, _>("old".to_owned()) };
    assert_eq!(
        memory.call_async(None, failed, old).await,
        Err("old".to_owned())
    );
    let found = scene.found().await;
    assert_eq!(
        (&found["matches"], &found["mismatches"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (&found["new_panics"], &found["new_timeouts"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&found["old_errors"], &found["new_errors"]),
        (&json!(1), &json!(0))
    );

    scene.mode(1, "new_only", 10_000).await;
    assert_eq!(
        memory.call_async(None, old, || async { Ok(2) }).await,
        Ok(2)
    );
}

/// True, unknown to the compiler.
fn is_odd() -> bool {
    std::hint::black_box(true)
}

#[tokio::test]
async fn futures_have_room_and_control_of_their_own() {
    let scene = Scene::with(|builder| builder.in_flight(2).time_limit(LONG)).await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let release = Arc::new(tokio::sync::Semaphore::new(0));
    for _ in 0..5 {
        let release = Arc::clone(&release);
        let new = move || async move {
            let _released = release.acquire().await.unwrap();
            Ok(1)
        };
        assert_eq!(
            memory
                .call_async(None, || async { Answer::Ok(1) }, new)
                .await,
            Ok(1)
        );
    }
    assert_eq!(scene.comparer.status().dropped, 3);
    release.add_permits(2);
    let found = scene.found().await;
    assert_eq!(
        (&found["matches"], &found["dropped"]),
        (&json!(2), &json!(3))
    );

    let memory = scene.comparer.module::<i32>("memory").control(1.0).build();
    let old = || async { Answer::Ok(1) };
    let answer = memory.call_async_with_control(None, old, || async { panic!("new") });
    assert_eq!(answer.await, Ok(1));
    assert_eq!(
        noise(&scene.found().await),
        json!({"compared": 1, "mismatches": 0})
    );
}

#[tokio::test]
async fn a_comparator_that_panics_says_nothing_of_new() {
    let scene = Scene::new().await;
    let memory = scene
        .comparer
        .module_with("memory", |_: &i32, _: &i32| panic!("of the comparator"));
    let memory = memory.control(0.0).build();
    memory.call(None, || Answer::Ok(1), || Ok(1)).unwrap();
    let found = scene.found().await;
    assert_eq!(
        (&found["dropped"], &found["new_panics"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(scene.comparer.status().dropped, 1);
}

#[tokio::test]
async fn what_the_server_does_not_take_is_kept_and_what_it_refuses_is_lost() {
    let scene = Scene::new().await;
    let memory = scene.comparer.module::<i32>("memory").control(0.0).build();
    let call = || memory.call(None, || Answer::Ok(1), || Ok(1)).unwrap();
    for status in [503, 401, 429] {
        scene.server.refuse("/comparisons", status, None);
        call();
        scene.comparer.flush().await.unwrap_err();
        assert!(scene.comparer.status().problem.is_some());
    }
    scene.server.accept("/comparisons");
    let asked = scene.server.asked("/comparisons");
    let refused = asked.len();
    assert!(
        asked.iter().all(|again| again.body == asked[0].body),
        "the oldest, as it was"
    );
    scene.comparer.flush().await.unwrap();
    let taken = &scene.server.asked("/comparisons")[refused..];
    let name = |asked: &Asked| asked.body["batch"].as_str().unwrap().to_owned();
    let names: BTreeSet<String> = taken.iter().map(name).collect();
    assert_eq!(
        names.len(),
        taken.len(),
        "a report each, under its own name"
    );
    assert!(names.contains(&name(&asked[0])));
    let sum: u64 = scene.server.asked("/comparisons")[refused..]
        .iter()
        .flat_map(|report| report.body["comparisons"].as_array().unwrap())
        .map(|comparison| comparison["matches"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 3, "none was lost and none counted twice");
    assert_eq!(scene.comparer.status().problem, None);

    scene.server.refuse("/comparisons", 400, None);
    call();
    scene.comparer.flush().await.unwrap_err();
    assert_eq!(scene.comparer.status().lost, 1);
    scene.server.accept("/comparisons");
    let reports = scene.server.asked("/comparisons").len();
    scene.comparer.flush().await.unwrap();
    assert_eq!(scene.server.asked("/comparisons").len(), reports);
}

#[tokio::test]
async fn reports_stay_within_what_the_server_takes() {
    let modules: Vec<String> = (0..300).map(|i| format!("module-{i}")).collect();
    let states: Vec<_> = modules
        .iter()
        .map(|key| (key.as_str(), "both_validate", 0))
        .collect();
    let scene = Scene::with(|builder| builder.queue(10_000).time_limit(LONG)).await;
    scene.server.push("snapshot", &flags("e", 2, &states));
    assert!(
        scene
            .client
            .wait_until(LONG, |status| status.revision.as_ref().unwrap().number == 2)
            .await
    );
    let answer = |letter: &str| -> Vec<String> { (0..20).map(|_| letter.repeat(500)).collect() };
    for module in &modules {
        let comparison = scene.comparer.module::<Vec<String>>(module.as_str());
        let comparison = comparison.control(0.0).redact(shown).build();
        let (old, new) = (answer("ü"), answer("\u{1}"));
        comparison
            .call(None, move || Answer::Ok(old), move || Ok(new))
            .unwrap();
    }
    scene.comparer.flush().await.unwrap();
    let reports = scene.server.asked("/comparisons");
    assert!(reports.len() > 10, "{}", reports.len());
    let mut seen = 0;
    for report in reports {
        assert!(report.body.to_string().len() < 64 << 10);
        let comparisons = report.body["comparisons"].as_array().unwrap();
        seen += comparisons.len();
        for comparison in comparisons {
            assert_eq!(comparison["examples"].as_array().unwrap().len(), 10);
        }
    }
    assert_eq!(seen, 300);
    assert_eq!(scene.comparer.status().dropped, 0);
}

#[tokio::test]
async fn a_comparer_wants_a_token_and_shows_none() {
    let scene = Scene::new().await;
    let error = Comparer::builder(scene.client.clone(), " ")
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("ingest"), "{error}");
    let builder = Comparer::builder(scene.client.clone(), "sb_ingest_test");
    let shown = format!("{builder:?} {:?}", scene.comparer);
    assert!(!shown.contains("sb_"), "{shown}");
}
