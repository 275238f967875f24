//! What writers, readers and streams saw, under restarts, is one history: replaying the changes by revision reproduces
//! every answer, nobody goes back, and a read that begins after a change was answered sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use flags::{FlagSet, FlagState, Key, Snapshot, SnapshotChange};
use http_tests::app::{Api, TestApp};
use http_tests::events::Events;
use reqwest::Method;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::with_plan;

const MODULES: [&str; 3] = ["parcel_ledger", "stamp_printer", "route_table"];
/// How long each life of the server lasts, and how many there are; every second one ends by `kill -9`.
const LIFE: Duration = Duration::from_millis(1_500);
const LIVES: usize = 4;

/// The flags at one revision.
type State = BTreeMap<Key, FlagState>;

/// A read, answered.
struct Read {
    begun: Instant,
    revision: u64,
    seen: Seen,
}

enum Seen {
    /// The whole.
    All(Box<Snapshot>),
    /// Whether one subject gets new.
    One {
        module: &'static str,
        subject: String,
        value: bool,
    },
}

/// A change that was answered with 200.
struct Answered {
    ended: Instant,
    revision: u64,
}

#[derive(Default)]
struct Record {
    changes: Mutex<Vec<Answered>>,
    /// By reader, each in its own order.
    reads: Mutex<BTreeMap<String, Vec<Read>>>,
}

impl Record {
    fn read(&self, reader: &str, read: Read) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.entry(reader.to_owned()).or_default().push(read);
    }
}

/// A client whose server moves to another port with each life.
#[derive(Clone)]
struct Moving {
    api: Api,
    url: Arc<RwLock<String>>,
}

impl Moving {
    fn now(&self) -> Api {
        let url = self.url.read().unwrap_or_else(PoisonError::into_inner);
        Api {
            url: url.clone(),
            ..self.api.clone()
        }
    }
}

/// The server is being started again: a client asks again in a moment.
async fn away() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// Moves one module up and down for as long as the server answers.
async fn write(admin: Moving, module: &'static str, record: Arc<Record>, end: CancellationToken) {
    let mut up = true;
    while !end.is_cancelled() {
        let api = admin.now();
        let answer = if up {
            api.set("ledger", module, "gradual_rollout", Some(50.0))
                .await
        } else {
            api.roll_back("ledger", module).await
        };
        up = !up;
        let Ok(answer) = answer else {
            away().await;
            continue;
        };
        if answer.status == 200
            && let Some(revision) = answer.json["revision_number"].as_u64()
        {
            let mut changes = record
                .changes
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            changes.push(Answered {
                ended: Instant::now(),
                revision,
            });
        }
    }
}

async fn read_all(service: Moving, record: Arc<Record>, end: CancellationToken) {
    while !end.is_cancelled() {
        let begun = Instant::now();
        let Ok(answer) = service.now().get("/api/v1/flags").await else {
            away().await;
            continue;
        };
        if let Ok(snapshot) = Snapshot::from_json(answer.text.as_bytes()) {
            let revision = snapshot.revision.number;
            let seen = Seen::All(Box::new(snapshot));
            record.read(
                "snapshots",
                Read {
                    begun,
                    revision,
                    seen,
                },
            );
        }
    }
}

async fn evaluate(
    service: Moving,
    module: &'static str,
    record: Arc<Record>,
    end: CancellationToken,
) {
    let mut number = 0_u32;
    while !end.is_cancelled() {
        number += 1;
        let (begun, subject) = (Instant::now(), format!("user-{}", number % 50));
        let api = service.now();
        let Ok(answer) = api.evaluate(&format!("ledger.{module}"), &subject).await else {
            away().await;
            continue;
        };
        let (value, revision) = (&answer.json["value"], &answer.json["metadata"]["revision"]);
        if let (Some(value), Some(revision)) = (value.as_bool(), revision.as_u64()) {
            let seen = Seen::One {
                module,
                subject,
                value,
            };
            record.read(
                &format!("evaluations of {module}"),
                Read {
                    begun,
                    revision,
                    seen,
                },
            );
        }
    }
}

/// Follows the stream through every restart. What is pushed has no beginning of its own: it is not asked to be new.
async fn follow(service: Moving, record: Arc<Record>, end: CancellationToken) {
    let mut here: Option<Snapshot> = None;
    while !end.is_cancelled() {
        let api = service.now();
        let mut request = api.request(Method::GET, "/api/v1/stream");
        if let Some(here) = &here {
            request = request.header("last-event-id", here.revision.to_string());
        }
        let Ok(Ok(mut events)) = request.send().await.map(Events::of) else {
            away().await;
            continue;
        };
        loop {
            let event = tokio::select! {
                () = end.cancelled() => return,
                event = events.next() => event,
            };
            let Ok(Some(event)) = event else { break };
            let text = event.data.to_string();
            let next = match event.name.as_str() {
                "snapshot" => Snapshot::from_json(text.as_bytes()).ok(),
                "change" => SnapshotChange::from_json(text.as_bytes())
                    .ok()
                    .zip(here.as_ref())
                    .and_then(|(change, here)| change.apply(here).ok()),
                _ => continue,
            };
            // A change that does not fit would be a hole in the history.
            let Some(next) = next else {
                record.read(
                    "stream",
                    Read {
                        begun: Instant::now(),
                        revision: 0,
                        seen: Seen::One {
                            module: "",
                            subject: text,
                            value: false,
                        },
                    },
                );
                return;
            };
            let (revision, seen) = (next.revision.number, Seen::All(Box::new(next.clone())));
            record.read(
                "stream",
                Read {
                    begun: Instant::now(),
                    revision,
                    seen,
                },
            );
            here = Some(next);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_that_was_seen_is_one_history() -> Result<()> {
    let (mut app, admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let first = Snapshot::from_json(
        service
            .get("/api/v1/flags")
            .await?
            .expect(200)?
            .text
            .as_bytes(),
    )?;
    let url = Arc::new(RwLock::new(app.url.clone()));
    let moving = |api: &Api| Moving {
        api: api.clone(),
        url: Arc::clone(&url),
    };
    let (record, end) = (Arc::new(Record::default()), CancellationToken::new());
    let mut tasks = JoinSet::new();
    for module in MODULES {
        tasks.spawn(write(
            moving(&admin),
            module,
            Arc::clone(&record),
            end.clone(),
        ));
        tasks.spawn(evaluate(
            moving(&service),
            module,
            Arc::clone(&record),
            end.clone(),
        ));
    }
    tasks.spawn(read_all(moving(&service), Arc::clone(&record), end.clone()));
    tasks.spawn(follow(moving(&service), Arc::clone(&record), end.clone()));
    for life in 0..LIVES {
        tokio::time::sleep(LIFE).await;
        restart(&mut app, life % 2 == 0).await?;
        app.url
            .clone_into(&mut url.write().unwrap_or_else(PoisonError::into_inner));
    }
    tokio::time::sleep(LIFE).await;
    end.cancel();
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    let admin = moving(&admin).now();
    let service = moving(&service).now();
    let last = Snapshot::from_json(
        service
            .get("/api/v1/flags")
            .await?
            .expect(200)?
            .text
            .as_bytes(),
    )?;
    let history = replay(&admin, &first, last.revision.number).await?;
    check(&record, &history, &first)
}

async fn restart(app: &mut TestApp, by_force: bool) -> Result<()> {
    if by_force {
        app.kill().await?;
    } else {
        app.stop().await?;
    }
    app.start_again().await
}

/// The flags at every revision, from the changes alone.
async fn replay(admin: &Api, first: &Snapshot, last: u64) -> Result<BTreeMap<u64, State>> {
    let mut state: State = first
        .flags
        .iter()
        .map(|flag| (flag.module.clone(), flag.state))
        .collect();
    let mut history = BTreeMap::from([(first.revision.number, state.clone())]);
    for revision in first.revision.number + 1..=last {
        let path = format!("/api/v1/migrations/ledger/changes/{revision}");
        let change = admin.get(&path).await?.expect(200)?.json;
        let flags = change["flags"].as_array().context("a change has flags")?;
        for flag in flags {
            let module: Key = serde_json::from_value(flag["module"].clone())?;
            let after: FlagState = serde_json::from_value(flag["after"].clone())?;
            let before: FlagState = serde_json::from_value(flag["before"].clone())?;
            let known = state.insert(module, after);
            ensure!(
                known == Some(before),
                "revision {revision} begins elsewhere than the one before ended"
            );
        }
        history.insert(revision, state.clone());
    }
    Ok(history)
}

fn check(record: &Record, history: &BTreeMap<u64, State>, first: &Snapshot) -> Result<()> {
    let changes = record
        .changes
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let reads = record.reads.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(
        changes.len() > 100,
        "only {} changes were answered",
        changes.len()
    );
    ensure!(reads.len() == MODULES.len() + 2, "a reader saw nothing");
    for (reader, reads) in reads.iter() {
        ensure!(reads.len() > 20, "{reader} read only {} times", reads.len());
        let mut newest = 0;
        for read in reads {
            ensure!(
                read.revision >= newest,
                "{reader} went back from revision {newest} to {}",
                read.revision
            );
            newest = read.revision;
            let state = history.get(&read.revision).with_context(|| {
                format!("{reader} saw revision {}, which nobody made", read.revision)
            })?;
            agrees(reader, read, state, first)?;
            let stored = changes
                .iter()
                .filter(|change| change.ended < read.begun)
                .map(|change| change.revision)
                .max();
            ensure!(
                reader == "stream" || stored.is_none_or(|stored| stored <= read.revision),
                "{reader} saw revision {} after {stored:?} had been answered",
                read.revision
            );
        }
    }
    Ok(())
}

fn agrees(reader: &str, read: &Read, state: &State, first: &Snapshot) -> Result<()> {
    match &read.seen {
        Seen::All(snapshot) => {
            ensure!(
                snapshot.revision.epoch == first.revision.epoch,
                "a restart made a new epoch"
            );
            let seen: State = snapshot
                .flags
                .iter()
                .map(|flag| (flag.module.clone(), flag.state))
                .collect();
            ensure!(
                seen == *state,
                "{reader} saw something else at revision {}",
                read.revision
            );
        }
        Seen::One {
            module,
            subject,
            value,
        } => {
            let mut snapshot = first.clone();
            for flag in &mut snapshot.flags {
                flag.state = state.get(&flag.module).copied().context("a known module")?;
            }
            let set = FlagSet::compile(snapshot);
            let expected = set.evaluate(module, Some(subject))?.serve.is_new();
            ensure!(
                expected == *value,
                "{reader}: {subject} got {value} at revision {}",
                read.revision
            );
        }
    }
    Ok(())
}
