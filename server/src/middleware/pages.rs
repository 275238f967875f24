//! Pages: a content policy with a nonce of their own, and no page without signing in.

use std::fmt::Write as _;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use control::Caller;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Method, Uri};
use rand::RngCore as _;

use crate::http::problem::Problem;

/// The nonce that scripts of this answer carry; an extension of page requests.
#[derive(Debug, Clone)]
pub struct Nonce(pub String);

/// Gives the request a nonce and its answer the policy that goes with it.
pub async fn content_policy(mut request: Request, next: Next) -> Response {
    let nonce = new_nonce();
    request.extensions_mut().insert(Nonce(nonce.clone()));
    let mut response = next.run(request).await;
    if let Ok(policy) = HeaderValue::try_from(policy(&nonce)) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn new_nonce() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Sends who is not signed in to the sign-in page, and back afterwards; what is no page is 401.
pub async fn require_sign_in(request: Request, next: Next) -> Response {
    if request.extensions().get::<Caller>().is_some() || is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.uri().path().starts_with("/fn/")
        && !request.uri().path().ends_with("/live");
    if is_page {
        return Redirect::to(&sign_in_address(request.uri())).into_response();
    }
    Problem::unauthenticated(
        "You are signed out. Sign in again, then repeat it: nothing was changed.",
    )
    .into_response()
}

/// What may be seen without signing in. The flash of a page is one's own or nothing.
fn is_open(path: &str) -> bool {
    matches!(path, "/sign-in" | "/sign-out" | "/fn/flash")
}

fn sign_in_address(uri: &Uri) -> String {
    let wanted = uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    if wanted == "/" {
        return "/sign-in".into();
    }
    let mut encoded = String::with_capacity(wanted.len() + 16);
    for byte in wanted.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _writing_to_memory = write!(encoded, "%{byte:02X}");
        }
    }
    format!("/sign-in?next={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_was_asked_for_survives_signing_in() {
        let address = |text: &str| sign_in_address(&text.parse().unwrap());
        assert_eq!(address("/"), "/sign-in");
        assert_eq!(
            address("/m/atlas?env=staging&x=1"),
            "/sign-in?next=/m/atlas%3Fenv%3Dstaging%26x%3D1"
        );
    }

    #[test]
    fn every_answer_has_another_nonce() {
        assert_ne!(new_nonce(), new_nonce());
        assert!(policy("abc").contains("script-src 'nonce-abc' 'wasm-unsafe-eval'"));
    }
}
