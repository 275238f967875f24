//! Search over 50,000 entries of the issue log, and as many of the audit log, through HTTP: 10,000 issues with four
//! comments each, written by the same commands as people's.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_tests::app::Api;
use serde_json::json;

use crate::figures::Figures;
use crate::{MIGRATION, modules, with_plan};

/// Issues written.
const ISSUES: usize = 10_000;
/// Comments on each.
const COMMENTS: usize = 4;
/// Callers that write at once.
const WRITERS: usize = 32;
/// Searches of each kind.
const SEARCHES: usize = 200;

/// Words that texts are made of: some stand in nearly every text, most in few.
const COMMON: [&str; 8] = [
    "error", "module", "slow", "timeout", "invoice", "cache", "after", "rollback",
];
const RARE: [&str; 12] = [
    "kraken", "walrus", "ocelot", "heron", "lynx", "ibex", "marten", "newt", "osprey", "pangolin",
    "quokka", "raven",
];

/// Writes the log, then searches it.
pub async fn run() -> Result<()> {
    let (_app, admin) = with_plan().await?;
    let keys = modules(&admin).await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(admin.clone(), keys.clone(), writer)))
        .collect();
    for task in tasks {
        task.await??;
    }
    println!(
        "search: {} entries written in {:.0} s",
        ISSUES * (1 + COMMENTS),
        begun.elapsed().as_secs_f64()
    );
    let list = format!("/api/v1/migrations/{MIGRATION}/issues");
    for (kind, query) in [
        ("no words", ""),
        ("a word of every text", "?q=error"),
        ("two words of many texts", "?q=slow+cache"),
        ("the beginning of a rare word", "?q=krak"),
        ("a word of one text", "?q=number4711x"),
        ("words of no text", "?q=unicorn+error"),
        (
            "a word of every text, narrowed",
            "?q=error&severity=critical&status=unresolved",
        ),
        (
            "a word of every text, by relevance",
            "?q=error&sort=relevance",
        ),
        ("a rare word, by relevance", "?q=kraken&sort=relevance"),
    ] {
        search(&admin, kind, &format!("{list}{query}"), "issues").await?;
    }
    let everything = format!("/api/v1/migrations/{MIGRATION}/search");
    for (kind, query) in [
        ("everything: a word of every text", "?q=error"),
        ("everything: the beginning of a rare word", "?q=krak"),
        ("everything: words of no text", "?q=unicorn+error"),
        ("everything: a module", "?q=ledger"),
        ("everything: who did it", "?q=ops"),
    ] {
        search(&admin, kind, &format!("{everything}{query}"), "hits").await?;
    }
    Ok(())
}

async fn search(admin: &Api, kind: &str, path: &str, list: &str) -> Result<()> {
    let mut measured = Vec::with_capacity(SEARCHES);
    let mut found = 0;
    for _ in 0..SEARCHES {
        let begun = Instant::now();
        let answer = admin.get(path).await?;
        measured.push(begun.elapsed());
        let answer = answer.expect(200)?;
        let rows = answer.json.get(list).and_then(|rows| rows.as_array());
        found = rows.context("a list")?.len();
    }
    let figures = Figures::new(measured);
    let kept = figures.percentile(0.5) < Duration::from_millis(20);
    println!(
        "search, {kind}: {found} on the page, {}{}",
        figures.summary(),
        if kept { "" } else { ", OVER 20 ms" }
    );
    Ok(())
}

/// Writes one writer's share.
async fn write(admin: Api, keys: Vec<String>, writer: usize) -> Result<()> {
    let list = format!("/api/v1/migrations/{MIGRATION}/issues");
    let severities = ["low", "medium", "high", "critical"];
    for number in (writer..ISSUES).step_by(WRITERS) {
        let pick = |words: &[&str], step: usize| {
            let place = (number / step + step) % words.len();
            words.get(place).copied().unwrap_or_default().to_owned()
        };
        let issue = json!({
            "title": format!("{} {} number{number}x", pick(&COMMON, 1), pick(&COMMON, 8)),
            "body": format!(
                "An error of {}: {} while {}, seen {} times.",
                pick(&COMMON, 3), pick(&COMMON, 5), pick(&COMMON, 7), number % 97
            ),
            "severity": severities.get(number % 40).unwrap_or(&"low"),
            "module": keys.get(number % keys.len().max(1)),
            "labels": [pick(&COMMON, 2)],
        });
        let opened = admin.post(&list, issue).await?.expect(201)?;
        let issue = opened
            .json
            .get("subject")
            .and_then(|subject| subject.as_str())
            .context("no number")?
            .to_owned();
        for comment in 0..COMMENTS {
            let rare = if (number + comment) % 50 == 0 {
                pick(&RARE, 50)
            } else {
                String::new()
            };
            let text = format!(
                "Looked at the {} of it, {} {rare}: still {} after the {}.",
                pick(&COMMON, 11),
                pick(&COMMON, 13),
                pick(&COMMON, 17),
                pick(&COMMON, 19)
            );
            let path = format!("{list}/{issue}/comments");
            admin
                .post(&path, json!({ "comment": text }))
                .await?
                .expect(201)?;
        }
    }
    Ok(())
}
