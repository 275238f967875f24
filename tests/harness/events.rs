//! Reading a stream of server-sent events, one event after the other.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// Longer than any heartbeat.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` when it has none.
    pub name: String,
    /// Its id, empty when it has none.
    pub id: String,
    /// Its data as JSON.
    pub data: Value,
}

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: Response,
    text: String,
}

impl Events {
    /// Of an answer that is a stream.
    pub fn of(response: Response) -> Result<Self> {
        let kind = response.headers().get("content-type").cloned();
        if kind.as_ref().is_none_or(|kind| kind != "text/event-stream") {
            bail!("{} with {kind:?} is no stream", response.status());
        }
        Ok(Self {
            response,
            text: String::new(),
        })
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let block = std::mem::replace(&mut self.text, rest);
                if let Some(event) = parse(&block)? {
                    return Ok(Some(event));
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk())
                .await
                .context("the stream is silent")?;
            match chunk {
                Ok(Some(bytes)) => self.text.push_str(std::str::from_utf8(&bytes)?),
                // A server that is killed breaks the stream off.
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }

    /// The next event that is no heartbeat.
    pub async fn change(&mut self) -> Result<Event> {
        loop {
            let event = self.next().await?.context("the stream has ended")?;
            if event.name != "heartbeat" {
                return Ok(event);
            }
        }
    }
}

/// An event, unless the block has none: a comment, or how long to wait.
fn parse(block: &str) -> Result<Option<Event>> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let Some(data) = field("data") else {
        return Ok(None);
    };
    Ok(Some(Event {
        name: field("event").unwrap_or("message").to_owned(),
        id: field("id").unwrap_or_default().to_owned(),
        data: serde_json::from_str(data)?,
    }))
}
