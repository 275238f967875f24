//! What can go wrong, in words a person can act on. None of it ever reaches an evaluation.

use std::time::Duration;

use flags::{InvalidSnapshot, Key, Revision};

/// Why a client was not started. Only what the caller gave can be the reason, never the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The server's address is none.
    #[error("{given:?} is not an address such as https://switchback.example.org: {message}")]
    Address {
        /// What was given.
        given: String,
        /// What is wrong with it.
        message: String,
    },
    /// The token is empty or holds characters that no token has.
    #[error("the token is empty or holds characters that no token has: give one of kind {kind}")]
    Token {
        /// The kind that is needed.
        kind: &'static str,
    },
    /// A name cannot be sent.
    #[error("the {what} must have 1 to 128 visible ASCII characters")]
    Name {
        /// Which name.
        what: &'static str,
    },
    /// The migration or environment asked for is no key.
    #[error("{given:?} is no key: {message}")]
    Key {
        /// What was given.
        given: String,
        /// Which rule it breaks.
        message: String,
    },
    /// The flags to begin with are refused.
    #[error("the flags to begin with: {0}")]
    Initial(String),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Http(String),
    /// There is no tokio runtime here and none was given.
    #[error("start it within a tokio runtime, or give the builder a runtime's handle")]
    NoRuntime,
    /// A thread cannot be started.
    #[error("a thread for comparisons cannot be started: {0}")]
    Thread(String),
}

/// Why something between the server, the disk and this process did not work. The last known flags stay in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No answer, or a torn one.
    #[error("the server cannot be reached: {0}")]
    Away(String),
    /// The stream brought nothing for so long that it counts as dead.
    #[error("the stream was silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// The stream brought a single event larger than any snapshot, or an answer was that large.
    #[error("the server sends more than {0} bytes at once")]
    TooLarge(usize),
    /// The server says that it cannot answer now.
    #[error("the server answers {status}: it has no room now")]
    Unavailable {
        /// What it answered.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The token is not accepted.
    #[error("the server refuses the token ({status}): make a new one")]
    Denied {
        /// What it answered.
        status: u16,
    },
    /// An answer that no server of this kind gives.
    #[error("the server answers {status}: is the address that of a Switchback server?")]
    Unexpected {
        /// What it answered.
        status: u16,
    },
    /// A snapshot fails validation; nothing of it was used.
    #[error(transparent)]
    Invalid(#[from] InvalidSnapshot),
    /// A change or heartbeat cannot be read; nothing of it was used.
    #[error("an event of the stream cannot be read: {0}")]
    InvalidEvent(String),
    /// Flags of another migration or environment.
    #[error("these are flags of {found}, wanted are those of {wanted}: use that one's token")]
    Foreign {
        /// What came.
        found: Key,
        /// What was wanted.
        wanted: Key,
    },
    /// The server went back in time within one epoch.
    #[error("revision {found} is older than {applied}, which is in force")]
    Older {
        /// What came.
        found: Revision,
        /// What is in force.
        applied: Revision,
    },
    /// The file of last known flags cannot be read or written.
    #[error("the file of last known flags: {0}")]
    Disk(String),
}

impl Problem {
    /// In words, without the address, which the caller knows.
    pub(crate) fn away(error: &reqwest::Error) -> Self {
        Self::Away(
            if error.is_timeout() {
                "no answer in time"
            } else if error.is_connect() {
                "no connection"
            } else {
                "the connection broke off"
            }
            .to_owned(),
        )
    }
}

/// Why there is no answer; [`Client::use_new`](crate::Client::use_new) takes old then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// No snapshot is there yet, neither from the network nor from the disk.
    #[error("no flags are known yet")]
    NotReady,
    /// The snapshot has no such flag.
    #[error("there is no such flag in this migration and environment")]
    FlagNotFound,
    /// A gradual rollout was asked about without a subject (or with an empty one).
    #[error("a gradual rollout needs a subject to choose by")]
    TargetingKeyMissing,
}

impl From<flags::EvaluationError> for EvaluationError {
    fn from(error: flags::EvaluationError) -> Self {
        match error {
            flags::EvaluationError::FlagNotFound => Self::FlagNotFound,
            flags::EvaluationError::TargetingKeyMissing => Self::TargetingKeyMissing,
        }
    }
}
