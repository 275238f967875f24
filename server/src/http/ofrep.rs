//! The `OpenFeature` Remote Evaluation Protocol 0.3: one flag, or all of the token's environment.
//!
//! Nothing here waits for anything but the request's own body (and, with a `flagConfigEtag` from the future, for the
//! change it announces).

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use flags::Revision;
use flags::ofrep::{self, ErrorCode, announced_revision, asked_key};
use http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use super::data_plane::{Reader, is_known};
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, SMALL, collect};
use crate::state::AppState;

/// Where changes are announced, to who has a ticket.
pub const STREAM_PATH: &str = "/ofrep/v1/stream";
/// How long a reader who knows of a newer revision waits for it.
const WAIT_FOR_REVISION: Duration = Duration::from_secs(1);
/// About what one answer takes, bytes.
const ANSWER_SIZE: usize = 320;

/// `POST /ofrep/v1/evaluate/flags/{key}`
pub async fn evaluate(State(state): State<AppState>, request: Request) -> Response {
    let reader = Reader::recognise(&state, &request);
    let (parts, body) = request.into_parts();
    let key = asked_key(parts.uri.path());
    let reader = match reader {
        Ok(reader) => reader,
        Err(problem) => return refuse(Some(&key), &problem),
    };
    let bytes = match collect(body, SMALL, HANDLER_TIME).await {
        Ok(bytes) => bytes,
        Err(problem) => return refuse(Some(&key), &problem),
    };
    let mut out = Vec::with_capacity(ANSWER_SIZE);
    let error = ofrep::answer(&mut out, &reader.published.set, &key, &bytes);
    reader.note(&state, &parts.headers);
    json(error.map_or(200, ErrorCode::http_status), out)
}

/// `POST /ofrep/v1/evaluate/flags`
pub async fn evaluate_all(State(state): State<AppState>, request: Request) -> Response {
    let reader = Reader::recognise(&state, &request);
    let (parts, body) = request.into_parts();
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(problem) => return refuse(None, &problem),
    };
    let bytes = match collect(body, SMALL, HANDLER_TIME).await {
        Ok(bytes) => bytes,
        Err(problem) => return refuse(None, &problem),
    };
    let question = match ofrep::Request::parse(&bytes) {
        Ok(question) => question,
        Err(error) => {
            let mut out = Vec::new();
            let code = ofrep::refuse(&mut out, None, &error);
            return json(code.http_status(), out);
        }
    };
    if let Some(announced) = parts.uri.query().and_then(announced_revision)
        && let Err(problem) = catch_up(&state, &mut reader, &announced).await
    {
        return refuse(None, &problem);
    }
    reader.note(&state, &parts.headers);
    bulk_answer(&state, &reader, &parts.headers, question.subject())
}

fn bulk_answer(
    state: &AppState,
    reader: &Reader,
    headers: &HeaderMap,
    subject: Option<&str>,
) -> Response {
    let ticket = state
        .tickets
        .issue(&reader.identity.token_id, state.control.clock().now());
    let etag = bulk_etag(&reader.published.etag, subject.unwrap_or_default(), &ticket);
    let mut response = if is_known(headers, &etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut out = Vec::new();
        let stream = format!("{STREAM_PATH}?ticket={ticket}");
        ofrep::write_bulk(&mut out, &reader.published.set, subject, Some(&stream));
        json(200, out)
    };
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// Epoch, the snapshot's revision, and a hash of the targeting key, since the answer depends on no other context. The
/// ticket goes into the hash as well: whoever holds one that is no longer good must get an answer with a new one, not 304.
fn bulk_etag(snapshot: &str, subject: &str, ticket: &str) -> String {
    let hash = Sha256::new()
        .chain_update(ticket.as_bytes())
        .chain_update(b"/")
        .chain_update(subject.as_bytes())
        .finalize();
    let short = hash
        .iter()
        .take(8)
        .fold(0_u64, |so_far, byte| so_far << 8 | u64::from(*byte));
    format!("{}:{short:016x}\"", snapshot.trim_end_matches('"'))
}

/// Waits until the reader's snapshot is as new as the revision announced to it; one of another epoch means nothing here.
async fn catch_up(
    state: &AppState,
    reader: &mut Reader,
    announced: &Revision,
) -> Result<(), Problem> {
    let is_behind = |reader: &Reader| {
        let here = reader.published.set.revision();
        here.epoch == announced.epoch && here.number < announced.number
    };
    if !is_behind(reader) {
        return Ok(());
    }
    let mut feed = state.control.feed().subscribe();
    let until = Instant::now() + WAIT_FOR_REVISION;
    while is_behind(reader) {
        if let (Some(migration), Some(environment)) =
            (&reader.identity.migration, &reader.identity.environment)
            && let Some(published) = state.control.snapshots().get(migration, environment)
        {
            reader.published = published;
        }
        if is_behind(reader) && timeout_at(until, feed.recv()).await.is_err() {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "behind",
                format!("Revision {announced} has not arrived here yet."),
            )
            .retry_after(1));
        }
    }
    Ok(())
}

/// A refusal in OFREP's words, with the key where one was asked for.
pub fn refuse(key: Option<&str>, problem: &Problem) -> Response {
    let code = match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST => ErrorCode::ParseError,
        _ => ErrorCode::General,
    };
    let mut out = Vec::with_capacity(ANSWER_SIZE);
    ofrep::write_error(&mut out, key, code, &problem.detail);
    let mut response = json(problem.status.as_u16(), out);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_subject_or_revision_has_another_etag() {
        let first = bulk_etag("\"e:7\"", "ada", "t");
        assert!(
            first.starts_with("\"e:7:")
                && first.ends_with('"')
                && first.len() == "\"e:7:\"".len() + 16
        );
        assert_eq!(first, bulk_etag("\"e:7\"", "ada", "t"));
        assert_ne!(first, bulk_etag("\"e:7\"", "bob", "t"));
        assert_ne!(first, bulk_etag("\"e:7\"", "ada", "u"));
        assert_ne!(first, bulk_etag("\"e:8\"", "ada", "t"));
    }
}
