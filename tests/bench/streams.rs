//! From the request of a change until the slowest of many streams has applied it. The streams live in this process, the
//! server in its own; both are on one machine, so one monotonic clock measures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use flags::{Snapshot, SnapshotChange};
use http_tests::app::{Api, TestApp};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use crate::figures::Figures;
use crate::{MIGRATION, modules, with_plan};

/// Streams, and presses of a button for each number of them.
const SIZES: [(usize, usize); 3] = [(1, 200), (1_000, 200), (10_000, 30)];
/// Streams being opened at once.
const OPENING: usize = 200;
/// Streams one token may have.
const OF_TOKEN: usize = 4_000;
/// How long the slowest may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How far all streams together are.
#[derive(Debug, Default)]
struct Progress {
    /// The revision being waited for.
    wanted: AtomicU64,
    /// Streams that are not there yet.
    missing: AtomicUsize,
    done: Notify,
}

impl Progress {
    fn reached(&self, revision: u64) {
        if revision == self.wanted.load(Ordering::Acquire)
            && self.missing.fetch_sub(1, Ordering::AcqRel) == 1
        {
            self.done.notify_one();
        }
    }
}

/// Each number of streams in turn, with a server of its own.
pub async fn run() -> Result<()> {
    raise_descriptors();
    for (streams, presses) in SIZES {
        measure(streams, presses).await?;
    }
    Ok(())
}

async fn measure(streams: usize, presses: usize) -> Result<()> {
    let (app, admin) = with_plan().await?;
    let progress = Arc::new(Progress::default());
    let begun = Instant::now();
    open(&app, streams, &progress).await?;
    let opened = begun.elapsed();
    let module = modules(&admin)
        .await?
        .into_iter()
        .next()
        .context("modules")?;
    let mut measured = Vec::with_capacity(presses);
    for press in 0..presses {
        measured.push(change(&admin, &module, press, streams, &progress).await?);
    }
    println!(
        "streams, {streams}: opened in {:.1} s; request sent until the slowest applied it: {}; server {} MiB resident",
        opened.as_secs_f64(),
        Figures::new(measured).summary(),
        crate::start::resident_kibibytes(app.process_id().context("the server runs")?)? / 1024,
    );
    Ok(())
}

/// As many tokens as so many streams need.
pub async fn tokens(app: &TestApp, streams: usize) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for _ in 0..streams.div_ceil(OF_TOKEN) {
        tokens.push(app.sdk(MIGRATION).await?.token.context("a token")?);
    }
    Ok(tokens)
}

/// Opens the streams and waits until each has its snapshot.
async fn open(app: &TestApp, streams: usize, progress: &Arc<Progress>) -> Result<()> {
    let address = app.url.trim_start_matches("http://").to_owned();
    let tokens = tokens(app, streams).await?;
    let opening = Arc::new(Semaphore::new(OPENING));
    let ready = Arc::new(Semaphore::new(0));
    for (number, token) in (0..streams).zip(tokens.iter().cycle()) {
        let permit = Arc::clone(&opening).acquire_owned().await?;
        let (address, token, ready) = (address.clone(), token.clone(), Arc::clone(&ready));
        let progress = Arc::clone(progress);
        tokio::spawn(async move {
            let began = async {
                let mut reader = connect(&address, &token).await?;
                let snapshot = first(&mut reader).await?;
                Ok::<_, anyhow::Error>((reader, snapshot))
            };
            let began = began.await;
            drop(permit);
            match began {
                Ok((reader, snapshot)) => {
                    ready.add_permits(1);
                    // It ends with the server; one that ends before is missed, and the wait for it fails.
                    let _ended = follow(reader, snapshot, &progress).await;
                }
                Err(error) => eprintln!("stream {number} cannot be opened: {error:#}"),
            }
        });
    }
    let all = ready.acquire_many(u32::try_from(streams)?);
    tokio::time::timeout(Duration::from_mins(2), all)
        .await
        .context("some streams did not open")??
        .forget();
    Ok(())
}

/// Asks for a stream; what comes back is still to be read, its head too.
pub async fn connect(address: &str, token: &str) -> Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /api/v1/stream HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nuser-agent: bench\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(BufReader::with_capacity(2_048, stream))
}

/// The next event's name and data. Chunk sizes and headers stand on lines of their own and are passed over.
async fn event(
    reader: &mut BufReader<TcpStream>,
    line: &mut String,
    name: &mut String,
) -> Result<()> {
    loop {
        line.clear();
        let read = reader.read_line(line).await?;
        ensure!(read > 0, "the stream has ended");
        if let Some(found) = line.strip_prefix("event: ") {
            found.trim_end().clone_into(name);
        } else if line.starts_with("data: ") {
            return Ok(());
        }
    }
}

fn data(line: &str) -> &[u8] {
    line.trim_start_matches("data: ").trim_end().as_bytes()
}

/// The first event of a stream: the whole snapshot.
pub async fn first(reader: &mut BufReader<TcpStream>) -> Result<Snapshot> {
    let (mut line, mut name) = (String::new(), String::new());
    event(reader, &mut line, &mut name).await?;
    ensure!(name == "snapshot", "the first event is {name}");
    Ok(Snapshot::from_json(data(&line))?)
}

async fn follow(
    mut reader: BufReader<TcpStream>,
    mut here: Snapshot,
    progress: &Progress,
) -> Result<()> {
    let (mut line, mut name) = (String::new(), String::new());
    loop {
        event(&mut reader, &mut line, &mut name).await?;
        match name.as_str() {
            "change" => here = SnapshotChange::from_json(data(&line))?.apply(&here)?,
            "snapshot" => here = Snapshot::from_json(data(&line))?,
            _ => continue,
        }
        progress.reached(here.revision.number);
    }
}

/// One change; answers how long after its request the slowest stream had applied it.
async fn change(
    admin: &Api,
    module: &str,
    press: usize,
    streams: usize,
    progress: &Progress,
) -> Result<Duration> {
    let environments = admin
        .get(&format!("/api/v1/migrations/{MIGRATION}/environments"))
        .await?
        .expect(200)?;
    let list = environments
        .json
        .as_array()
        .or_else(|| environments.json.get("environments")?.as_array());
    let head = list
        .into_iter()
        .flatten()
        .filter_map(|environment| environment["revision"].as_u64())
        .max()
        .context("an environment has a revision")?;
    let (path, body) = if press.is_multiple_of(2) {
        let version = admin.version(MIGRATION, module).await?;
        let body = json!({
            "modules": [module], "mode": "gradual_rollout", "exposure": 10, "reason": "benchmark",
            "expected_versions": { module: version },
        });
        ("flags", body)
    } else {
        (
            "rollback",
            json!({ "modules": [module], "reason": "benchmark" }),
        )
    };
    progress.missing.store(streams, Ordering::Release);
    progress.wanted.store(head + 1, Ordering::Release);
    let begun = Instant::now();
    let path = format!("/api/v1/migrations/{MIGRATION}/{path}");
    let (answer, applied) = tokio::join!(admin.post(&path, body), async {
        tokio::time::timeout(PATIENCE, progress.done.notified()).await?;
        Ok::<_, anyhow::Error>(begun.elapsed())
    });
    answer?.expect(200)?;
    applied.context("some streams did not follow")
}

/// Ten thousand streams are as many descriptors.
pub fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_err() {
        eprintln!("the limit on open files cannot be raised; 10,000 streams may not open");
    }
}
