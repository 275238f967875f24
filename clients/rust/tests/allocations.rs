//! An evaluation allocates nothing.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]
#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use std::time::Duration;

use switchback_client::samples::Recorder;
use switchback_client::{Client, Side, Snapshot};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Threads that end still allocate, but have nothing left to count with.
    let _ended = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn during(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn started() -> Client {
    let json = br#"{"format":1,"migration":"arche","environment":"production","epoch":"e","revision":7,"killSwitch":false,"flags":[{"key":"memory","mode":"gradual_rollout","exposure":5000,"retired":false},{"key":"tools","mode":"both_validate","exposure":0,"retired":false}]}"#;
    let client = Client::builder("http://127.0.0.1:1", "sb_sdk_test")
        .initial(Snapshot::from_json(json).unwrap())
        .start()
        .unwrap();
    assert!(client.flags().is_some());
    client
}

#[tokio::test]
async fn nothing_is_allocated_for_an_answer_or_an_error() {
    assert!(
        during(|| drop(black_box(Box::new(1)))) == 1,
        "it does count"
    );
    let client = started();
    let subject = String::from("user-1");
    // A thread's first look at the flags makes the place it marks them in use with.
    let _first = client.use_new("memory", None);
    let allocated = during(|| {
        for key in ["memory", "arche.memory", "tools", "missing", "", "a.b.c"] {
            for subject in [None, Some(""), Some(subject.as_str())] {
                for _ in 0..100 {
                    black_box(client.use_new(black_box(key), black_box(subject)));
                    let _answer = black_box(client.evaluate(black_box(key), black_box(subject)));
                    let _mode = black_box(client.mode(black_box(key)));
                }
            }
        }
    });
    assert_eq!(allocated, 0);
}

#[tokio::test]
async fn every_thread_allocates_at_most_once() {
    let client = started();
    let allocated = std::thread::spawn(move || {
        during(|| {
            for _ in 0..1000 {
                black_box(client.use_new(black_box("memory"), Some("user-1")));
            }
        })
    });
    let allocated = allocated.join().unwrap();
    assert!(allocated <= 2, "{allocated} allocations");
}

#[tokio::test]
async fn recording_allocates_nothing_for_a_latency_seen_before_in_this_minute() {
    let recorder = Recorder::builder(started(), "sb_ingest_test")
        .start()
        .unwrap();
    let module = recorder.module("memory").unwrap();
    let record = || {
        for microseconds in [100, 2_000, 30_000] {
            for side in [Side::Old, Side::New] {
                module.record(
                    side,
                    microseconds != 100,
                    Duration::from_micros(microseconds),
                );
            }
        }
    };
    // Anew when the first time was in the minute before.
    let allocated = (0..2).map(|_| {
        record();
        during(|| (0..100).for_each(|_| record()))
    });
    assert_eq!(allocated.min(), Some(0));
}
