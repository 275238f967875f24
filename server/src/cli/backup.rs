//! `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;
use control::store::restore_into;
use serde_json::json;

use super::Context;
use super::exit::{Exit, Failure};
use super::local::existing;
use crate::config::{DataFlags, DataSettings};
use crate::middleware::request::new_request_id;

/// Copy the databases to a file, while a server may run.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where the copy goes; must not be there yet. What may be lost goes beside it, in FILE-evidence
    file: PathBuf,
    #[command(flatten)]
    data: DataFlags,
}

/// Put a backup in place.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    data: DataFlags,
}

/// Makes a backup.
pub async fn back_up(backup: Backup, context: &Context) -> Result<Exit, Failure> {
    let file = std::path::absolute(&backup.file)
        .map_err(|error| Failure::failed(format!("{}: {error}", backup.file.display())))?;
    let settings = existing(&backup.data, context)?;
    // Neither through a server nor through the schema this program knows: a copy is of whatever schema the file has.
    control::store::back_up(&settings.data_dir, &file, &new_request_id())
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    let answer = json!({ "file": file });
    context
        .output
        .either(&answer, || format!("backed up to {}", file.display()));
    Ok(Exit::DONE)
}

/// Restores a backup into a directory without databases. Whoever serves it next begins a new epoch.
pub async fn restore(restore: Restore, context: &Context) -> Result<Exit, Failure> {
    let settings = DataSettings::settle(restore.data, None, &context.file)
        .map_err(|error| Failure::usage(format!("{error:#}")))?;
    restore_into(&settings.data_dir, &restore.file)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    let answer = json!({ "file": restore.file, "data_dir": settings.data_dir });
    context.output.either(&answer, || {
        format!(
            "restored {} into {}",
            restore.file.display(),
            settings.data_dir.display()
        )
    });
    Ok(Exit::DONE)
}
