//! `plan import` and `plan export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::Key;
use http::Method;
use jiff::civil::Date;
use serde_json::Value;

use super::Context;
use super::api::Request;
use super::exit::{Exit, Failure};
use super::local::{Wants, connect};
use crate::config::DataFlags;
use crate::middleware::body::UPLOAD;

/// Import or export the plan of a migration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import a Markdown plan; never changes a flag, never deletes
    Import(Import),
    /// Print the plan as Markdown that can be imported again
    Export(Export),
}

/// Import a Markdown plan.
#[derive(Debug, Args)]
pub struct Import {
    /// The plan, a Markdown file
    file: PathBuf,
    /// The migration it goes into; made when it is not there
    #[arg(long, value_name = "KEY")]
    migration: Key,
    /// First day of the earliest phase: 2026-11-30
    #[arg(long, value_name = "DATE")]
    start: Date,
    /// What people call the migration [default: the plan's title]
    #[arg(long)]
    name: Option<String>,
    /// Time zone of a new migration [default: the plan's, else UTC]
    #[arg(long, value_name = "IANA NAME")]
    zone: Option<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only say what was recognised and what would change
    #[arg(long)]
    dry_run: bool,
    /// Archive what the plan does not name: modules, windows, milestones, checks
    #[arg(long)]
    archive_absent: bool,
    /// Import dates that do not keep dependencies between phases; needs a reason
    #[arg(long)]
    overriding: bool,
    #[command(flatten)]
    data: DataFlags,
}

/// Print the plan.
#[derive(Debug, Args)]
pub struct Export {
    /// The migration
    #[arg(long, value_name = "KEY")]
    migration: Key,
    #[command(flatten)]
    data: DataFlags,
}

/// Runs it.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Import(import) => self::import(import, context).await,
        Command::Export(export) => self::export(export, context).await,
    }
}

async fn import(import: Import, context: &Context) -> Result<Exit, Failure> {
    let document = std::fs::read(&import.file).map_err(|error| {
        Failure::failed(format!("cannot read {}: {error}", import.file.display()))
    })?;
    if document.len() > UPLOAD {
        return Err(Failure::failed(format!(
            "{} is larger than {} MiB",
            import.file.display(),
            UPLOAD >> 20
        )));
    }
    let yes = |flag: bool| flag.then_some("true");
    let request = Request::new(
        Method::POST,
        &["migrations", import.migration.as_str(), "plan"],
    )?
    .query("start", Some(import.start.to_string()))
    .query("name", import.name.as_ref())
    .query("zone", import.zone.as_ref())
    .query("reason", import.reason.as_ref())
    .query("dry_run", yes(import.dry_run))
    .query("archive_absent", yes(import.archive_absent))
    .query("overriding", yes(import.overriding))
    .body("text/markdown", document);
    let wants = if import.dry_run {
        Wants::Preview
    } else {
        Wants::Writing
    };
    let api = connect(&import.data, wants, context).await?;
    let answer = api.json(request).await;
    api.close().await;
    let answer = answer?;
    if !import.dry_run {
        return Ok(context.output.committed(&answer));
    }
    context.output.either(&answer, || describe(&answer));
    Ok(Exit::DONE)
}

/// The lists of a dry run, in reading order.
const LISTS: [&str; 12] = [
    "phases",
    "windows",
    "milestones",
    "modules",
    "steps",
    "preparation",
    "daily",
    "days",
    "conditional",
    "criteria",
    "thresholds",
    "runbook",
];

fn describe(preview: &Value) -> String {
    let list = |name: &str| {
        preview
            .get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let counts: Vec<String> = LISTS
        .iter()
        .map(|name| format!("{name} {}", list(name).len()))
        .collect();
    let mut lines = vec![format!("Recognised: {}", counts.join(", "))];
    let line_of = |item: &Value| item.get("line").and_then(Value::as_u64).unwrap_or_default();
    let text_of = |item: &Value| {
        item.get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    for (heading, name) in [("Note", "notes"), ("Not recognised", "unrecognised")] {
        for item in list(name) {
            lines.push(format!(
                "{heading}, line {}: {}",
                line_of(item),
                text_of(item)
            ));
        }
    }
    let changes = list("changes");
    if changes.is_empty() {
        lines.push("An import would change nothing: this plan is imported already.".into());
    } else {
        lines.push(format!("An import would make {} changes:", changes.len()));
        lines.extend(
            changes
                .iter()
                .filter_map(Value::as_str)
                .map(|change| format!("  {change}")),
        );
    }
    let absent: Vec<&str> = list("absent").iter().filter_map(Value::as_str).collect();
    if !absent.is_empty() {
        lines.push(format!("Not named by the plan: {}", absent.join(", ")));
    }
    lines.extend(
        list("kept")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned),
    );
    let broken = list("broken").iter().filter_map(Value::as_str);
    lines.extend(broken.map(|broken| format!("Needs --overriding and a reason: {broken}")));
    lines.join("\n")
}

async fn export(export: Export, context: &Context) -> Result<Exit, Failure> {
    let api = connect(&export.data, Wants::Reading, context).await?;
    let request = Request::new(
        Method::GET,
        &["migrations", export.migration.as_str(), "plan"],
    )?;
    let printed = match api.send(request).await {
        Ok(answer) => answer.print().await,
        Err(failure) => Err(failure),
    };
    api.close().await;
    printed.map(|()| Exit::DONE)
}
