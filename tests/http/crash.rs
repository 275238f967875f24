//! `kill -9` in the middle of changes: what was answered is there afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::with_plan;
use http_tests::app::Api;

/// How often the server is killed.
const KILLS: u64 = 20;
/// Changes under way at once.
const CALLERS: usize = 10;
/// Changes each caller tries between two kills.
const CHANGES: usize = 20;

#[tokio::test]
async fn every_change_that_was_answered_survives_a_killed_server() -> Result<()> {
    let (mut app, admin) = with_plan().await?;
    create_modules(&admin).await?;
    let answered: Arc<Mutex<BTreeMap<u64, Value>>> = Arc::default();
    let mut last_revision = 0;
    for round in 0..KILLS {
        let api = Api {
            url: app.url.clone(),
            ..admin.clone()
        };
        let target =
            answered.lock().map_or(0, |map| map.len()) + 20 + usize::try_from(round * 7 % 60)?;
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| tokio::spawn(press(api.clone(), caller, Arc::clone(&answered))))
            .collect();
        // In the middle: as soon as some of this round's changes were answered.
        while answered.lock().map_or(0, |map| map.len()) < target
            && callers.iter().any(|caller| !caller.is_finished())
        {
            tokio::task::yield_now().await;
        }
        app.kill().await?;
        for caller in callers {
            caller.await?;
        }
        app.start_again().await?;
        let api = Api {
            url: app.url.clone(),
            ..admin.clone()
        };
        last_revision = check(&api, &answered, last_revision).await?;
    }
    Ok(())
}

async fn create_modules(admin: &Api) -> Result<()> {
    for caller in 0..CALLERS {
        let body = json!({ "key": format!("crash_{caller}"), "name": "crash", "reason": "test" });
        admin
            .post("/api/v1/migrations/ledger/modules", body)
            .await?;
    }
    Ok(())
}

/// Moves one module up and down until the server is gone; keeps what was answered with 200.
async fn press(api: Api, caller: usize, answered: Arc<Mutex<BTreeMap<u64, Value>>>) {
    let module = format!("crash_{caller}");
    for change in 0..CHANGES {
        let result = if change % 2 == 0 {
            api.set("ledger", &module, "gradual_rollout", Some(10.0))
                .await
        } else {
            api.roll_back("ledger", &module).await
        };
        let Ok(answer) = result else { return };
        if answer.status != 200 {
            continue;
        }
        if let (Some(sequence), Ok(mut map)) = (answer.json["sequence"].as_u64(), answered.lock()) {
            map.insert(sequence, answer.json);
        }
    }
}

async fn check(
    api: &Api,
    answered: &Mutex<BTreeMap<u64, Value>>,
    last_revision: u64,
) -> Result<u64> {
    let verified = api.get("/api/v1/audit/verify").await?.expect(200)?;
    assert_eq!(verified.json["state"], "verified", "{}", verified.text);
    let export = api.get("/api/v1/audit/export").await?.expect(200)?;
    let entries: BTreeMap<u64, Value> = export
        .text
        .lines()
        .map(|line| {
            let entry: Value = serde_json::from_str(line)?;
            Ok((
                entry["entry"]["sequence"].as_u64().context("a sequence")?,
                entry["entry"].clone(),
            ))
        })
        .collect::<Result<_>>()?;
    let (_, head) = control_export(&export.text)?;
    assert_eq!(verified.json["head"], head);
    let answered = answered
        .lock()
        .map_err(|_| anyhow::anyhow!("a caller panicked"))?;
    for (sequence, answer) in answered.iter() {
        let entry = entries
            .get(sequence)
            .with_context(|| format!("entry {sequence} is gone"))?;
        assert_eq!(entry["revision_made"], answer["revision_number"]);
        assert_eq!(entry["at"], answer["at"]);
    }
    let revisions: Vec<u64> = entries
        .values()
        .filter_map(|entry| entry["revision_made"].as_u64())
        .collect();
    assert!(
        revisions.is_sorted_by(|one, other| one < other),
        "a revision came twice or went back"
    );
    let newest = revisions.last().copied().unwrap_or_default();
    assert!(
        newest >= last_revision,
        "the revision went back from {last_revision} to {newest}"
    );
    Ok(newest)
}

/// Walks an export as an auditor would, with nothing of the server's code.
fn control_export(jsonl: &str) -> Result<(u64, String)> {
    use sha2::{Digest as _, Sha256};
    let (mut head, mut count) = (vec![0u8; 32], 0);
    for line in jsonl.lines() {
        let chained: Value = serde_json::from_str(line)?;
        // Keys are ASCII and numbers integers, so sorted compact JSON is the RFC 8785 form.
        let body = serde_json::to_string(&chained["entry"])?;
        let mut hasher = Sha256::new();
        hasher.update(b"switchback-audit-v1\0");
        hasher.update(&head);
        hasher.update(body.as_bytes());
        head = hasher.finalize().to_vec();
        assert_eq!(chained["hash"], hex::encode(&head));
        count += 1;
    }
    Ok((count, hex::encode(head)))
}
