//! One question in process, asked of ours and of two other evaluators in the same run: 79 flags of a 50 % rollout, 1,024
//! subjects, each asked by the flag's name. What a peer calls a context is made beforehand, unless the case says otherwise.
#![expect(clippy::expect_used, reason = "the flags are fixed and valid")]
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use flags::{FlagSet, Snapshot};
use launchdarkly_server_sdk_evaluation as launchdarkly;
use serde_json::json;
use switchback_client::Client;
use unleash_types::client_features::ClientFeatures;
use unleash_yggdrasil::{Context, EngineState};

const FLAGS: usize = 79;
const SUBJECTS: usize = 1024;

/// The questions: every flag's name, and every subject.
struct Questions {
    names: Vec<String>,
    subjects: Vec<String>,
}

impl Questions {
    fn new() -> Self {
        Self {
            names: (0..FLAGS)
                .map(|i| format!("arche.memory-module-{i}"))
                .collect(),
            subjects: (0..SUBJECTS).map(|i| format!("user-{i:08}")).collect(),
        }
    }

    /// Measures a case, once it has answered every pair: half of the answers must be "new".
    fn measure<S>(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        case: &str,
        subjects: &[S],
        use_new: impl Fn(&str, &S) -> bool,
    ) {
        let new: usize = self
            .names
            .iter()
            .map(|name| subjects.iter().filter(|who| use_new(name, who)).count())
            .sum();
        let asked = FLAGS * SUBJECTS;
        assert!(
            new.abs_diff(asked / 2) < asked / 50,
            "{case}: {new} of {asked} got new, though half of them should"
        );
        // 79 and 1,024 have no common factor, so that going round both meets every pair.
        let mut pairs = self.names.iter().cycle().zip(subjects.iter().cycle());
        group.bench_function(case, |bencher| {
            bencher.iter(|| {
                let (name, subject) = pairs.next().expect("it cycles");
                use_new(black_box(name), black_box(subject))
            });
        });
    }
}

/// Both ours read the same snapshot.
fn snapshot() -> Snapshot {
    let flags: Vec<_> = (0..FLAGS)
        .map(|i| {
            json!({
                "key": format!("memory-module-{i}"), "mode": "gradual_rollout",
                "exposure": 5000, "retired": false,
            })
        })
        .collect();
    let snapshot = json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": "epoch",
        "revision": 12_345, "killSwitch": false, "flags": flags,
    });
    Snapshot::from_json(snapshot.to_string().as_bytes()).expect("a snapshot")
}

fn ours(questions: &Questions, group: &mut BenchmarkGroup<'_, WallTime>) {
    let set = FlagSet::compile(snapshot());
    questions.measure(
        group,
        "switchback, FlagSet::evaluate",
        &questions.subjects,
        |name, subject| {
            set.evaluate(name, Some(subject))
                .is_ok_and(|found| found.serve.is_new())
        },
    );

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // Nobody drives the runtime, so that nothing but the question is measured.
    let client = Client::builder("http://127.0.0.1:1", "sb_sdk_bench")
        .runtime(runtime.handle().clone())
        .initial(snapshot())
        .start()
        .expect("a client");
    questions.measure(
        group,
        "switchback, Client::use_new",
        &questions.subjects,
        |name, subject| client.use_new(name, Some(subject)),
    );
}

fn yggdrasil(questions: &Questions, group: &mut BenchmarkGroup<'_, WallTime>) {
    let features: Vec<_> = questions
        .names
        .iter()
        .map(|name| {
            json!({
                "name": name, "type": "release", "enabled": true, "project": "default",
                "strategies": [{
                    "name": "flexibleRollout", "constraints": [],
                    "parameters": { "rollout": "50", "stickiness": "userId", "groupId": name },
                }],
            })
        })
        .collect();
    let features: ClientFeatures =
        serde_json::from_value(json!({ "version": 2, "features": features })).expect("features");
    let engine = EngineState::default();
    assert!(
        engine.apply_client_features(features).is_none(),
        "the engine warns of a feature"
    );
    let context = |subject: &String| Context {
        user_id: Some(subject.clone()),
        ..Context::default()
    };
    let contexts: Vec<Context> = questions.subjects.iter().map(context).collect();
    questions.measure(
        group,
        "yggdrasil, is_enabled",
        &contexts,
        |name, subject| engine.is_enabled(name, subject, &None),
    );
    questions.measure(
        group,
        "yggdrasil, context made and is_enabled",
        &questions.subjects,
        |name, subject| engine.is_enabled(name, &context(subject), &None),
    );
}

/// What the evaluator asks for a flag by name: a flag of its own, as the trait has it.
struct Store(HashMap<String, launchdarkly::Flag>);

impl launchdarkly::Store for Store {
    fn flag(&self, key: &str) -> Option<launchdarkly::Flag> {
        self.0.get(key).cloned()
    }

    fn segment(&self, _key: &str) -> Option<launchdarkly::Segment> {
        None
    }
}

fn launchdarkly(questions: &Questions, group: &mut BenchmarkGroup<'_, WallTime>) {
    let flags = questions
        .names
        .iter()
        .map(|name| {
            let flag = json!({
                "key": name, "version": 1, "on": true, "salt": name,
                "targets": [], "rules": [], "prerequisites": [],
                "fallthrough": { "rollout": { "bucketBy": "key", "variations": [
                    { "variation": 0, "weight": 50_000 }, { "variation": 1, "weight": 50_000 },
                ] } },
                "offVariation": 1, "variations": [true, false],
                "clientSideAvailability": { "usingMobileKey": false, "usingEnvironmentId": false },
            });
            (name.clone(), serde_json::from_value(flag).expect("a flag"))
        })
        .collect();
    let store = Store(flags);
    let context = |subject: &String| {
        launchdarkly::ContextBuilder::new(subject.as_str())
            .build()
            .expect("a context")
    };
    let evaluate = |flag: &launchdarkly::Flag, subject: &launchdarkly::Context| {
        matches!(
            launchdarkly::evaluate(&store, flag, subject, None).value,
            Some(launchdarkly::FlagValue::Bool(true))
        )
    };
    let contexts: Vec<launchdarkly::Context> = questions.subjects.iter().map(context).collect();
    // The evaluator takes a flag and not its name. A map that lends the flag is the least a caller needs.
    questions.measure(
        group,
        "launchdarkly, flag lent and evaluate",
        &contexts,
        |name, subject| {
            store
                .0
                .get(name)
                .is_some_and(|flag| evaluate(flag, subject))
        },
    );
    questions.measure(
        group,
        "launchdarkly, Store::flag and evaluate",
        &contexts,
        |name, subject| {
            launchdarkly::Store::flag(&store, name).is_some_and(|flag| evaluate(&flag, subject))
        },
    );
    questions.measure(
        group,
        "launchdarkly, context made, flag lent and evaluate",
        &questions.subjects,
        |name, subject| {
            store
                .0
                .get(name)
                .is_some_and(|flag| evaluate(flag, &context(subject)))
        },
    );
}

/// Short, since `cargo xtask bench peers` goes round all cases several times: a slow moment then meets one round and no case.
fn peers(criterion: &mut Criterion) {
    let questions = Questions::new();
    let mut group = criterion.benchmark_group("peers");
    group
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2));
    ours(&questions, &mut group);
    yggdrasil(&questions, &mut group);
    launchdarkly(&questions, &mut group);
    group.finish();
}

criterion_group!(benches, peers);
criterion_main!(benches);
