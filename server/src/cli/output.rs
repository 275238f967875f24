//! What a command prints: text for people, or JSON for machines.

use std::io::Write as _;

use domain::Committed;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};

/// Where a command's answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints one line, or many. A reader that has gone away is no failure of the command.
    pub fn text(text: &str) {
        let mut out = std::io::stdout().lock();
        let _reader_gone = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Prints bytes as they are.
    pub fn bytes(bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _reader_gone = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// Prints JSON.
    pub fn json(value: &Value) {
        Self::text(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Prints JSON or, for people, the text.
    pub fn either(self, value: &Value, text: impl FnOnce() -> String) {
        if self.json {
            Self::json(value);
        } else {
            Self::text(&text());
        }
    }

    /// Prints what was committed.
    pub fn committed(self, value: &Value) -> Exit {
        self.either(value, || {
            match serde_json::from_value::<Committed>(value.clone()) {
                Ok(committed) => describe(&committed),
                Err(_) => value.to_string(),
            }
        });
        Exit::DONE
    }

    /// Says why a command failed: to people on standard error, to machines on standard output too.
    pub fn failure(self, failure: &Failure) -> Exit {
        if self.json {
            let other = || json!({ "code": "failed", "detail": failure.message });
            Self::json(&failure.problem.clone().unwrap_or_else(other));
        }
        eprintln!("switchback: {}", failure.message);
        failure.exit
    }
}

fn describe(committed: &Committed) -> String {
    let mut lines = vec![committed.summary.clone()];
    for change in &committed.flags {
        lines.push(format!(
            "  {}: {} -> {}",
            change.module, change.before, change.after
        ));
    }
    if !committed.unchanged.is_empty() {
        let keys: Vec<&str> = committed
            .unchanged
            .iter()
            .map(domain::Key::as_str)
            .collect();
        lines.push(format!("  unchanged: {}", keys.join(", ")));
    }
    let revision = committed
        .revision
        .as_ref()
        .map(|revision| format!(", revision {revision}"));
    lines.push(format!(
        "stored {} UTC, audit entry {}{}",
        committed.at.utc_precise(),
        committed.sequence,
        revision.unwrap_or_default()
    ));
    lines.join("\n")
}
