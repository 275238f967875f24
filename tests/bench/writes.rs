//! Audited changes: request sent until stored (fsync included) and answered, by 1 and by 8 callers.

use std::time::{Duration, Instant};

use anyhow::Result;
use http_tests::app::Api;
use serde_json::json;

use crate::figures::Figures;
use crate::{MIGRATION, modules, with_plan};

/// Changes each caller makes.
const CHANGES: usize = 500;

/// One caller, then eight.
pub async fn run() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let keys = modules(&admin).await?;
    for callers in [1, 8] {
        let begun = Instant::now();
        let tasks: Vec<_> = keys
            .iter()
            .take(callers)
            .map(|key| tokio::spawn(change(admin.clone(), key.clone())))
            .collect();
        let mut measured = Vec::new();
        for task in tasks {
            measured.extend(task.await??);
        }
        let changes = measured.len();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of some thousand changes"
        )]
        let rate = changes as f64 / begun.elapsed().as_secs_f64();
        println!(
            "writes, {callers} callers: {rate:.0} audited changes/s; {}",
            Figures::new(measured).summary()
        );
    }
    Ok(())
}

/// Moves one module up and down; answers how long each change took.
async fn change(admin: Api, module: String) -> Result<Vec<Duration>> {
    let mut version = admin.version(MIGRATION, &module).await?;
    let mut measured = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        let up = number % 2 == 0;
        let (path, body) = if up {
            let body = json!({
                "modules": [module], "mode": "gradual_rollout", "exposure": 10, "reason": "benchmark",
                "expected_versions": { module.as_str(): version },
            });
            ("flags", body)
        } else {
            (
                "rollback",
                json!({ "modules": [module], "reason": "benchmark" }),
            )
        };
        let begun = Instant::now();
        let answer = admin
            .post(&format!("/api/v1/migrations/{MIGRATION}/{path}"), body)
            .await?;
        measured.push(begun.elapsed());
        answer.expect(200)?;
        version += 1;
    }
    Ok(measured)
}
