//! What an evaluation costs through the client: the reference migration's 79 flags, all in gradual rollout, over 1,024
//! subjects. `flags` measures the same without a client. And what it costs to record what was served.
#![expect(clippy::expect_used, reason = "the flags are fixed and valid")]
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use switchback_client::samples::Recorder;
use switchback_client::{Client, Side, Snapshot};

fn reference_client() -> (tokio::runtime::Runtime, Client) {
    let flags: Vec<_> = (0..79)
        .map(|i| {
            json!({
                "key": format!("memory-module-{i}"), "mode": "gradual_rollout",
                "exposure": 100 + i * 100, "retired": false,
            })
        })
        .collect();
    let snapshot = json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": "epoch",
        "revision": 12_345, "killSwitch": false, "flags": flags,
    });
    let snapshot = Snapshot::from_json(snapshot.to_string().as_bytes()).expect("a snapshot");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let builder = Client::builder("http://127.0.0.1:1", "sb_sdk_bench");
    let builder = builder.runtime(runtime.handle().clone()).initial(snapshot);
    let client = builder.start().expect("a client");
    (runtime, client)
}

fn evaluate(criterion: &mut Criterion) {
    let (_runtime, client) = reference_client();
    let keys: Vec<String> = (0..79).map(|i| format!("memory-module-{i}")).collect();
    let full: Vec<String> = keys.iter().map(|key| format!("arche.{key}")).collect();
    let subjects: Vec<String> = (0..1024).map(|i| format!("user-{i:08}")).collect();
    let mut group = criterion.benchmark_group("client");
    for (name, keys) in [("module", &keys), ("migration.module", &full)] {
        let mut questions = keys.iter().cycle().zip(subjects.iter().cycle());
        group.bench_function(format!("use_new/{name}"), |bencher| {
            bencher.iter(|| {
                let (key, subject) = questions.next().expect("it cycles");
                client.use_new(black_box(key), black_box(Some(subject)))
            });
        });
        let mut questions = keys.iter().cycle().zip(subjects.iter().cycle());
        group.bench_function(format!("evaluate/{name}"), |bencher| {
            bencher.iter(|| {
                let (key, subject) = questions.next().expect("it cycles");
                client.evaluate(black_box(key), black_box(Some(subject)))
            });
        });
    }
    group.finish();
}

/// Latencies as a service has them, over some dozens of buckets.
fn record(criterion: &mut Criterion) {
    let (_runtime, client) = reference_client();
    let recorder = Recorder::builder(client, "sb_ingest_bench")
        .start()
        .expect("a recorder");
    let modules: Vec<_> = (0..79)
        .map(|i| {
            recorder
                .module(&format!("memory-module-{i}"))
                .expect("a key")
        })
        .collect();
    let took: Vec<Duration> = (0..257)
        .map(|i| Duration::from_micros(8_000 + i * 50))
        .collect();
    let mut group = criterion.benchmark_group("client");
    let mut calls = modules.iter().cycle().zip(took.iter().cycle());
    group.bench_function("record", |bencher| {
        bencher.iter(|| {
            let (module, took) = calls.next().expect("it cycles");
            module.record(black_box(Side::New), black_box(true), *took);
        });
    });
    let mut calls = modules.iter().cycle();
    group.bench_function("call", |bencher| {
        bencher.iter(|| {
            let module = calls.next().expect("it cycles");
            module.call(
                Some("user-7"),
                || Ok::<_, ()>(black_box(1)),
                || Ok(black_box(2)),
            )
        });
    });
    group.finish();
}

criterion_group!(benches, evaluate, record);
criterion_main!(benches);
