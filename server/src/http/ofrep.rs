//! The `OpenFeature` Remote Evaluation Protocol 0.3: one flag, or all of the token's environment.
//!
//! Nothing here waits for anything but the request's own body (and, with a `flagConfigEtag` from the future, for the
//! change it announces).

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use flags::ofrep::{self, ErrorCode};
use flags::{FlagSet, Revision};
use http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use super::data_plane::{Reader, is_known};
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, SMALL, collect};
use crate::state::AppState;

/// Where all flags are asked for; a single one's key follows after a slash.
pub const BULK_PATH: &str = "/ofrep/v1/evaluate/flags";
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
    let key = asked_key(&parts.uri);
    let reader = match reader {
        Ok(reader) => reader,
        Err(problem) => return refuse(Some(&key), &problem),
    };
    let bytes = match collect(body, SMALL, HANDLER_TIME).await {
        Ok(bytes) => bytes,
        Err(problem) => return refuse(Some(&key), &problem),
    };
    let mut out = Vec::with_capacity(ANSWER_SIZE);
    let status = match ofrep::Request::parse(&bytes) {
        Ok(question) => write_answer(&mut out, &reader.published.set, &key, question.subject()),
        Err(error) => {
            ofrep::write_error(&mut out, Some(&key), error.code(), &error.to_string());
            Some(error.code())
        }
    };
    reader.note(&state, &parts.headers);
    json(status.map_or(200, ErrorCode::http_status), out)
}

/// Writes the answer to one question; says which error it is.
fn write_answer(
    out: &mut Vec<u8>,
    set: &FlagSet,
    key: &str,
    subject: Option<&str>,
) -> Option<ErrorCode> {
    let revision = set.revision().number;
    if key.rsplit('.').next() == Some("mode") {
        let answer = set.mode(key);
        ofrep::write_mode(out, key, &answer, revision);
        return answer.err().map(ErrorCode::from);
    }
    let answer = set.evaluate(key, subject);
    ofrep::write_evaluation(out, key, &answer, revision);
    answer.err().map(ErrorCode::from)
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
            ofrep::write_error(&mut out, None, error.code(), &error.to_string());
            return json(error.code().http_status(), out);
        }
    };
    if let Some(announced) = announced_revision(&parts.uri)
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

/// The revision that an event announced to this reader: `flagConfigEtag` in the query.
fn announced_revision(uri: &Uri) -> Option<Revision> {
    let value = uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("flagConfigEtag="))?;
    percent_decoded(value).trim_matches('"').parse().ok()
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

/// The key asked for, as it stood in the path.
fn asked_key(uri: &Uri) -> Cow<'_, str> {
    let rest = uri
        .path()
        .strip_prefix(BULK_PATH)
        .and_then(|rest| rest.strip_prefix('/'));
    percent_decoded(rest.unwrap_or_default())
}

/// What is not valid UTF-8 becomes a character that no key holds.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits
            .filter(|_| first == b'%')
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
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

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn the_key_is_read_from_the_path() {
        assert_eq!(
            asked_key(&uri("/ofrep/v1/evaluate/flags/arche.memory")),
            "arche.memory"
        );
        assert_eq!(
            asked_key(&uri("/ofrep/v1/evaluate/flags/arche%2Ememory?x=1")),
            "arche.memory"
        );
        assert_eq!(asked_key(&uri("/ofrep/v1/evaluate/flags/a%2")), "a%2");
    }

    #[test]
    fn an_announced_revision_is_read_with_and_without_quotes() {
        let read = |query: &str| {
            announced_revision(&uri(&format!("{BULK_PATH}?{query}"))).map(|r| r.to_string())
        };
        assert_eq!(read("flagConfigEtag=e:7").as_deref(), Some("e:7"));
        assert_eq!(
            read("a=b&flagConfigEtag=%22e%3A7%22").as_deref(),
            Some("e:7")
        );
        assert_eq!(read("flagConfigEtag=nonsense"), None);
        assert_eq!(read("flagConfigLastModified=1"), None);
    }

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
