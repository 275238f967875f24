//! What stands around every page of a migration, and the list of migrations.

use flags::{Key, Mode};
use serde::{Deserialize, Serialize};

use crate::{Role, Timestamp};

/// Who looks, and what they may here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// What they are called.
    pub name: String,
    /// Their role in this migration (on the list of migrations: on the server, `None` without one).
    pub role: Option<Role>,
    /// Whether they administer the server.
    pub administers_server: bool,
}

impl Viewer {
    /// Whether controls that need `role` are enabled for them.
    pub fn has(&self, role: Role) -> bool {
        self.role >= Some(role)
    }
}

/// One environment in the frame's switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentChoice {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Whether gates look at it.
    pub deciding: bool,
    /// Whether its kill switch is on.
    pub kill_switch: bool,
    /// Row counter for edits.
    pub version: i64,
}

/// What stands around every page of one migration, for the chosen environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who looks.
    pub viewer: Viewer,
    /// The migration's key.
    pub migration: Key,
    /// Its name.
    pub name: String,
    /// Its IANA zone.
    pub zone: String,
    /// Its description.
    pub description: String,
    /// When it was archived, if it was.
    pub archived_at: Option<Timestamp>,
    /// Row counter for edits.
    pub version: i64,
    /// The environment shown.
    pub environment: EnvironmentChoice,
    /// All environments that are not archived, deciding first.
    pub environments: Vec<EnvironmentChoice>,
    /// `epoch:revision` of the environment's snapshot.
    pub revision: String,
    /// Sequence of the newest audit entry: where live updates go on from.
    pub head_sequence: u64,
    /// When the server made this, for "live" and relative times.
    pub now: Timestamp,
    /// How far the modules are.
    pub counts: ModeCounts,
    /// Share of modules' traffic on new, in basis points: the mean effective exposure of unarchived modules.
    pub share_on_new: u16,
    /// Whether this server runs with simulated data.
    pub demo: bool,
}

/// How many modules stand in which mode, as stored; retired ones count as new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModeCounts {
    /// `old_only`.
    pub old_only: u32,
    /// `both_validate`.
    pub both_validate: u32,
    /// `gradual_rollout`.
    pub gradual_rollout: u32,
    /// `new_only`, without the retired.
    pub new_only: u32,
    /// Retired.
    pub retired: u32,
    /// How many are to move in all, named yet or not.
    pub expected: Option<u32>,
}

impl ModeCounts {
    /// Named modules.
    pub fn named(&self) -> u32 {
        self.old_only + self.both_validate + self.gradual_rollout + self.new_only + self.retired
    }

    /// Counts one more active module.
    pub fn add(&mut self, mode: Mode) {
        match mode {
            Mode::OldOnly => self.old_only += 1,
            Mode::BothValidate => self.both_validate += 1,
            Mode::GradualRollout => self.gradual_rollout += 1,
            Mode::NewOnly => self.new_only += 1,
        }
    }
}

/// What the track glyph draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackState {
    /// Stored state.
    pub state: flags::FlagState,
    /// Crossed: the kill switch is on and the module is active.
    pub killed: bool,
    /// Old code is gone.
    pub retired: bool,
}

/// A migration in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationRow {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// How far its modules are, in the deciding environment.
    pub counts: ModeCounts,
    /// Mean effective exposure there, basis points.
    pub share_on_new: u16,
    /// Environments with the kill switch on.
    pub killed: Vec<Key>,
    /// First day of its first phase, ISO.
    pub start: Option<String>,
    /// Last day of its last phase, ISO.
    pub end: Option<String>,
    /// When it was archived, if it was.
    pub archived_at: Option<Timestamp>,
    /// Last audited change: when and what.
    pub last_change: Option<(Timestamp, String)>,
}
