//! New set off before old: what no test from outside can choose, since it is by chance there.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;

use flags::report::{Compared, Paired};
use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::Snapshot;

const LONG: Duration = Duration::from_secs(20);

fn comparer(configure: impl FnOnce(ComparerBuilder) -> ComparerBuilder) -> Comparer {
    let flags = json!({
        "format": 1, "migration": "shop", "environment": "production", "epoch": "e", "revision": 1, "killSwitch": false,
        "flags": [{"key": "intake", "mode": "both_validate", "exposure": 0, "retired": false}],
    });
    let flags = Snapshot::from_json(flags.to_string().as_bytes()).unwrap();
    let builder = Client::builder("http://127.0.0.1:1", "t").initial(flags);
    let client = builder
        .http(reqwest::ClientBuilder::no_proxy)
        .start()
        .unwrap();
    configure(Comparer::builder(client, "t").time_limit(LONG))
        .start()
        .unwrap()
}

/// Every compared call sets off new first.
fn new_first(comparer: &Comparer) -> Comparison<i32> {
    let mut builder = comparer.module::<i32>("intake").control(0.0).random_order();
    builder.new_first = 1.0;
    builder.build()
}

/// What was found once nothing is pending. A minute's end may fall into a test.
async fn found(comparer: &Comparer) -> Compared {
    let settled = comparer.shared.ledger.settled();
    tokio::time::timeout(LONG, settled).await.unwrap();
    let mut all = Compared::default();
    for one in comparer.shared.ledger.take_before(0, u64::MAX) {
        let found = one.found;
        all.matches += found.matches;
        all.mismatches += found.mismatches;
        all.new_panics += found.new_panics;
        all.new_timeouts += found.new_timeouts;
        all.dropped += found.dropped;
        all.new_first += found.new_first;
        all.noise.compared += found.noise.compared;
        all.noise.mismatches += found.noise.mismatches;
        let paired = all.paired.get_or_insert_default();
        let more = found.paired.unwrap_or_default();
        paired.both_ok += more.both_ok;
        paired.old_failed += more.old_failed;
        paired.new_failed += more.new_failed;
        paired.both_failed += more.both_failed;
        let ratios = all.log_ratio.get_or_insert_default();
        ratios.merge(&found.log_ratio.unwrap_or_default());
    }
    all
}

fn counts(found: &Compared) -> [u64; 6] {
    [
        found.matches,
        found.mismatches,
        found.new_panics,
        found.new_timeouts,
        found.dropped,
        found.new_first,
    ]
}

#[tokio::test]
async fn both_run_at_the_same_time_and_the_caller_waits_for_old_alone() {
    let comparer = comparer(|builder| builder);
    let intake = new_first(&comparer);
    let (begun, begins) = channel();
    let (release, held) = channel::<()>();
    let answer = intake.call(
        None,
        // Would hang if new were not under way.
        move || Ok::<_, Infallible>(begins.recv_timeout(LONG).map(|()| 1).unwrap()),
        move || {
            begun.send(()).unwrap();
            held.recv().unwrap();
            Ok(2)
        },
    );
    assert_eq!(answer, Ok(1));
    assert_eq!(comparer.status().pending, 1, "new is still under way");
    release.send(()).unwrap();
    let found = found(&comparer).await;
    assert_eq!(counts(&found), [0, 1, 0, 0, 0, 1]);
    assert_eq!(found.log_ratio.unwrap().count, 1);
}

#[tokio::test]
async fn who_ends_last_compares_whatever_the_order() {
    let comparer = comparer(|builder| builder.workers(1));
    let intake = new_first(&comparer);
    // Old ends after new: the pool's only thread is free again when old ends.
    let (done, ends) = channel();
    let old = move || {
        ends.recv_timeout(LONG).unwrap();
        Ok::<_, Infallible>(1)
    };
    let new = move || {
        struct Tell(std::sync::mpsc::Sender<()>);
        impl Drop for Tell {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let _at_the_end = Tell(done);
        Ok(1)
    };
    assert_eq!(intake.call(None, old, new), Ok(1));
    assert_eq!(counts(&found(&comparer).await), [1, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn neither_errors_nor_panics_nor_hanging_of_new_reach_the_caller() {
    // Long enough for a panic to be printed with where it came from.
    let comparer = comparer(|builder| builder.time_limit(Duration::from_secs(3)).workers(2));
    let intake = new_first(&comparer);
    let old = || Ok::<_, String>(1);
    assert_eq!(intake.call(None, old, || Err("new".to_owned())), Ok(1));
    assert_eq!(intake.call(None, old, || panic!("of new")), Ok(1));
    let failed = || Err::<i32, _>("old".to_owned());
    assert_eq!(intake.call(None, failed, || Ok(1)), Err("old".to_owned()));
    let too = || Err::<i32, _>("too".to_owned());
    assert_eq!(intake.call(None, failed, too), Err("old".to_owned()));
    let (release, held) = channel::<()>();
    let hang = move || {
        let _released = held.recv();
        Ok(1)
    };
    assert_eq!(intake.call(None, old, hang), Ok(1));
    let all = found(&comparer).await;
    assert_eq!(counts(&all), [1, 2, 1, 1, 0, 5]);
    let paired = Paired {
        both_ok: 0,
        old_failed: 1,
        new_failed: 3,
        both_failed: 1,
    };
    assert_eq!(all.paired, Some(paired));
    // What hung ends too late to be counted again, and its thread is free.
    drop(release);
    assert_eq!(intake.call(None, old, || Ok(1)), Ok(1));
    assert_eq!(counts(&found(&comparer).await), [1, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn an_old_that_panics_ends_the_comparison_and_keeps_nothing() {
    let comparer = comparer(|builder| builder);
    let intake = new_first(&comparer);
    let kept = Arc::new(());
    let held = Arc::clone(&kept);
    let call = || {
        let panics = || -> Result<i32, Infallible> { panic!("of old") };
        intake.call(None, panics, move || {
            drop(held);
            Ok(1)
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    // A job after it: by then the one before is gone.
    let after = comparer.module::<i32>("intake").control(0.0).build();
    for _ in 0..2 {
        assert_eq!(after.call(None, || Ok::<_, Infallible>(1), || Ok(1)), Ok(1));
    }
    let found = found(&comparer).await;
    assert_eq!(counts(&found), [2, 0, 0, 0, 0, 0]);
    drop((comparer, intake, after));
    let gone = tokio::task::spawn_blocking(move || {
        while Arc::strong_count(&kept) > 1 {
            std::thread::yield_now();
        }
    });
    tokio::time::timeout(LONG, gone).await.unwrap().unwrap();
}

#[tokio::test]
async fn without_room_old_runs_alone_and_the_call_counts_as_dropped() {
    let comparer = comparer(|builder| builder.workers(1).queue(1));
    let intake = new_first(&comparer);
    let (release, held) = channel::<()>();
    let (begun, begins) = channel();
    let blocks = move || {
        begun.send(()).unwrap();
        let _released = held.recv();
        Ok(1)
    };
    let old = || Ok::<_, Infallible>(1);
    assert_eq!(intake.call(None, old, blocks), Ok(1));
    begins.recv_timeout(LONG).unwrap();
    // One waits in the queue, two find no room.
    for _ in 0..3 {
        assert_eq!(intake.call(None, old, || Ok(1)), Ok(1));
    }
    assert_eq!(comparer.status().dropped, 2);
    drop(release);
    assert_eq!(counts(&found(&comparer).await), [2, 0, 0, 0, 2, 2]);
}

#[tokio::test]
async fn control_keeps_its_order() {
    let comparer = comparer(|builder| builder);
    let mut builder = comparer.module::<i32>("intake").control(1.0).random_order();
    builder.new_first = 1.0;
    let intake = builder.build();
    let order = Arc::new(std::sync::Mutex::new(0));
    let runs = Arc::clone(&order);
    let old = move || {
        let mut runs = runs.lock().unwrap();
        *runs += 1;
        Ok::<_, Infallible>(*runs)
    };
    let answer = intake.call_with_control(None, old, || panic!("new must not run"));
    assert_eq!(answer, Ok(1), "the caller's was the first run");
    let found = found(&comparer).await;
    assert_eq!((found.noise.compared, found.noise.mismatches), (1, 1));
    assert_eq!((*order.lock().unwrap(), found.new_first), (2, 0));
}

#[tokio::test]
async fn futures_run_at_the_same_time_and_a_caller_that_leaves_ends_the_comparison() {
    let comparer = comparer(|builder| builder);
    let intake = new_first(&comparer);
    let (begun, begins) = oneshot::channel();
    let (release, held) = oneshot::channel::<()>();
    let old = || async {
        begins.await.unwrap();
        Ok::<_, Infallible>(1)
    };
    let new = || async {
        begun.send(()).unwrap();
        held.await.unwrap();
        Ok(1)
    };
    let called = tokio::time::timeout(LONG, intake.call_async(None, old, new));
    assert_eq!(called.await.unwrap(), Ok(1));
    assert_eq!(comparer.status().pending, 1);
    release.send(()).unwrap();
    assert_eq!(counts(&found(&comparer).await), [1, 0, 0, 0, 0, 1]);

    // Old ends last.
    let (done, ends) = oneshot::channel();
    let old = || async {
        ends.await.unwrap();
        Ok::<_, Infallible>(1)
    };
    let new = || async {
        done.send(()).unwrap();
        Ok(2)
    };
    assert_eq!(intake.call_async(None, old, new).await, Ok(1));
    assert_eq!(counts(&found(&comparer).await), [0, 1, 0, 0, 0, 1]);

    // The caller drops its future while old is under way.
    let (begun, begins) = oneshot::channel();
    let never = || async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(1)
    };
    let new = || async {
        begun.send(()).unwrap();
        Ok(1)
    };
    tokio::select! {
        _ = intake.call_async(None, never, new) => panic!("old never ends"),
        begun = begins => begun.unwrap(),
    }
    assert_eq!(counts(&found(&comparer).await), [0; 6]);
    assert_eq!(comparer.status().pending, 0);
}

#[tokio::test]
async fn half_of_the_calls_set_off_new_first() {
    let comparer = comparer(|builder| builder.queue(10_000));
    let intake = comparer.module::<i32>("intake").control(0.0).random_order();
    let intake = intake.build();
    for _ in 0..2_000 {
        intake
            .call(None, || Ok::<_, Infallible>(1), || Ok(1))
            .unwrap();
    }
    let found = found(&comparer).await;
    assert_eq!(found.matches, 2_000);
    assert!((850..1_150).contains(&found.new_first), "{found:?}");
}
