//! What a server takes from clients that are slow, or many.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_tests::app::{Api, TestApp};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::with_plan;

/// Sends some bytes and nothing more; answers what comes until the server ends the connection, and how long that took.
async fn dawdle(app: &TestApp, bytes: &str) -> Result<(String, Duration)> {
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await?;
    let begun = Instant::now();
    stream.write_all(bytes.as_bytes()).await?;
    let mut answer = Vec::new();
    // A connection that is reset has ended too.
    let _reset = timeout(Duration::from_mins(1), stream.read_to_end(&mut answer))
        .await
        .context("the server waits for ever")?;
    Ok((
        String::from_utf8_lossy(&answer).into_owned(),
        begun.elapsed(),
    ))
}

fn between(elapsed: Duration, from: u64, to: u64) {
    let allowed = Duration::from_secs(from)..Duration::from_secs(to);
    assert!(allowed.contains(&elapsed), "ended after {elapsed:?}");
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() -> Result<()> {
    let app = TestApp::start().await?;
    let (_, elapsed) = dawdle(&app, "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await?;
    between(elapsed, 8, 20);
    app.anonymous().get("/healthz").await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_408() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let token = app.sdk("ledger").await?.token.context("a token")?;
    let host = app.url.trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"context\""
    );
    let (answer, elapsed) = dawdle(&app, &head).await?;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    between(elapsed, 12, 40);
    Ok(())
}

#[tokio::test]
async fn slow_heads_by_the_hundred_keep_nobody_else_out() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let service = app.sdk("ledger").await?;
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(&address).await?;
        stream
            .write_all(b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\n")
            .await?;
        slow.push(stream);
    }
    let begun = Instant::now();
    for number in 0..50 {
        service
            .evaluate("ledger.parcel_ledger", &format!("user-{number}"))
            .await?
            .expect(200)?;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    drop(slow);
    Ok(())
}

#[tokio::test]
async fn a_session_has_so_many_live_streams_and_is_told_when_to_come_back() -> Result<()> {
    let (app, _admin) = with_plan().await?;
    let browser = app.browser().await?;
    let tab = || {
        browser
            .client
            .get(format!("{}/m/ledger/live", browser.url))
            .send()
    };
    let mut tabs = Vec::new();
    for _ in 0..50 {
        let answer = tab().await?;
        assert_eq!(answer.status(), 200);
        tabs.push(answer);
    }
    let refused = tab().await?;
    assert_eq!(refused.status(), 503);
    let wait: u64 = refused.headers()["retry-after"].to_str()?.parse()?;
    assert!((5..=30).contains(&wait), "{wait}");
    // The page itself works without.
    browser.get("/m/ledger").await?.expect(200)?;
    drop(tabs);
    // The server notices that tabs are closed when it next has something to say to them.
    let anybody: Api = app.anonymous();
    let open = async {
        loop {
            let answer = tab().await?;
            if answer.status() == 200 {
                return Ok::<_, anyhow::Error>(());
            }
            anybody.request(Method::GET, "/healthz").send().await?;
        }
    };
    timeout(Duration::from_secs(40), open)
        .await
        .context("places never come back")??;
    Ok(())
}
