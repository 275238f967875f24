//! What an evaluation costs with the reference migration's 79 flags, all in gradual rollout, over 1,024 subjects.
#![expect(clippy::expect_used, reason = "the flags are fixed and valid")]
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flags::ofrep::{Request, write_bulk, write_evaluation};
use flags::{Epoch, Exposure, Flag, FlagSet, FlagState, Key, Mode, Revision, Snapshot};

fn parsed(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn reference_flags() -> FlagSet {
    let flag = |i: u16| Flag {
        module: parsed(&format!("memory-module-{i}")),
        state: FlagState::new(
            Mode::GradualRollout,
            Exposure::from_basis_points(100 + i * 100).ok(),
        )
        .expect("a state"),
        retired: false,
    };
    FlagSet::compile(Snapshot {
        migration: parsed("arche"),
        environment: parsed("production"),
        revision: Revision {
            epoch: Epoch::parse("epoch").expect("an epoch"),
            number: 12_345,
        },
        kill_switch: false,
        flags: (0..79).map(flag).collect(),
    })
}

fn evaluate(criterion: &mut Criterion) {
    let set = reference_flags();
    let full_keys: Vec<String> = set.iter().map(|flag| flag.full_key().to_owned()).collect();
    let modules: Vec<&str> = set.iter().map(|flag| flag.module().as_str()).collect();
    let subjects: Vec<String> = (0..1024).map(|i| format!("user-{i:06}-f81d4fae")).collect();

    let mut pairs = full_keys.iter().cycle().zip(subjects.iter().cycle());
    criterion.bench_function("evaluate/full_key", |b| {
        b.iter(|| {
            pairs
                .next()
                .map(|(key, subject)| black_box(&set).evaluate(black_box(key), Some(subject)))
        });
    });
    let mut pairs = modules.iter().cycle().zip(subjects.iter().cycle());
    criterion.bench_function("evaluate/module", |b| {
        b.iter(|| {
            pairs
                .next()
                .map(|(key, subject)| black_box(&set).evaluate(black_box(key), Some(subject)))
        });
    });
    let mut subjects_again = subjects.iter().cycle();
    criterion.bench_function("evaluate/unknown", |b| {
        b.iter(|| {
            black_box(&set).evaluate(
                black_box("arche.nothing-here"),
                subjects_again.next().map(String::as_str),
            )
        });
    });
}

fn ofrep(criterion: &mut Criterion) {
    let set = reference_flags();
    let body = br#"{"context":{"targetingKey":"user-000001-f81d4fae","region":"eu"}}"#;
    let mut out = Vec::with_capacity(32 * 1024);
    criterion.bench_function("ofrep/parse_evaluate_write", |b| {
        b.iter(|| {
            out.clear();
            let request = Request::parse(black_box(body)).unwrap_or_default();
            let answer = set.evaluate("arche.memory-module-41", request.subject());
            write_evaluation(&mut out, "arche.memory-module-41", &answer, 12_345);
            out.len()
        });
    });
    criterion.bench_function("ofrep/bulk_79", |b| {
        b.iter(|| {
            out.clear();
            write_bulk(
                &mut out,
                black_box(&set),
                Some("user-000001-f81d4fae"),
                None,
            );
            out.len()
        });
    });
}

criterion_group!(benches, evaluate, ofrep);
criterion_main!(benches);
