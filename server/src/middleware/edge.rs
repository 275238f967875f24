//! Around everything: the request's id, the allowed hosts, panics, problems on their way out, headers, counters.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower::Service as _;
use tracing::Instrument as _;

use super::request::{
    Entrance, LocalActor, RequestInfo, is_forwarded, new_request_id, source, text,
};
use crate::http::calendar_feeds;
use crate::http::problem::Problem;
use crate::metrics::Area;
use crate::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Policy of everything that is not a page of the site: no script, no frame, nothing from elsewhere.
const BARE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The router and what is around it.
#[derive(Clone)]
pub struct Edge {
    state: AppState,
    router: Router,
}

impl Edge {
    /// Puts the edge around a router.
    pub fn new(state: AppState, router: Router) -> Self {
        Self { state, router }
    }

    /// Answers a request, whatever happens.
    pub async fn answer(&self, mut request: Request, entrance: &Entrance) -> Response {
        let area = Area::of(request.uri().path());
        let info = self.describe(&request, entrance);
        let wants_page = area == Area::Page && accepts_html(request.headers());
        let id = info.id.clone();
        if let Entrance::DataDirectory(actor) = entrance {
            request.extensions_mut().insert(LocalActor(actor.clone()));
        }
        request.extensions_mut().insert(info);
        let mut response = match self.check_host(&request, entrance) {
            Err(problem) => problem.into_response(),
            Ok(()) if area.is_data_plane() => self.route(request).await,
            Ok(()) => self.route_with_log(request, area, &id).await,
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = self.write(&problem, response.headers(), wants_page, &id);
        }
        if matches!(
            response.status(),
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT
        ) {
            // The rest of the body is never read, so nothing else can follow on this connection.
            response.headers_mut().insert(
                http::header::CONNECTION,
                http::HeaderValue::from_static("close"),
            );
        }
        self.state.metrics.answered(area, response.status());
        self.add_headers(&mut response, area, &id);
        response
    }

    fn describe(&self, request: &Request, entrance: &Entrance) -> RequestInfo {
        let id = new_request_id();
        let Entrance::Network(peer) = entrance else {
            return RequestInfo {
                id,
                source: None,
                from_this_machine: true,
            };
        };
        let trusted = self.state.trusted_proxy_header.as_ref();
        let address = source(peer.ip().to_canonical(), request.headers(), trusted);
        let from_this_machine = address.is_loopback() && !is_forwarded(request.headers());
        RequestInfo {
            id,
            source: Some(address),
            from_this_machine,
        }
    }

    fn check_host(&self, request: &Request, entrance: &Entrance) -> Result<(), Problem> {
        // Whoever asks for health may know this server by its address alone.
        if matches!(entrance, Entrance::DataDirectory(_))
            || matches!(request.uri().path(), "/healthz" | "/readyz")
        {
            return Ok(());
        }
        let host = match request.uri().authority() {
            Some(authority) => authority.as_str(),
            None => text(request.headers(), &HOST).unwrap_or_default(),
        };
        if self.state.hosts.allow(host) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown-host",
            format!(
                "This server is {} and does not answer to that host name. Use that address, or start it with --allowed-host.",
                self.state.public_url
            ),
        ))
    }

    async fn route_with_log(&self, request: Request, area: Area, id: &str) -> Response {
        // Never the query: a sign-in link stands in one.
        let (method, path) = (request.method().clone(), request.uri().path());
        // Nor the secret of a calendar.
        let path = if path.starts_with(calendar_feeds::PREFIX) {
            calendar_feeds::PREFIX.to_owned()
        } else {
            path.to_owned()
        };
        let start = Instant::now();
        let span = tracing::info_span!("request", %id);
        async {
            let response = self.route(request).await;
            let (status, elapsed) = (response.status().as_u16(), start.elapsed());
            let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            if response.status().is_server_error() {
                tracing::warn!(%method, path, status, milliseconds, "answered");
            } else {
                tracing::debug!(%method, path, status, milliseconds, "answered");
            }
            self.state.metrics.took(area, elapsed);
            response
        }
        .instrument(span)
        .await
    }

    async fn route(&self, request: Request) -> Response {
        // A HEAD is answered by the handler of GET, whose body the HTTP layer leaves out.
        let mut router = self.router.clone();
        let answer = AssertUnwindSafe(async move { router.call(request).await })
            .catch_unwind()
            .await;
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                let message = panic_message(panic.as_ref());
                tracing::error!(message, "a handler panicked");
                Problem::internal().into_response()
            }
        }
    }

    /// Writes the body of a problem, and keeps headers that were set `beside` it.
    fn write(&self, problem: &Problem, beside: &HeaderMap, as_page: bool, id: &str) -> Response {
        let mut response = if as_page {
            problem.page_response(id, &self.state.site.addresses().css)
        } else {
            problem.json_response(id)
        };
        for (name, value) in beside {
            if *name != http::header::CONTENT_LENGTH && !response.headers().contains_key(name) {
                response.headers_mut().append(name, value.clone());
            }
        }
        response
    }

    fn add_headers(&self, response: &mut Response, area: Area, id: &str) {
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.state.public_url.is_secure() {
            headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
        }
        if area.is_data_plane() {
            return;
        }
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers
            .entry(CONTENT_SECURITY_POLICY)
            .or_insert(BARE_POLICY);
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    text(headers, &ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// What axum answers by itself where nothing matches.
pub async fn no_such_path() -> Problem {
    Problem::no_such_path()
}

/// The path is there, for another method.
pub async fn no_such_method(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        format!("{method} is not possible here; the header Allow says what is."),
    )
}
