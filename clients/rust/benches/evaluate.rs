//! What an evaluation costs through the client: the reference migration's 79 flags, all in gradual rollout, over 1,024
//! subjects. `flags` measures the same without a client.
#![expect(clippy::expect_used, reason = "the flags are fixed and valid")]
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use switchback_client::{Client, Snapshot};

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

criterion_group!(benches, evaluate);
criterion_main!(benches);
