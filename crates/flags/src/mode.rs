//! What callers of a module do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What callers of a module do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Serve old.
    OldOnly,
    /// Serve old, run new beside it and compare.
    BothValidate,
    /// Serve new to a share of subjects, old to the rest.
    GradualRollout,
    /// Serve new.
    NewOnly,
}

/// A text is not a [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mode: write old_only, both_validate, gradual_rollout or new_only")]
pub struct InvalidMode;

impl Mode {
    /// Every mode, lowest rank first.
    pub const ALL: [Self; 4] = [
        Self::OldOnly,
        Self::BothValidate,
        Self::GradualRollout,
        Self::NewOnly,
    ];

    /// The mode as it is written in JSON, SQL and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OldOnly => "old_only",
            Self::BothValidate => "both_validate",
            Self::GradualRollout => "gradual_rollout",
            Self::NewOnly => "new_only",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(InvalidMode)
    }
}
