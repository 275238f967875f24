//! Evidence in: what services and pipelines saw of old and new, with a token of kind `ingest`, for one migration and
//! environment.

pub mod comparisons;
pub mod otlp;
pub mod samples;

use axum::extract::Request;
use axum::http::StatusCode;
use control::evidence::{Clocked, Taken};
use domain::refusal::FieldError;
use domain::{Key, Refusal, Timestamp};
use flags::report::Refused;
use http::HeaderMap;
use http::header::DATE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::UNIX_EPOCH;

use super::data_plane::identify;
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, TEXT, collect};
use crate::middleware::request::text;
use crate::state::AppState;
use domain::read::TokenKind;

/// What became of a report.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Entries that were counted.
    accepted: usize,
    /// Whether its batch was counted before, so that nothing of it was now.
    duplicate: bool,
    /// Modules that the migration does not have: their entries were left out.
    unknown_modules: Vec<String>,
}

impl From<Taken> for Answer {
    fn from(taken: Taken) -> Self {
        Self {
            accepted: taken.accepted,
            duplicate: taken.duplicate,
            unknown_modules: taken.unknown_modules,
        }
    }
}

/// A report as it came: whose, and when the sender says it was sent.
struct Received<T> {
    place: (Key, Key),
    clock: Clocked,
    report: T,
}

/// Recognises the token and reads a report in JSON.
async fn receive<T: DeserializeOwned>(
    state: &AppState,
    migration: &str,
    kind: &str,
    request: Request,
) -> Result<Received<T>, Problem> {
    let place = sender(state, migration, &request)?;
    let clock = clock(request.headers());
    let bytes = collect(request.into_body(), TEXT, HANDLER_TIME).await?;
    let report = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::field(kind, format!("The report cannot be read: {error}.")))?;
    Ok(Received {
        place,
        clock,
        report,
    })
}

/// The same, where its migration must be the one in the path.
fn sender(state: &AppState, migration: &str, request: &Request) -> Result<(Key, Key), Problem> {
    let place = place_of(state, request)?;
    if place.0.as_str() == migration {
        Ok(place)
    } else {
        Err(elsewhere())
    }
}

/// Where evidence that comes with this token belongs.
fn place_of(state: &AppState, request: &Request) -> Result<(Key, Key), Problem> {
    let identity = identify(state, request, TokenKind::Ingest)?;
    match (&identity.migration, &identity.environment) {
        (Some(migration), Some(environment)) => Ok((migration.clone(), environment.clone())),
        _ => Err(elsewhere()),
    }
}

fn elsewhere() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no such migration, or this token is for another one.",
    )
}

/// What the sender's clock showed: the `Date` header, where there is one that can be read.
fn clock(headers: &HeaderMap) -> Clocked {
    let date = text(headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    let since = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    Clocked(
        since
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .map(Timestamp),
    )
}

/// Every part that is wrong, by its place.
fn check(refused: Vec<Refused>) -> Result<(), Problem> {
    if refused.is_empty() {
        return Ok(());
    }
    let fields = refused.into_iter().map(|refused| FieldError {
        field: refused.path,
        message: refused.message,
    });
    Err(Refusal::Invalid {
        fields: fields.collect(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_clock_is_read_from_its_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(clock(&headers), Clocked(None));
        headers.insert(DATE, "Sun, 22 Nov 2026 14:00:00 GMT".parse().unwrap());
        assert_eq!(clock(&headers), Clocked(Some(Timestamp(1_795_356_000_000))));
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(clock(&headers), Clocked(None));
    }
}
