//! Bodies are read whole, within a size and a time, before the handler sees them; and a handler has a time too.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use control::{Caller, Idempotency};
use http::{HeaderName, Method, StatusCode, Uri};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::request::text;
use crate::http::problem::Problem;

/// Largest body of a request that uploads nothing, bytes.
pub const SMALL: usize = 64 * 1024;
/// Largest body of a request with a long text in it, bytes: 64 kB of it may be three times that in a form.
pub const TEXT: usize = 256 * 1024;
/// Largest upload, bytes.
pub const UPLOAD: usize = 5 * 1024 * 1024;
/// What multipart adds to an upload, bytes.
const MULTIPART_FRAME: usize = 16 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long an answer may take once the body is there.
pub const HANDLER_TIME: Duration = Duration::from_secs(15);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest `Idempotency-Key`, characters.
const LONGEST_KEY: usize = 200;

/// Reads a body of at most 64 KiB.
pub async fn read_small(request: Request, next: Next) -> Response {
    read(request, next, SMALL)
        .await
        .unwrap_or_else(Problem::into_response)
}

/// Reads a body of at most 256 KiB.
pub async fn read_text(request: Request, next: Next) -> Response {
    read(request, next, TEXT)
        .await
        .unwrap_or_else(Problem::into_response)
}

/// Reads an upload of at most 5 MiB.
pub async fn read_upload(request: Request, next: Next) -> Response {
    read(request, next, UPLOAD + MULTIPART_FRAME)
        .await
        .unwrap_or_else(Problem::into_response)
}

async fn read(request: Request, next: Next, limit: usize) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let bytes = collect(body, limit, BODY_TIME).await?;
    if let Some(key) = idempotency_key(&parts.headers)? {
        let digest = digest(&parts.method, &parts.uri, &bytes);
        if let Some(caller) = parts.extensions.get_mut::<Caller>() {
            caller.idempotency = Some(Idempotency {
                key: key.to_owned(),
                digest,
            });
        }
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    timeout(HANDLER_TIME, next.run(request))
        .await
        .map_err(|_elapsed| too_slow())
}

/// Reads a whole body within a size and a time.
///
/// # Errors
/// 413, 408, or 400 when the client went away.
pub async fn collect(body: Body, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    match timeout(time, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("The body is larger than {} KiB.", limit / 1024),
        )),
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid",
            "The body broke off.",
        )),
        Err(_elapsed) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!("The body did not arrive within {} s.", time.as_secs()),
        )),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error as _;
    error
        .source()
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

/// The answer did not come in time; a change it asked for may still be carried out.
fn too_slow() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "timeout",
        "The server was too slow. A change may still have been made: look before you try again.",
    )
    .retry_after(2)
}

fn idempotency_key(headers: &http::HeaderMap) -> Result<Option<&str>, Problem> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    text(headers, &IDEMPOTENCY_KEY)
        .filter(|key| (1..=LONGEST_KEY).contains(&key.len()))
        .map(Some)
        .ok_or_else(|| {
            Problem::field(
                "Idempotency-Key",
                format!("Send an Idempotency-Key of 1 to {LONGEST_KEY} plain characters."),
            )
        })
}

/// Hex SHA-256 of method, path, query and body.
fn digest(method: &Method, uri: &Uri, body: &[u8]) -> String {
    let target = uri
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let mut hash = Sha256::new();
    for part in [method.as_str().as_bytes(), target.as_bytes(), body] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_413() {
        let fits = collect(Body::from(vec![0; 10]), 10, BODY_TIME).await;
        assert_eq!(fits.unwrap().len(), 10);
        let problem = collect(Body::from(vec![0; 11]), 10, BODY_TIME)
            .await
            .unwrap_err();
        assert_eq!(problem.status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_never_arrives_is_408() {
        let never = Body::from_stream(futures::stream::pending::<std::io::Result<Bytes>>());
        let problem = collect(never, 10, Duration::ZERO).await.unwrap_err();
        assert_eq!(problem.status, StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn another_body_or_address_has_another_digest() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        let first = digest(&Method::POST, &uri("/a?b=1"), b"x");
        assert_eq!(first, digest(&Method::POST, &uri("/a?b=1"), b"x"));
        for other in [
            digest(&Method::PATCH, &uri("/a?b=1"), b"x"),
            digest(&Method::POST, &uri("/a?b=2"), b"x"),
            digest(&Method::POST, &uri("/a?b=1"), b"y"),
        ] {
            assert_ne!(first, other);
        }
    }
}
