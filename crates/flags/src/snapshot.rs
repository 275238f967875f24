//! All flags of a migration in one environment, at one revision, and their JSON (`GET /api/v1/flags`).

use std::collections::HashMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    Epoch, Exposure, FlagState, InvalidEpoch, InvalidExposure, InvalidFlagState, InvalidKey,
    InvalidMode, Key, Mode, Revision,
};

/// The version of the JSON; a reader refuses any other.
pub(crate) const FORMAT: u32 = 1;

/// A module's mode and exposure in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "FlagWire")]
pub struct Flag {
    /// The module, `key` in JSON.
    pub module: Key,
    /// What is stored; the kill switch and retirement are applied by evaluation.
    pub state: FlagState,
    /// Old code attested gone: served new for ever, outside the kill switch.
    pub retired: bool,
}

/// All flags of a migration in one environment, at one revision.
///
/// JSON: `{"format":1,"migration","environment","epoch","revision","killSwitch","flags":[{"key","mode","exposure","retired"}]}`,
/// exposure in basis points. Reading it validates it: a snapshot is taken whole or refused whole.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SnapshotWire")]
pub struct Snapshot {
    /// The migration.
    pub migration: Key,
    /// The environment.
    pub environment: Key,
    /// The revision that last changed this snapshot.
    pub revision: Revision,
    /// Overrides all active flags to `old_only`.
    pub kill_switch: bool,
    /// One per module.
    pub flags: Vec<Flag>,
}

/// Why a flag in JSON was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlag {
    /// Its key is none.
    #[error("a flag's key: {0}")]
    Key(#[from] InvalidKey),
    /// Its mode is unknown.
    #[error("flag {module}: {source}")]
    Mode {
        /// Whose.
        module: Key,
        /// What is wrong.
        source: InvalidMode,
    },
    /// Its exposure is no exposure.
    #[error("flag {module}: {source}")]
    Exposure {
        /// Whose.
        module: Key,
        /// What is wrong.
        source: InvalidExposure,
    },
    /// Its mode and exposure do not go together.
    #[error("flag {module}: {source}")]
    State {
        /// Whose.
        module: Key,
        /// What is wrong.
        source: InvalidFlagState,
    },
}

/// Why a snapshot was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSnapshot {
    /// Not JSON, or a field is missing or of the wrong type.
    #[error("a snapshot that cannot be read: {message}")]
    Json {
        /// What the reader of JSON says.
        message: String,
    },
    /// Written in another format.
    #[error(
        "a snapshot of format {found}, this program reads format {FORMAT}: use a matching version"
    )]
    Format {
        /// The format it states.
        found: u32,
    },
    /// The migration's key is none.
    #[error("the snapshot's migration: {0}")]
    Migration(InvalidKey),
    /// The environment's key is none.
    #[error("the snapshot's environment: {0}")]
    Environment(InvalidKey),
    /// The epoch is none.
    #[error("the snapshot's epoch: {0}")]
    Epoch(#[from] InvalidEpoch),
    /// One of its flags is invalid.
    #[error(transparent)]
    Flag(#[from] InvalidFlag),
    /// Two flags whose keys are the same after `-` becomes `_`.
    #[error("two flags with the same key (- and _ count as the same): {first} and {second}")]
    Duplicate {
        /// The earlier flag.
        first: Key,
        /// The later flag.
        second: Key,
    },
}

impl Snapshot {
    /// Reads and validates a snapshot.
    ///
    /// # Errors
    /// [`InvalidSnapshot`]; nothing of a refused snapshot may be used.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InvalidSnapshot> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let unreadable = |error: serde_json::Error| InvalidSnapshot::Json {
            message: error.to_string(),
        };
        // The format comes first, so that a newer format is called that, not "missing field".
        let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
        check_format(head.format)?;
        serde_json::from_slice::<SnapshotWire>(bytes)
            .map_err(unreadable)?
            .try_into()
    }

    /// Refuses what the types alone do not: two flags whose keys are the same after `-` becomes `_`.
    ///
    /// # Errors
    /// [`InvalidSnapshot::Duplicate`] names both.
    pub fn validate(&self) -> Result<(), InvalidSnapshot> {
        let mut seen: HashMap<String, &Key> = HashMap::with_capacity(self.flags.len());
        for flag in &self.flags {
            if let Some(first) = seen.insert(flag.module.folded(), &flag.module) {
                return Err(InvalidSnapshot::Duplicate {
                    first: first.clone(),
                    second: flag.module.clone(),
                });
            }
        }
        Ok(())
    }
}

pub(crate) fn check_format(found: u32) -> Result<(), InvalidSnapshot> {
    if found == FORMAT {
        Ok(())
    } else {
        Err(InvalidSnapshot::Format { found })
    }
}

#[derive(Deserialize)]
struct FlagWire {
    key: String,
    mode: String,
    exposure: u64,
    retired: bool,
}

impl TryFrom<FlagWire> for Flag {
    type Error = InvalidFlag;

    fn try_from(wire: FlagWire) -> Result<Self, InvalidFlag> {
        let module = Key::parse(&wire.key)?;
        let mode: Mode = match wire.mode.parse() {
            Ok(mode) => mode,
            Err(source) => return Err(InvalidFlag::Mode { module, source }),
        };
        let basis_points = u16::try_from(wire.exposure).unwrap_or(u16::MAX);
        let exposure = match Exposure::from_basis_points(basis_points) {
            Ok(exposure) => exposure,
            Err(source) => return Err(InvalidFlag::Exposure { module, source }),
        };
        match FlagState::new(mode, Some(exposure)) {
            Ok(state) => Ok(Self {
                module,
                state,
                retired: wire.retired,
            }),
            Err(source) => Err(InvalidFlag::State { module, source }),
        }
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            key: &'a Key,
            mode: Mode,
            exposure: Exposure,
            retired: bool,
        }
        let (mode, exposure) = (self.state.mode(), self.state.exposure());
        Wire {
            key: &self.module,
            mode,
            exposure,
            retired: self.retired,
        }
        .serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotWire {
    format: u32,
    migration: String,
    environment: String,
    epoch: String,
    revision: u64,
    kill_switch: bool,
    flags: Vec<FlagWire>,
}

impl TryFrom<SnapshotWire> for Snapshot {
    type Error = InvalidSnapshot;

    fn try_from(wire: SnapshotWire) -> Result<Self, InvalidSnapshot> {
        check_format(wire.format)?;
        let flags = wire
            .flags
            .into_iter()
            .map(Flag::try_from)
            .collect::<Result<_, _>>()?;
        let snapshot = Self {
            migration: Key::parse(&wire.migration).map_err(InvalidSnapshot::Migration)?,
            environment: Key::parse(&wire.environment).map_err(InvalidSnapshot::Environment)?,
            revision: Revision {
                epoch: Epoch::parse(&wire.epoch)?,
                number: wire.revision,
            },
            kill_switch: wire.kill_switch,
            flags,
        };
        snapshot.validate()?;
        Ok(snapshot)
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            format: u32,
            migration: &'a Key,
            environment: &'a Key,
            epoch: &'a Epoch,
            revision: u64,
            kill_switch: bool,
            flags: &'a [Flag],
        }
        Wire {
            format: FORMAT,
            migration: &self.migration,
            environment: &self.environment,
            epoch: &self.revision.epoch,
            revision: self.revision.number,
            kill_switch: self.kill_switch,
            flags: &self.flags,
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
