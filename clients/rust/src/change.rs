//! What the stream brings after its first snapshot.

use std::collections::{HashMap, HashSet};

use flags::{Epoch, Flag, Key, Revision, Snapshot};
use serde::Deserialize;

use crate::Problem;

/// The version of the JSON; any other is refused.
const FORMAT: u32 = 1;

/// What changed from one revision of a snapshot to a later one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    format: u32,
    pub(crate) migration: Key,
    pub(crate) environment: Key,
    pub(crate) epoch: Epoch,
    /// The only revision this may be applied on.
    pub(crate) previous: u64,
    pub(crate) revision: u64,
    kill_switch: bool,
    flags: Vec<Flag>,
    removed: Vec<Key>,
}

/// The head of this environment's flags, as the server says every ten seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) epoch: Epoch,
    pub(crate) revision: u64,
}

impl Change {
    pub(crate) fn from_json(text: &str) -> Result<Self, Problem> {
        let unreadable = |message: String| Problem::InvalidEvent(message);
        let change: Self =
            serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        if change.format != FORMAT {
            let found = change.format;
            return Err(unreadable(format!("format {found} instead of {FORMAT}")));
        }
        if change.revision <= change.previous {
            return Err(unreadable(format!(
                "it leads from revision {} to {}",
                change.previous, change.revision
            )));
        }
        Ok(change)
    }

    /// The snapshot after this change, valid as a whole or refused as a whole.
    pub(crate) fn apply_to(self, before: &Snapshot) -> Result<Snapshot, Problem> {
        let removed: HashSet<&Key> = self.removed.iter().collect();
        let mut places: HashMap<&Key, usize> = HashMap::with_capacity(before.flags.len());
        let mut flags: Vec<Flag> = Vec::with_capacity(before.flags.len() + self.flags.len());
        for flag in &before.flags {
            if !removed.contains(&flag.module) {
                places.insert(&flag.module, flags.len());
                flags.push(flag.clone());
            }
        }
        for flag in self.flags {
            let known = places.get(&flag.module);
            match known.and_then(|&place| flags.get_mut(place)) {
                Some(place) => *place = flag,
                None => flags.push(flag),
            }
        }
        let after = Snapshot {
            migration: self.migration,
            environment: self.environment,
            revision: Revision {
                epoch: self.epoch,
                number: self.revision,
            },
            kill_switch: self.kill_switch,
            flags,
        };
        after.validate()?;
        Ok(after)
    }
}

impl Heartbeat {
    pub(crate) fn from_json(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::InvalidEvent(error.to_string()))
    }
}
