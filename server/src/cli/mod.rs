//! The command line. `serve` is the server; every other command is a request to the management API: to a running
//! server, or to the data directory through its control socket or in this process.

#![expect(
    clippy::doc_markdown,
    reason = "comments of arguments are help texts, where backticks would be shown"
)]

mod access;
mod api;
mod audit;
mod backup;
mod exit;
mod flags;
mod health;
mod local;
mod output;
mod plan;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::Key;

use crate::config::{ServeFlags, ServeSettings, SettingsFile};
use crate::serve::serve;
use exit::{Exit, Failure};
use output::Output;

/// The control plane of a code migration: plan, flags, rollback and the record of it.
#[derive(Debug, Parser)]
#[command(name = "switchback", version, after_help = EXIT_CODES)]
struct Cli {
    /// Settings file (TOML); flags and SWITCHBACK_* variables win over it
    #[arg(long, global = true, env = "SWITCHBACK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write JSON to standard output, also of a refusal
    #[arg(long, global = true)]
    json: bool,
    /// The environment it is about [default: the deciding one]
    #[arg(
        long,
        global = true,
        env = "SWITCHBACK_ENVIRONMENT",
        value_name = "KEY"
    )]
    environment: Option<Key>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for rollback and the kill switch also when it was so already
  1  refused or failed; nothing was changed
  2  the command line was wrong
  3  the server could not be reached
  health: 0 healthy, 1 degraded, 2 unhealthy, 3 unreachable, 4 no data";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(ServeFlags),
    /// Import or export the plan of a migration (data directory)
    #[command(subcommand)]
    Plan(plan::Command),
    /// Bring modules to a mode (server)
    Set(flags::Set),
    /// Roll modules back, or without a module press the kill switch (server)
    Rollback(flags::Rollback),
    /// Resume from the kill switch (server)
    Resume(flags::Resume),
    /// Health of the server, or of a migration's worst module (server)
    Health(health::Health),
    /// Make, list and revoke tokens (data directory)
    #[command(subcommand)]
    Token(access::Token),
    /// Add and list users, make sign-in links (data directory)
    #[command(subcommand)]
    User(access::User),
    /// Verify or export the audit log (data directory)
    #[command(subcommand)]
    Audit(audit::Command),
    /// Copy the databases to a file (data directory)
    Backup(backup::Backup),
    /// Put a backup in place as the databases of an empty data directory
    Restore(backup::Restore),
}

/// What every command is given beside its own arguments.
struct Context {
    file: SettingsFile,
    environment: Option<Key>,
    output: Output,
}

/// Runs the command line of this process.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    let result = match SettingsFile::read(cli.config.as_deref()) {
        Ok(file) => {
            let environment = match (&cli.environment, &file.environment) {
                (None, Some(text)) => Key::parse(text)
                    .map(Some)
                    .map_err(|error| Failure::usage(error.to_string())),
                (given, _) => Ok(given.clone()),
            };
            match environment {
                Ok(environment) => {
                    dispatch(
                        cli.command,
                        &Context {
                            file,
                            environment,
                            output,
                        },
                    )
                    .await
                }
                Err(failure) => Err(failure),
            }
        }
        Err(error) => Err(Failure::usage(format!("{error:#}"))),
    };
    result
        .unwrap_or_else(|failure| output.failure(&failure))
        .into()
}

async fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    if !matches!(command, Command::Serve(_)) {
        quiet_log();
    }
    match command {
        Command::Serve(flags) => {
            let settings = ServeSettings::settle(flags, &context.file)
                .map_err(|error| Failure::usage(format!("{error:#}")))?;
            serve(settings).await?;
            Ok(Exit::DONE)
        }
        Command::Plan(command) => plan::run(command, context).await,
        Command::Set(set) => flags::set(set, context).await,
        Command::Rollback(rollback) => flags::roll_back(rollback, context).await,
        Command::Resume(resume) => flags::resume(resume, context).await,
        Command::Health(health) => health::run(health, context).await,
        Command::Token(command) => access::token(command, context).await,
        Command::User(command) => access::user(command, context).await,
        Command::Audit(command) => audit::run(command, context).await,
        Command::Backup(backup) => backup::back_up(backup, context).await,
        Command::Restore(restore) => backup::restore(restore, context).await,
    }
}

/// Commands say what happened themselves; only what is wrong with the store is logged beside that.
fn quiet_log() {
    let _already_set = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_writer(std::io::stderr)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_rollback_without_a_module_is_the_kill_switch() {
        let cli = Cli::parse_from([
            "switchback",
            "rollback",
            "--migration",
            "atlas",
            "--reason",
            "x",
        ]);
        assert!(matches!(cli.command, Command::Rollback(rollback) if rollback.is_kill_switch()));
    }
}
