//! `POST /api/v1/backup`: copies the databases to a file of the server's machine. Only for the data directory's owner.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use control::store::{BackupError, back_up};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Body;
use crate::http::problem::Problem;
use crate::middleware::request::new_request_id;
use crate::state::AppState;

/// Where the copy goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// An absolute path.
    file: PathBuf,
}

/// Makes a backup.
pub async fn create(
    State(state): State<AppState>,
    Body(target): Body<Target>,
) -> Result<Json<Value>, Problem> {
    if !target.file.is_absolute() {
        return Err(Problem::field("file", "Give an absolute path."));
    }
    let mark = new_request_id();
    back_up(state.control.data_dir(), &target.file, &mark)
        .await
        .map_err(refused)?;
    Ok(Json(json!({ "file": target.file })))
}

fn refused(error: BackupError) -> Problem {
    match error {
        BackupError::Store(error) => control::CommandError::from(error).into(),
        other => Problem::new(StatusCode::CONFLICT, "no-backup", other.to_string()),
    }
}
