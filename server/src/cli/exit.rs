//! Exit codes, documented and stable, and why a command failed.

use std::process::ExitCode;

use serde_json::Value;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(u8);

impl Exit {
    /// Done.
    pub const DONE: Self = Self(0);
    /// Refused or failed; for `health`, degraded.
    pub const REFUSED: Self = Self(1);
    /// The command line was wrong; for `health`, unhealthy.
    pub const USAGE: Self = Self(2);
    /// The server could not be reached.
    pub const UNREACHABLE: Self = Self(3);
    /// `health`: errors are above the limit at which a module is held.
    pub const DEGRADED: Self = Self::REFUSED;
    /// `health`: nothing can be changed, or errors are above the limit for a rollback.
    pub const UNHEALTHY: Self = Self::USAGE;
    /// `health`: there is no evidence to judge by.
    pub const NO_DATA: Self = Self(4);
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened and what to do.
    pub message: String,
    /// The server's problem, where it answered one.
    pub problem: Option<Value>,
}

impl Failure {
    /// The command line was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::USAGE,
            message: message.into(),
            problem: None,
        }
    }

    /// It did not work out.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::REFUSED,
            message: message.into(),
            problem: None,
        }
    }

    /// The server could not be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::UNREACHABLE,
            message: message.into(),
            problem: None,
        }
    }

    /// The server refused.
    pub fn refused(problem: Value) -> Self {
        let detail = problem
            .get("detail")
            .and_then(Value::as_str)
            .unwrap_or("The server refused.");
        let mut message = detail.to_owned();
        if let Some(other) = problem.get("other_change") {
            let text = |name: &str| {
                other
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            message = format!("{message} ({}: {})", text("by"), text("summary"));
        }
        Self {
            exit: Exit::REFUSED,
            message,
            problem: Some(problem),
        }
    }

    /// Whether it is this refusal.
    pub fn is_code(&self, code: &str) -> bool {
        self.problem
            .as_ref()
            .and_then(|problem| problem.get("code"))
            .and_then(Value::as_str)
            == Some(code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}
