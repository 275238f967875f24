//! The overview page of 79 modules, signed in: pages/s with 32 connections, and latency at 100 pages/s.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use http_tests::app::Browser;

use crate::figures::Figures;
use crate::{MIGRATION, with_plan};

/// Connections of the closed loop.
const CONNECTIONS: usize = 32;
/// Pages of the closed loop.
const PAGES: usize = 10_000;
/// Pages of the steady load.
const STEADY_PAGES: u32 = 1_000;
/// Pages a second of the steady load.
const STEADY_RATE: u32 = 100;

/// Saturation first, then a steady load.
pub async fn run() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let browser = Arc::new(app.browser().await?);
    let page = browser.get(&format!("/m/{MIGRATION}")).await?.expect(200)?;
    println!("overview: {} bytes of HTML", page.text.len());
    saturate(&browser).await?;
    steady(&browser).await
}

async fn saturate(browser: &Arc<Browser>) -> Result<()> {
    let left = Arc::new(AtomicUsize::new(PAGES));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (browser, left) = (Arc::clone(browser), Arc::clone(&left));
            tokio::spawn(async move {
                let mut measured = Vec::new();
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                    .is_ok()
                {
                    measured.push(fetch(&browser).await?);
                }
                Ok::<_, anyhow::Error>(measured)
            })
        })
        .collect();
    let mut measured = Vec::new();
    for task in tasks {
        measured.extend(task.await??);
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of some thousand pages")]
    let rate = measured.len() as f64 / begun.elapsed().as_secs_f64();
    println!(
        "overview, {CONNECTIONS} connections: {rate:.0} pages/s; {}",
        Figures::new(measured).summary()
    );
    Ok(())
}

async fn steady(browser: &Arc<Browser>) -> Result<()> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / STEADY_RATE);
    let mut tasks = Vec::new();
    for _ in 0..STEADY_PAGES {
        ticks.tick().await;
        let browser = Arc::clone(browser);
        tasks.push(tokio::spawn(async move { fetch(&browser).await }));
    }
    let mut measured = Vec::new();
    for task in tasks {
        measured.push(task.await??);
    }
    println!(
        "overview, {STEADY_RATE} pages/s: {}",
        Figures::new(measured).summary()
    );
    Ok(())
}

async fn fetch(browser: &Browser) -> Result<Duration> {
    let begun = Instant::now();
    let response = browser
        .client
        .get(format!("{}/m/{MIGRATION}", browser.url))
        .header("accept", "text/html")
        .send()
        .await?;
    ensure!(
        response.status() == 200,
        "a page answered {}",
        response.status()
    );
    response.bytes().await?;
    Ok(begun.elapsed())
}
