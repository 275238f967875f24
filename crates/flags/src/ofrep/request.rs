//! What a caller asks: `{"context":{"targetingKey":"...", ...}}`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::ErrorCode;

/// A question, single or bulk. Only the targeting key decides anything; other context is accepted and not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The subject, when the context names one. It may be empty, which evaluation takes as none.
    pub targeting_key: Option<Cow<'a, str>>,
}

/// Why a question was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a JSON object.
    #[error(
        "the body must be a JSON object such as {{\"context\":{{\"targetingKey\":\"user-1\"}}}}: {message}"
    )]
    Parse {
        /// What the reader of JSON says.
        message: String,
    },
    /// `context` is no object.
    #[error("context must be a JSON object")]
    ContextNotAnObject,
    /// `targetingKey` is no string.
    #[error("context.targetingKey must be a string")]
    TargetingKeyNotAString,
}

impl RequestError {
    /// The OFREP error this is.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parse { .. } => ErrorCode::ParseError,
            Self::ContextNotAnObject | Self::TargetingKeyNotAString => ErrorCode::InvalidContext,
        }
    }
}

impl From<serde_json::Error> for RequestError {
    fn from(error: serde_json::Error) -> Self {
        Self::Parse {
            message: error.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "raw")]
    context: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow, default, deserialize_with = "raw")]
    targeting_key: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Takes any value, `null` too, which `Option` alone would take for an absent field.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Request<'a> {
    /// Reads a request body. The context may be left out; a targeting key without escapes is borrowed.
    ///
    /// # Errors
    /// [`RequestError`], whose [`code`](RequestError::code) is `PARSE_ERROR` or `INVALID_CONTEXT`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RequestError> {
        // Derived readers take an array for a struct; here it is a mistake of the caller.
        if bytes
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_some_and(|&byte| byte != b'{')
        {
            return Err(RequestError::Parse {
                message: "it does not begin with {".to_owned(),
            });
        }
        let Some(context) = serde_json::from_slice::<Body<'a>>(bytes)?.context else {
            return Ok(Self::default());
        };
        if !context.get().starts_with('{') {
            return Err(RequestError::ContextNotAnObject);
        }
        let Some(targeting_key) = serde_json::from_str::<Context<'a>>(context.get())?.targeting_key
        else {
            return Ok(Self::default());
        };
        if !targeting_key.get().starts_with('"') {
            return Err(RequestError::TargetingKeyNotAString);
        }
        let Text(text) = serde_json::from_str::<Text<'a>>(targeting_key.get())?;
        Ok(Self {
            targeting_key: Some(text),
        })
    }

    /// The subject to evaluate for.
    pub fn subject(&self) -> Option<&str> {
        self.targeting_key.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject_of(body: &str) -> Result<Option<String>, ErrorCode> {
        let request = Request::parse(body.as_bytes()).map_err(|error| error.code())?;
        Ok(request.subject().map(str::to_owned))
    }

    #[test]
    fn the_targeting_key_is_read_from_among_other_context() {
        assert_eq!(
            subject_of(r#"{"context":{"targetingKey":"u1"}}"#),
            Ok(Some("u1".into()))
        );
        assert_eq!(
            subject_of(r#" {"x":1,"context":{"a":[{}],"targetingKey":"u\"\u00e9","b":null}} "#),
            Ok(Some("u\"é".into()))
        );
        assert_eq!(
            subject_of(r#"{"context":{"targetingKey":""}}"#),
            Ok(Some(String::new()))
        );
    }

    #[test]
    fn a_plain_targeting_key_is_not_copied() {
        let request = Request::parse(br#"{"context":{"targetingKey":"u1"}}"#).unwrap();
        assert!(matches!(request.targeting_key, Some(Cow::Borrowed("u1"))));
    }

    #[test]
    fn context_and_targeting_key_may_be_left_out() {
        for body in ["{}", r#"{"context":{}}"#, r#"{"context":{"user":"u1"}}"#] {
            assert_eq!(subject_of(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_a_parse_error() {
        let bodies = [
            "",
            " ",
            "[]",
            r#"[{"targetingKey":"u"}]"#,
            "null",
            "\"x\"",
            "{",
            r#"{"context":{"#,
            "{} {}",
        ];
        for body in bodies {
            assert_eq!(subject_of(body), Err(ErrorCode::ParseError), "{body}");
        }
        assert_eq!(
            subject_of(r#"{"context":{"targetingKey":"\ud800"}}"#),
            Err(ErrorCode::ParseError)
        );
        assert!(Request::parse(b"{\"context\":{\"targetingKey\":\"\xff\"}}").is_err());
    }

    #[test]
    fn a_context_of_the_wrong_type_is_an_invalid_context() {
        for context in ["null", "1", "\"u\"", "[\"u\"]", "true"] {
            let body = format!(r#"{{"context":{context}}}"#);
            assert_eq!(subject_of(&body), Err(ErrorCode::InvalidContext), "{body}");
        }
        for key in ["null", "1", "{}", "[\"u\"]", "false"] {
            let body = format!(r#"{{"context":{{"targetingKey":{key}}}}}"#);
            assert_eq!(subject_of(&body), Err(ErrorCode::InvalidContext), "{body}");
        }
    }
}
