//! The management API: the same commands as the pages, as JSON. One file per resource; every body is read into a
//! command of `control`, which authorises it.

pub mod audit;
pub mod backup;
pub mod calendar;
pub mod calendar_feeds;
pub mod changes;
pub mod checklists;
pub mod edit;
pub mod environments;
pub mod evidence;
pub mod flags;
pub mod instances;
pub mod issues;
pub mod kill_switch;
pub mod migrations;
pub mod modules;
pub mod phases;
pub mod plan;
pub mod resume;
pub mod rollback;
pub mod search;
pub mod tokens;
pub mod undo;
pub mod users;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use control::command::Command;
use control::{Caller, CommandError};
use domain::{Committed, Key};
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::problem::Problem;
use crate::state::AppState;

/// A JSON body.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Body<T>(pub T);

/// The variable parts of the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct At<T>(pub T);

/// The query string.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// `?environment=`; the deciding one without it.
#[derive(Debug, Deserialize)]
pub struct InEnvironment {
    environment: Option<Key>,
}

/// What was committed, with the status that says whether something new exists.
pub struct Done {
    committed: Committed,
    location: Option<String>,
}

impl Done {
    /// 200.
    pub fn new(committed: Committed) -> Self {
        Self {
            committed,
            location: None,
        }
    }

    /// 201, with the address of what was created.
    pub fn created(committed: Committed, location: String) -> Self {
        Self {
            committed,
            location: Some(location),
        }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let status = if self.location.is_some() {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let mut response = (status, Json(&self.committed)).into_response();
        if let Some(version) = self.committed.version {
            set_version(&mut response, version);
        }
        if let Some(location) = self
            .location
            .and_then(|path| HeaderValue::try_from(path).ok())
        {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// One resource with its version as `ETag`, to be sent back as `If-Match`.
pub struct Versioned<T>(pub T, pub i64);

impl<T: serde::Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        set_version(&mut response, self.1);
        response
    }
}

fn set_version(response: &mut Response, version: i64) {
    if let Ok(etag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, etag);
    }
}

/// Runs a command.
async fn run<C: Command>(
    state: &AppState,
    caller: &Caller,
    command: C,
) -> Result<Committed, CommandError> {
    state.control.execute(caller, command).await
}

/// A field that may be absent (leave it), `null` (clear it) or a value (set it).
type Patch<T> = Option<Option<T>>;

/// Reads a [`Patch`] that is not absent.
fn present<'de, T, D>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
