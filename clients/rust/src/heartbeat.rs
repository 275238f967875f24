//! What the server says every ten seconds.

use flags::Epoch;
use serde::Deserialize;

use crate::Problem;

/// The head of this environment's flags.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) epoch: Epoch,
    pub(crate) revision: u64,
}

impl Heartbeat {
    pub(crate) fn from_json(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::InvalidEvent(error.to_string()))
    }
}
