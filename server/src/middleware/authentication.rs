//! Who asks: a session cookie or a bearer token becomes a [`Caller`]. What they may is decided in `control`.

use std::time::Instant;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use control::Caller;
use domain::Actor;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap, StatusCode};
use tower_sessions::Session;

use super::request::{LocalActor, RequestInfo, new_request_id, text};
use super::sessions::USER;
use crate::http::problem::Problem;
use crate::state::AppState;

/// How a caller was recognised; an extension beside the [`Caller`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A cookie, which browsers add by themselves.
    Cookie,
    /// A token, which they do not.
    Bearer,
    /// The data directory.
    DataDirectory,
}

/// The caller of a request that needs one.
pub struct Authenticated(pub Caller);

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .map(Self)
            .ok_or_else(|| {
                Problem::unauthenticated("Sign in, or send a token: Authorization: Bearer sb_...")
            })
    }
}

/// Recognises callers of the management API: the data directory, a token or a cookie.
pub async fn identify_for_api(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match find(
        &state,
        request.extensions(),
        request.headers(),
        Accepts::TokensToo,
    )
    .await
    {
        Ok(Some((actor, proof))) => insert(&mut request, actor, proof),
        Ok(None) => {}
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

/// Recognises callers of pages: a cookie.
pub async fn identify_for_pages(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match find(
        &state,
        request.extensions(),
        request.headers(),
        Accepts::Cookies,
    )
    .await
    {
        Ok(Some((actor, proof))) => insert(&mut request, actor, proof),
        Ok(None) => {}
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

/// Refuses a request without a caller, before its body is read.
pub async fn require_caller(request: Request, next: Next) -> Response {
    if request.extensions().get::<Caller>().is_none() {
        return Problem::unauthenticated("Sign in, or send a token: Authorization: Bearer sb_...")
            .into_response();
    }
    next.run(request).await
}

/// Hides what only the data directory's owner may do from everybody else.
pub async fn require_data_directory(request: Request, next: Next) -> Response {
    if request.extensions().get::<Proof>() != Some(&Proof::DataDirectory) {
        return Problem::no_such_path().into_response();
    }
    next.run(request).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Accepts {
    Cookies,
    TokensToo,
}

async fn find(
    state: &AppState,
    extensions: &Extensions,
    headers: &HeaderMap,
    accepts: Accepts,
) -> Result<Option<(Actor, Proof)>, Problem> {
    if let Some(LocalActor(actor)) = extensions.get() {
        return Ok(Some((actor.clone(), Proof::DataDirectory)));
    }
    if accepts == Accepts::TokensToo && headers.contains_key(AUTHORIZATION) {
        let token = bearer(text(headers, &AUTHORIZATION).unwrap_or_default());
        let info = extensions.get::<RequestInfo>();
        return by_token(state, token, info).map(|actor| Some((actor, Proof::Bearer)));
    }
    let Some(session) = extensions.get::<Session>() else {
        return Ok(None);
    };
    let user = session.get::<String>(USER).await.map_err(|error| {
        tracing::error!(%error, "a session could not be read");
        Problem::internal()
    })?;
    let Some(user) = user else { return Ok(None) };
    let actor = state.control.user_actor(&user).await?;
    Ok(actor.map(|actor| (actor, Proof::Cookie)))
}

/// The token of an `Authorization` header; empty when it is of another scheme.
pub fn bearer(header: &str) -> &str {
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    }
}

fn by_token(state: &AppState, token: &str, info: Option<&RequestInfo>) -> Result<Actor, Problem> {
    let Some(identity) = state.control.directory().authenticate(token) else {
        return Err(unknown_token(state, info));
    };
    state
        .control
        .readers()
        .token_used(&identity, state.control.clock().now());
    identity.actor.clone().ok_or_else(|| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "wrong-token-kind",
            format!(
                "A token of kind {} does not manage anything. Use one of kind viewer, operator or admin.",
                identity.kind.as_str()
            ),
        )
    })
}

/// 401, or 429 to who keeps trying. A token that is known is never refused because of others.
pub fn unknown_token(state: &AppState, info: Option<&RequestInfo>) -> Problem {
    let source = info.and_then(|info| info.source);
    match source.map(|source| state.token_limit.take(source, Instant::now())) {
        Some(Err(seconds)) => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests with an unknown token came from this address.",
        )
        .retry_after(seconds),
        _ => Problem::unauthenticated("This token is not known here, or was revoked."),
    }
}

fn insert(request: &mut Request, actor: Actor, proof: Proof) {
    let info = request.extensions().get::<RequestInfo>().cloned();
    let mut caller = Caller::new(
        actor,
        info.as_ref()
            .map_or_else(new_request_id, |info| info.id.clone()),
    );
    caller.source = info.and_then(|info| info.source);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(proof);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_carries_a_token() {
        for (header, token) in [
            ("Bearer sb_sdk_x", "sb_sdk_x"),
            ("bearer  sb_sdk_x ", "sb_sdk_x"),
            ("Basic sb_sdk_x", ""),
            ("sb_sdk_x", ""),
            ("", ""),
        ] {
            assert_eq!(bearer(header), token, "{header:?}");
        }
    }
}
