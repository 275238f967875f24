//! `GET /api/v1/flags`: the whole snapshot of the token's environment, in a form prepared beforehand; and
//! `flags.env`, `flagd.json`: the same for callers without a client.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use flags::export::{self, EnvPrefix};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::acks::ride_along;
use super::api::Query;
use super::data_plane::{Reader, is_known};
use super::encoding::{Encoding, preferred};
use super::problem::Problem;
use crate::middleware::request::text;
use crate::state::AppState;

/// Answers the snapshot, or 304 to who has it.
pub async fn snapshot(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let reader = Reader::recognise(&state, &request)?;
    let headers = request.headers();
    if !ride_along(&state, &reader, headers)? {
        reader.note(&state, headers);
    }
    let published = &reader.published;
    let known = is_known(headers, &published.etag);
    let (encoding, body) = match preferred(text(headers, &ACCEPT_ENCODING).unwrap_or_default()) {
        _ if known => (None, Body::empty()),
        Encoding::Brotli => (Some("br"), Body::from(published.brotli())),
        Encoding::Gzip => (Some("gzip"), Body::from(published.gzip())),
        Encoding::Identity => (None, Body::from(published.json())),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&published.etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

/// How shell variables are named.
#[derive(Debug, Deserialize)]
pub struct Naming {
    prefix: Option<String>,
}

/// `GET /api/v1/flags.env`: shell variables to be sourced.
pub async fn env(
    State(state): State<AppState>,
    Query(naming): Query<Naming>,
    request: Request,
) -> Result<Response, Problem> {
    let reader = Reader::recognise(&state, &request)?;
    let set = &reader.published.set;
    let prefix = match naming.prefix.as_deref() {
        None | Some("") => EnvPrefix::of_migration(set),
        Some(text) => {
            EnvPrefix::parse(text).map_err(|error| Problem::field("prefix", error.to_string()))?
        }
    };
    let text = export::env(set, &prefix);
    Ok(exported(
        &state,
        &reader,
        &request,
        "text/plain; charset=utf-8",
        text,
    ))
}

/// `GET /api/v1/flagd.json`: a flag definition for flagd.
pub async fn flagd(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::recognise(&state, &request)?;
    let text = export::flagd(&reader.published.set).to_string();
    Ok(exported(
        &state,
        &reader,
        &request,
        "application/json",
        text,
    ))
}

/// The export, or 304 to who has it.
fn exported(
    state: &AppState,
    reader: &Reader,
    request: &Request,
    content_type: &'static str,
    text: String,
) -> Response {
    reader.note(state, request.headers());
    let etag = &reader.published.etag;
    let known = is_known(request.headers(), etag);
    let mut response = Response::new(if known {
        Body::empty()
    } else {
        Body::from(text)
    });
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}
