//! What all flag reads have in common: an `sdk` token in memory, its snapshot in memory, nothing from the database.

use std::sync::Arc;

use axum::extract::Request;
use control::directory::Identity;
use control::snapshots::Published;
use domain::read::TokenKind;
use http::header::{AUTHORIZATION, IF_NONE_MATCH, USER_AGENT};
use http::{HeaderMap, HeaderName, StatusCode};

use super::problem::Problem;
use crate::middleware::authentication::{bearer, unknown_token};
use crate::middleware::request::{RequestInfo, text};
use crate::state::AppState;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who reads, and what they may read.
pub struct Reader {
    /// The token.
    pub identity: Arc<Identity>,
    /// The flags of its environment.
    pub published: Arc<Published>,
}

impl Reader {
    /// Recognises the token of a flag read and finds its snapshot.
    ///
    /// # Errors
    /// 401 without a known token, 403 with one of another kind or of something archived, 429 for who keeps trying.
    pub fn recognise(state: &AppState, request: &Request) -> Result<Self, Problem> {
        let identity = identify(state, request, TokenKind::Sdk)?;
        let (Some(migration), Some(environment)) = (&identity.migration, &identity.environment)
        else {
            return Err(wrong_kind(TokenKind::Sdk, identity.kind));
        };
        let published = state.control.snapshots().get(migration, environment).ok_or_else(|| {
            Problem::new(
                StatusCode::FORBIDDEN,
                "archived",
                format!("Environment {environment} of migration {migration} is archived: it has no flags any more."),
            )
        })?;
        Ok(Self {
            identity,
            published,
        })
    }

    /// Notes that this reader was given its snapshot.
    pub fn note(&self, state: &AppState, headers: &HeaderMap) {
        let client = text(headers, &USER_AGENT).unwrap_or_default();
        let (revision, now) = (
            self.published.set.revision().number,
            state.control.clock().now(),
        );
        state
            .control
            .readers()
            .saw(&self.identity, client, revision, now);
    }
}

/// Recognises the token of a request that must be of one kind.
///
/// # Errors
/// 401 without a known token, 403 with one of another kind, 429 for who keeps trying.
pub fn identify(
    state: &AppState,
    request: &Request,
    kind: TokenKind,
) -> Result<Arc<Identity>, Problem> {
    let token = token(request.headers());
    let Some(identity) = state.control.directory().authenticate(token) else {
        return Err(if token.is_empty() {
            let kind = kind.as_str();
            Problem::unauthenticated(&format!(
                "Send a token of kind {kind}: Authorization: Bearer sb_{kind}_..."
            ))
        } else {
            unknown_token(state, request.extensions().get::<RequestInfo>())
        });
    };
    if identity.kind == kind {
        Ok(identity)
    } else {
        Err(wrong_kind(kind, identity.kind))
    }
}

fn wrong_kind(wanted: TokenKind, found: TokenKind) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "wrong-token-kind",
        format!(
            "This takes a token of kind {}, not {}.",
            wanted.as_str(),
            found.as_str()
        ),
    )
}

fn token(headers: &HeaderMap) -> &str {
    match text(headers, &AUTHORIZATION) {
        Some(header) => bearer(header),
        None => text(headers, &X_API_KEY).unwrap_or_default(),
    }
}

/// Whether `If-None-Match` names this `ETag` (quoted), so that 304 says it all.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.trim() == "*"
                || list
                    .split(',')
                    .map(str::trim)
                    .any(|item| item.strip_prefix("W/").unwrap_or(item) == etag)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_recognised_in_a_list_and_when_a_proxy_made_it_weak() {
        for (header, known) in [
            ("\"e:7\"", true),
            ("\"x\", W/\"e:7\"", true),
            ("*", true),
            ("\"e:70\"", false),
            ("e:7", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, header.parse().unwrap());
            assert_eq!(is_known(&headers, "\"e:7\""), known, "{header}");
        }
    }

    #[test]
    fn a_token_is_taken_from_either_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), "");
        headers.insert(X_API_KEY, "sb_sdk_1".parse().unwrap());
        assert_eq!(token(&headers), "sb_sdk_1");
        headers.insert(AUTHORIZATION, "Bearer sb_sdk_2".parse().unwrap());
        assert_eq!(token(&headers), "sb_sdk_2");
    }
}
