//! `audit verify` and `audit export`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use domain::Key;
use domain::read::ChainState;
use http::Method;
use serde_json::json;

use super::Context;
use super::api::Request;
use super::exit::{Exit, Failure};
use super::local::{Wants, connect};
use crate::config::DataFlags;

/// Verify or export the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check that every entry fits the one before it
    Verify(Verify),
    /// Print every entry as a line of JSON, oldest first
    Export(Export),
}

/// Check the chain.
#[derive(Debug, Args)]
pub struct Verify {
    /// Check an export of the whole log instead of the data directory
    #[arg(long, value_name = "EXPORT")]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: DataFlags,
}

/// Print the log.
#[derive(Debug, Args)]
pub struct Export {
    /// Only entries of this migration (which cannot be verified by themselves)
    #[arg(long, value_name = "KEY")]
    migration: Option<Key>,
    #[command(flatten)]
    data: DataFlags,
}

/// Runs it.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Verify(Verify {
            file: Some(file), ..
        }) => verify_file(&file, context),
        Command::Verify(verify) => verify_store(&verify, context).await,
        Command::Export(export) => self::export(&export, context).await,
    }
}

fn verify_file(file: &Path, context: &Context) -> Result<Exit, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", file.display())))?;
    let (entries, head) = control::audit::verify_export(&text)
        .map_err(|error| Failure::failed(format!("the chain is broken: {error}")))?;
    let answer = json!({ "state": "verified", "entries": entries, "head": head });
    context.output.either(&answer, || {
        format!("verified: {entries} entries, head {head}")
    });
    Ok(Exit::DONE)
}

async fn verify_store(verify: &Verify, context: &Context) -> Result<Exit, Failure> {
    let api = connect(&verify.data, Wants::Reading, context).await?;
    let answer = api
        .json(Request::new(Method::GET, &["audit", "verify"])?)
        .await;
    api.close().await;
    let answer = answer?;
    match serde_json::from_value(answer.clone()) {
        Ok(ChainState::Verified { entries, head, .. }) => {
            context.output.either(&answer, || {
                format!("verified: {entries} entries, head {head}")
            });
            Ok(Exit::DONE)
        }
        Ok(ChainState::Broken { sequence, why }) => {
            context.output.either(&answer, || {
                format!("the chain is broken: entry {sequence}: {why}")
            });
            Ok(Exit::REFUSED)
        }
        Err(_) => Err(Failure::failed(
            "the server's answer is not understood: it is of another version",
        )),
    }
}

async fn export(export: &Export, context: &Context) -> Result<Exit, Failure> {
    let api = connect(&export.data, Wants::Reading, context).await?;
    let request = Request::new(Method::GET, &["audit", "export"])?
        .query("migration", export.migration.as_ref());
    let printed = match api.send(request).await {
        Ok(answer) => answer.print().await,
        Err(failure) => Err(failure),
    };
    api.close().await;
    printed.map(|()| Exit::DONE)
}
