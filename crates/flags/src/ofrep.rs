//! The `OpenFeature` Remote Evaluation Protocol 0.3: requests read from bytes, answers written as bytes.
//!
//! Answers are written straight into a buffer, because a server answers tens of thousands a second. One flag:
//!
//! ```json
//! {"key":"arche.memory","value":true,"reason":"SPLIT","variant":"new",
//!  "metadata":{"revision":7,"mode":"gradual_rollout","exposure":1000,"compare":false}}
//! ```
//!
//! `exposure` is in basis points (1000 is 10 %). `mode`, `exposure` and `compare` are those in effect; `killSwitch: true` and
//! `retired: true` appear where they apply, `storedMode` where either of them does. An error is
//! `{"key":"...","errorCode":"FLAG_NOT_FOUND","errorDetails":"..."}`.

mod answer;
mod json;
mod question;
mod request;

pub use answer::{write_bulk, write_error, write_evaluation, write_mode};
pub use question::{BULK_PATH, announced_revision, answer, asked_key, refuse};
pub use request::{Request, RequestError};

use crate::EvaluationError;

/// An error in `OpenFeature`'s words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The body cannot be read.
    ParseError,
    /// The context, or the targeting key in it, has the wrong type.
    InvalidContext,
    /// The answer depends on a targeting key and there is none.
    TargetingKeyMissing,
    /// There is no such flag.
    FlagNotFound,
    /// Anything else.
    General,
}

impl ErrorCode {
    /// As it stands in `errorCode`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "PARSE_ERROR",
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::General => "GENERAL",
        }
    }

    /// The HTTP status of a single answer with this error.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::ParseError | Self::InvalidContext | Self::TargetingKeyMissing => 400,
            Self::FlagNotFound => 404,
            Self::General => 500,
        }
    }
}

impl From<EvaluationError> for ErrorCode {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::FlagNotFound => Self::FlagNotFound,
            EvaluationError::TargetingKeyMissing => Self::TargetingKeyMissing,
        }
    }
}
