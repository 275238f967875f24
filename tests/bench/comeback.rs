//! How soon many streams are back after the server was killed and started again, and whether flags are evaluated meanwhile.
//! Each client waits as the client contract says: full jitter from 1 to 30 s, or as long as a refusal asks for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use http_tests::app::Api;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;

use crate::figures::Figures;
use crate::streams::{connect, first, raise_descriptors, tokens};
use crate::{MIGRATION, modules, with_plan};

/// Clients with a stream each.
const CLIENTS: usize = 10_000;
/// The first pause's bound, doubled with every failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause's bound.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between two evaluations.
const EVALUATED_EVERY: Duration = Duration::from_millis(20);
/// How long all may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// How many streams are opened at once in the beginning: nobody starts ten thousand services in one second.
const FIRST_OPENING: Duration = Duration::from_secs(20);

/// What clients and the measuring share.
#[derive(Debug, Default)]
struct Shared {
    address: Mutex<String>,
    /// When each came back since the last start.
    back: Mutex<Vec<Instant>>,
    refused: AtomicUsize,
}

impl Shared {
    fn address(&self) -> String {
        self.address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn move_to(&self, url: &str) {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        url.trim_start_matches("http://").clone_into(&mut address);
    }

    fn came_back(&self) {
        let mut back = self.back.lock().unwrap_or_else(PoisonError::into_inner);
        back.push(Instant::now());
    }

    fn taken_back(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.back.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn until_all_are_back(&self) -> Result<()> {
        let all = async {
            loop {
                let back = self
                    .back
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .len();
                if back >= CLIENTS {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all)
            .await
            .context("some clients did not come back")
    }
}

/// Opens the streams, kills the server, starts it again, and waits for all.
pub async fn run() -> Result<()> {
    raise_descriptors();
    let (mut app, admin) = with_plan().await?;
    let module = modules(&admin)
        .await?
        .into_iter()
        .next()
        .context("modules")?;
    let shared = Arc::new(Shared::default());
    shared.move_to(&app.url);
    let tokens = tokens(&app, CLIENTS).await?;
    for (number, token) in (0..CLIENTS).zip(tokens.iter().cycle()) {
        let start = FIRST_OPENING.mul_f64(share_of(number, CLIENTS));
        tokio::spawn(client(Arc::clone(&shared), token.clone(), start));
    }
    shared.until_all_are_back().await?;
    let service = app.sdk(MIGRATION).await?;

    shared.taken_back();
    shared.refused.store(0, Ordering::Relaxed);
    app.kill().await?;
    app.start_again().await?;
    let begun = Instant::now();
    shared.move_to(&app.url);
    let service = Api {
        client: reqwest::Client::new(),
        url: app.url.clone(),
        ..service
    };
    // Ten thousand clients keep this program's runtime busy; who evaluates has one of its own.
    let evaluating = {
        let shared = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(evaluate(&service, &module, &shared))
        })
    };
    shared.until_all_are_back().await?;
    let evaluated = tokio::task::spawn_blocking(move || evaluating.join()).await?;
    let (evaluated, failed) = evaluated.map_err(|_| anyhow!("evaluating panicked"))??;
    let back: Vec<Duration> = shared
        .taken_back()
        .into_iter()
        .map(|at| at.saturating_duration_since(begun))
        .collect();
    let last = back.iter().max().copied().unwrap_or_default();
    println!(
        "comeback, {CLIENTS} streams: all back {:.1} s after the start ({}), {} told to come later; {} MiB resident",
        last.as_secs_f64(),
        Figures::new(back).summary(),
        shared.refused.load(Ordering::Relaxed),
        crate::start::resident_kibibytes(app.process_id().context("the server runs")?)? / 1024,
    );
    println!(
        "comeback, evaluations meanwhile: {failed} failed; {}",
        Figures::new(evaluated).summary()
    );
    ensure!(failed == 0, "evaluations were not answered");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn share_of(number: usize, all: usize) -> f64 {
    number as f64 / all as f64
}

/// Asks for one flag again and again until all clients are back; how long each took, and how many failed.
async fn evaluate(service: &Api, module: &str, shared: &Shared) -> Result<(Vec<Duration>, usize)> {
    let path = format!("/ofrep/v1/evaluate/flags/{MIGRATION}.{module}");
    let (mut measured, mut failed) = (Vec::new(), 0);
    loop {
        let begun = Instant::now();
        let body = json!({ "context": { "targetingKey": "user-1" } });
        match service.post(&path, body).await {
            Ok(answer) if answer.status.as_u16() == 200 => measured.push(begun.elapsed()),
            _ => failed += 1,
        }
        let back = shared
            .back
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        if back >= CLIENTS || begun.elapsed() > PATIENCE {
            return Ok((measured, failed));
        }
        tokio::time::sleep(EVALUATED_EVERY).await;
    }
}

/// Follows a stream for ever, across servers.
async fn client(shared: Arc<Shared>, token: String, start: Duration) {
    tokio::time::sleep(start).await;
    let mut bound = FIRST_PAUSE;
    loop {
        match follow(&shared, &token).await {
            Ok(None) => bound = FIRST_PAUSE,
            Ok(Some(asked)) => {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(asked).await;
                continue;
            }
            Err(_) => bound = (bound * 2).min(LONGEST_PAUSE),
        }
        tokio::time::sleep(bound.mul_f64(rand::random())).await;
    }
}

/// Opens a stream and reads it to its end; how long to wait when it was refused.
async fn follow(shared: &Shared, token: &str) -> Result<Option<Duration>> {
    let mut reader = connect(&shared.address(), token).await?;
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    if line.contains(" 503 ") || line.contains(" 429 ") {
        loop {
            line.clear();
            ensure!(reader.read_line(&mut line).await? > 0, "no Retry-After");
            let lower = line.to_ascii_lowercase();
            if let Some(seconds) = lower.strip_prefix("retry-after:") {
                return Ok(Some(Duration::from_secs(seconds.trim().parse()?)));
            }
        }
    }
    first(&mut reader).await?;
    shared.came_back();
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
    }
}
