//! Evidence in: batches of samples from several senders while pages are served, and the evidence pages made of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use http_tests::app::Api;
use serde_json::{Value, json};

use crate::figures::Figures;
use crate::{MIGRATION, modules, with_plan};

/// Who sends at once.
const SENDERS: usize = 4;
/// Batches each of them sends.
const BATCHES: usize = 100;
/// Points in a batch.
const POINTS: usize = 1_000;
/// Minutes that a batch is about: some senders come late.
const MINUTES: i64 = 6;
const MINUTE: i64 = 60_000;

/// Sends, and asks for the overview meanwhile.
pub async fn run() -> Result<()> {
    let (app, admin) = with_plan().await?;
    let keys = modules(&admin).await?;
    let token = app
        .cli_ok(&[
            "token",
            "create",
            "--name",
            "bench",
            "--kind",
            "ingest",
            "--migration",
            MIGRATION,
        ])
        .await?;
    let sender = Api {
        token: Some(token),
        ..app.anonymous()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let now = i64::try_from(now)?;
    let minute = now - now % MINUTE;

    let done = Arc::new(AtomicBool::new(false));
    let pages = tokio::spawn(look(app.browser().await?, Arc::clone(&done)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..SENDERS)
        .map(|number| tokio::spawn(send(sender.clone(), number, keys.clone(), minute)))
        .collect();
    let mut measured = Vec::new();
    for task in tasks {
        measured.extend(task.await??);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    done.store(true, Ordering::Relaxed);
    let points = u32::try_from(measured.len() * POINTS)?;
    println!(
        "evidence, {SENDERS} senders, batches of {POINTS}: {:.0} points/s; a batch {}",
        f64::from(points) / elapsed,
        Figures::new(measured).summary()
    );
    println!(
        "evidence, the overview meanwhile: {}",
        Figures::new(pages.await??).summary()
    );
    let seen = admin
        .get(&format!("/api/v1/migrations/{MIGRATION}/evidence?range=1h"))
        .await?
        .expect(200)?;
    let uses: u64 = seen
        .json
        .get("modules")
        .and_then(serde_json::Value::as_array)
        .context("modules")?
        .iter()
        .filter_map(|module| {
            let of = |side| module.pointer(side)?.as_u64();
            Some(of("/new/uses")? + of("/old/uses")?)
        })
        .sum();
    anyhow::ensure!(
        uses == u64::from(points) * 10,
        "{uses} uses were counted of {points} points"
    );
    let key = keys.first().context("a module")?;
    for page in [
        "evidence".to_owned(),
        format!("evidence/{key}?range=24h"),
        format!("evidence/{key}?range=90d"),
    ] {
        let browser = app.browser().await?;
        let mut measured = Vec::new();
        for _ in 0..100 {
            let begun = Instant::now();
            browser
                .get(&format!("/m/{MIGRATION}/{page}"))
                .await?
                .expect(200)?;
            measured.push(begun.elapsed());
        }
        println!("evidence, {page}: {}", Figures::new(measured).summary());
    }
    Ok(())
}

async fn send(sender: Api, number: usize, keys: Vec<String>, minute: i64) -> Result<Vec<Duration>> {
    let path = format!("/api/v1/migrations/{MIGRATION}/samples");
    let mut measured = Vec::with_capacity(BATCHES);
    for batch in 0..BATCHES {
        let samples: Vec<Value> = keys
            .iter()
            .cycle()
            .zip(0..POINTS)
            .map(|(module, place)| {
                let side = if place % 2 == 0 { "new" } else { "old" };
                let ago = i64::try_from(place).unwrap_or_default() % MINUTES;
                json!({
                    "module": module, "side": side, "minute": minute - ago * MINUTE, "uses": 10, "errors": 0,
                    "latency": [[11.0, 7], [14.5, 3]],
                })
            })
            .collect();
        let report = json!({ "batch": format!("{number}-{batch}"), "samples": samples });
        let begun = Instant::now();
        sender.post(&path, report).await?.expect(202)?;
        measured.push(begun.elapsed());
    }
    Ok(measured)
}

/// Asks for the overview twenty times a second.
async fn look(browser: http_tests::app::Browser, done: Arc<AtomicBool>) -> Result<Vec<Duration>> {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let mut measured = Vec::new();
    while !done.load(Ordering::Relaxed) {
        ticks.tick().await;
        let begun = Instant::now();
        browser.get(&format!("/m/{MIGRATION}")).await?.expect(200)?;
        measured.push(begun.elapsed());
    }
    Ok(measured)
}
