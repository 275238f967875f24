//! `OpenFeature`'s own clients, each in a program under `tests/clients`: questions go in, answers come out, all as JSON.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::app::Api;

/// Longer than any program needs for its answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program under `tests/clients/python`, in the prepared Python.
pub fn python(script: &str) -> Result<Command> {
    let mut command = Command::new(prepared("SWITCHBACK_TEST_PYTHON")?);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python");
    command.arg(folder.join(script));
    Ok(command)
}

/// A program in the folder whose `node_modules` is prepared: `tests/clients/js`.
pub fn node(script: &str) -> Result<Command> {
    let folder = prepared("SWITCHBACK_TEST_NODE_CLIENTS")?;
    let mut command = Command::new("node");
    // The browsers' client waits for events; the others do not mind. Node.js says that this is an experiment.
    command
        .args(["--experimental-eventsource", "--no-warnings"])
        .arg(folder.join(script));
    Ok(command)
}

fn prepared(variable: &str) -> Result<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .with_context(|| {
            format!(
                "{variable} is not set: run `cargo xtask test`, which prepares OpenFeature's clients"
            )
        })
}

/// A program that was asked something. Killed when dropped.
#[derive(Debug)]
pub struct Conversation {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    complaints: File,
}

impl Conversation {
    /// Starts a program and asks it something that concerns no server.
    pub async fn start(mut command: Command, question: &Value) -> Result<Self> {
        let complaints = tempfile::tempfile()?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints.try_clone()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut this = Self {
            child,
            lines: BufReader::new(stdout).lines(),
            complaints,
        };
        // A program that ends before it has read everything says why.
        if stdin
            .write_all(question.to_string().as_bytes())
            .await
            .is_err()
        {
            return Err(this.failed().await);
        }
        Ok(this)
    }

    /// Starts a program and asks it something that it asks this server, with this token.
    pub async fn with(service: &Api, mut command: Command, question: &Value) -> Result<Self> {
        command.arg(&service.url).env(
            "SWITCHBACK_TOKEN",
            service.token.as_deref().unwrap_or_default(),
        );
        Self::start(command, question).await
    }

    /// Its next line, answers as JSON.
    pub async fn answers(&mut self) -> Result<Vec<Value>> {
        let line = timeout(PATIENCE, self.lines.next_line())
            .await
            .context("a client does not answer")??;
        match line {
            Some(line) => Ok(serde_json::from_str(&line)?),
            None => Err(self.failed().await),
        }
    }

    /// Waits for its end. It has nothing more to say.
    pub async fn end(mut self) -> Result<()> {
        let rest = timeout(PATIENCE, self.lines.next_line())
            .await
            .context("a client does not end")??;
        ensure!(rest.is_none(), "a client has more to say: {rest:?}");
        if !self.child.wait().await?.success() {
            bail!(self.failed().await);
        }
        Ok(())
    }

    /// The only answers it gives.
    pub async fn only_answers(mut self) -> Result<Vec<Value>> {
        let answers = self.answers().await?;
        self.end().await?;
        Ok(answers)
    }

    async fn failed(&mut self) -> anyhow::Error {
        let status = self.child.wait().await;
        let mut text = String::new();
        let read = self
            .complaints
            .rewind()
            .and_then(|()| self.complaints.read_to_string(&mut text));
        anyhow::anyhow!("a client ended with {status:?} ({read:?}): {text}")
    }
}
