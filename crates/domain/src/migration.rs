//! Migrations, environments, phases and modules: what they are, and what a person may edit of them.

use flags::Key;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Limits at which errors on new ask for a hand, in basis points of uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Above it a module is held and investigated (the reference plan's 1 %).
    pub hold_basis_points: u16,
    /// Above it a module is rolled back (the reference plan's 5 %).
    pub rollback_basis_points: u16,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            hold_basis_points: 100,
            rollback_basis_points: 500,
        }
    }
}

/// One effort to move callers from old to new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Its key, never reused.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// What it is about, plain text.
    pub description: String,
    /// IANA time zone that its civil dates and daily times are in.
    pub zone: String,
    /// First day of the earliest phase.
    pub start: Option<Date>,
    /// How many modules are to move, named yet or not.
    pub expected_modules: Option<u32>,
    /// When errors ask for a hand.
    pub thresholds: Thresholds,
    /// Whether a module whose errors are proven to be over the limit is rolled back without waiting for a person.
    pub automatic_rollback: bool,
    /// When it was put away, if it was.
    pub archived_at: Option<Timestamp>,
    /// Row counter for edits.
    pub version: i64,
}

/// Where services run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its key, unique in the migration, never reused.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// Gates and criteria look at the one that is deciding.
    pub deciding: bool,
    /// Whether everything active is overridden to `old_only`.
    pub kill_switch: bool,
    /// The server's revision that last changed this environment's snapshot.
    pub revision: u64,
    /// When it was put away, if it was.
    pub archived_at: Option<Timestamp>,
    /// Row counter for edits.
    pub version: i64,
}

/// A phase's place in its migration, from 1; also its address.
pub type PhaseNumber = u32;

/// An ordered window of civil dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its place, from 1.
    pub number: PhaseNumber,
    /// What people call it.
    pub name: String,
    /// First day, in the migration's zone.
    pub start: Option<Date>,
    /// Last day, inclusive.
    pub end: Option<Date>,
    /// How many modules it is to move, named yet or not.
    pub expected_modules: Option<u32>,
    /// Days it must stay stable before old code may go.
    pub validation_days: Option<u32>,
    /// By how many days the work written in the plan runs past `end`.
    pub overrun_days: u32,
    /// Whether the plan says that its work is that of the phase before ("same process"), and takes as long.
    pub same_process: bool,
    /// What the plan says about it.
    pub notes: String,
    /// When it was put away, if it was.
    pub archived_at: Option<Timestamp>,
    /// Row counter for edits.
    pub version: i64,
}

/// Where a module is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleStatus {
    /// Moves.
    Active,
    /// Old code is attested gone: new is served for ever.
    Retired,
    /// Put away: no longer in snapshots.
    Archived,
}

impl ModuleStatus {
    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Archived => "archived",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Retired, Self::Archived]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// The unit that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its key, unique in the migration, never reused.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// The phase it moves in.
    pub phase: Option<PhaseNumber>,
    /// User or team that answers for it.
    pub owner: String,
    /// Where old code is.
    pub old_path: String,
    /// Where new code is.
    pub new_path: String,
    /// Where it is in its life.
    pub status: ModuleStatus,
    /// Row counter: edits and flag changes in any environment count it up.
    pub version: i64,
}

/// Longest name of anything, in characters.
pub const MAX_NAME: usize = 200;
/// Longest path, owner or note, in characters.
pub const MAX_TEXT: usize = 4_000;
/// Longest reason, in characters.
pub const MAX_REASON: usize = 1_000;
/// Most modules on one server.
pub const MAX_MODULES: u32 = 10_000;
