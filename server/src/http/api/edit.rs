//! The version that an edit was made against: `If-Match`, or `expected_version` in the body.

use axum::extract::FromRequestParts;
use control::CommandError;
use domain::Committed;
use http::header::IF_MATCH;
use http::request::Parts;
use serde::Deserialize;

use super::Done;
use crate::http::problem::Problem;

/// The version in `If-Match`, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else {
            return Ok(Self(None));
        };
        let version = value.to_str().ok().and_then(version);
        version.map(|version| Self(Some(version))).ok_or_else(|| {
            Problem::field(
                "If-Match",
                "Send the version you saw as it stood in ETag: If-Match: \"3\"",
            )
        })
    }
}

fn version(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_prefix("W/").unwrap_or(text);
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text)
        .parse()
        .ok()
}

impl IfMatch {
    /// The version seen: the header's, else the body's.
    pub fn or(self, body: Option<i64>) -> Option<i64> {
        self.0.or(body)
    }

    /// The answer to an edit: a stale one is 412 to a header and 409 to a body.
    pub fn answer(self, result: Result<Committed, CommandError>) -> Result<Done, Problem> {
        result.map(Done::new).map_err(|error| {
            let problem = Problem::from(error);
            if self.0.is_some() {
                problem.of_precondition()
            } else {
                problem
            }
        })
    }
}

/// The body of a command that only wants to know why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Why {
    /// Why.
    pub reason: String,
    /// The version seen.
    pub expected_version: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_stood_in_the_etag() {
        for (text, number) in [
            ("\"3\"", Some(3)),
            ("W/\"3\"", Some(3)),
            (" 3 ", Some(3)),
            ("*", None),
            ("\"a\"", None),
        ] {
            assert_eq!(version(text), number, "{text}");
        }
    }
}
