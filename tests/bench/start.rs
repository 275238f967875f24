//! From start to ready, and memory at rest, with the example plan of 79 modules.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::figures::Figures;
use crate::with_plan;

/// Starts measured.
const STARTS: usize = 10;
/// How long the server rests before its memory is read.
const REST: Duration = Duration::from_secs(10);

/// Restarts on the same data, then rests.
pub async fn run() -> Result<()> {
    let (mut app, _admin) = with_plan().await?;
    let mut measured = Vec::new();
    for _ in 0..STARTS {
        app.kill().await?;
        let begun = Instant::now();
        app.start_again().await?;
        app.anonymous().get("/readyz").await?.expect(200)?;
        measured.push(begun.elapsed());
    }
    println!("start to ready: {}", Figures::new(measured).summary());
    tokio::time::sleep(REST).await;
    let resident = resident_kibibytes(app.process_id().context("the server runs")?)?;
    println!("resident at rest: {:.1} MiB", f64::from(resident) / 1024.0);
    Ok(())
}

/// Resident memory of a process, KiB.
pub fn resident_kibibytes(process: u32) -> Result<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .context("the system tells resident memory in /proc")
}
