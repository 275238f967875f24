//! Writes that a cookie authenticates must come from our own pages.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::allowed_hosts::AllowedHosts;
use super::authentication::Proof;
use super::request::text;
use crate::http::problem::Problem;
use crate::public_url::PublicUrl;
use crate::state::AppState;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a write from another site, unless a token or the data directory authenticates it: those no browser adds by
/// itself.
pub async fn require_own_origin(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let by_cookie = !matches!(
        request.extensions().get(),
        Some(Proof::Bearer | Proof::DataDirectory)
    );
    if reads || !by_cookie || is_own(request.headers(), &state.public_url, &state.hosts) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "foreign-origin",
        format!(
            "This form was sent from another site. Open {} and send it from there.",
            state.public_url
        ),
    )
    .into_response()
}

/// `Origin` is ours; where a browser sends none, it must say that the request comes from the same origin.
fn is_own(headers: &HeaderMap, public_url: &PublicUrl, hosts: &AllowedHosts) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return text(headers, &SEC_FETCH_SITE) == Some("same-origin");
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if origin == public_url.as_str() {
        return true;
    }
    // On this machine itself the page may have been opened as localhost or 127.0.0.1.
    let host = text(headers, &HOST).unwrap_or_default();
    hosts.is_local(host)
        && origin
            .strip_prefix("http://")
            .is_some_and(|from| from.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(public_url: &str, loopback: bool, headers: &[(&'static str, &'static str)]) -> bool {
        let url = public_url.parse().unwrap();
        let map = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        is_own(&map, &url, &AllowedHosts::new(&url, &[], loopback))
    }

    #[test]
    fn only_our_own_pages_may_write() {
        let url = "https://sb.example.org";
        assert!(own(url, false, &[("origin", "https://sb.example.org")]));
        assert!(own(url, false, &[("sec-fetch-site", "same-origin")]));
        for headers in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://sb.example.org")],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[
                ("origin", "http://localhost:3000"),
                ("host", "localhost:3000"),
            ],
        ] {
            assert!(!own(url, false, headers), "{headers:?}");
        }
    }

    #[test]
    fn a_local_page_may_have_been_opened_under_another_name_of_the_machine() {
        let url = "http://127.0.0.1:3000";
        assert!(own(
            url,
            true,
            &[
                ("origin", "http://localhost:3000"),
                ("host", "localhost:3000")
            ]
        ));
        assert!(!own(
            url,
            true,
            &[
                ("origin", "http://localhost:3001"),
                ("host", "localhost:3000")
            ]
        ));
        assert!(!own(
            url,
            true,
            &[("origin", "http://evil.example"), ("host", "evil.example")]
        ));
    }
}
