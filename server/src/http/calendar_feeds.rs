//! `/calendar/{secret}.ics`: a migration as calendar programs read it. Whoever knows the secret may; it stands in no log.

use std::time::Instant;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use control::{queries, secret};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::data_plane::is_known;
use super::problem::Problem;
use crate::middleware::request::RequestInfo;
use crate::state::AppState;

/// The path's beginning, up to the secret.
pub const PREFIX: &str = "/calendar/";

/// `GET /calendar/{secret}.ics`
pub async fn read(
    State(state): State<AppState>,
    Path(file): Path<String>,
    headers: HeaderMap,
    Extension(request): Extension<RequestInfo>,
) -> Result<Response, Problem> {
    let base = state.public_url.to_string();
    let feed = match file.strip_suffix(".ics") {
        Some(secret) => queries::calendar_feed(&state.control, secret, &base, &request.id).await?,
        None => None,
    };
    let feed = feed.ok_or_else(|| gone(&state, &request))?;
    let etag = format!("\"{}\"", secret::hash(&feed.text));
    let mut response = if is_known(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = feed.text.into_response();
        let name = format!("inline; filename=\"{}.ics\"", feed.migration);
        if let Ok(name) = HeaderValue::from_str(&name) {
            response.headers_mut().insert(CONTENT_DISPOSITION, name);
        }
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/calendar; charset=utf-8"),
        );
        response
    };
    let answered = response.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answered.insert(ETAG, etag);
    }
    Ok(response)
}

/// The same for every secret that opens nothing; 429 to who keeps trying. Whoever has one that does is never refused
/// because of others.
fn gone(state: &AppState, request: &RequestInfo) -> Problem {
    let taken = request
        .source
        .map(|source| state.token_limit.take(source, Instant::now()));
    if let Some(Err(seconds)) = taken {
        return Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests for calendars that are not there came from this address.",
        )
        .retry_after(seconds);
    }
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no calendar at this address, or not any more. Make a new one on the calendar page of the migration.",
    )
}
