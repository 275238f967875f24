//! Freezes and change windows: when promotions are open. Rollbacks always are, and nobody asks here for them.

#[cfg(not(target_family = "wasm"))]
mod timetable;

use std::fmt;

use flags::Key;
use serde::{Deserialize, Serialize};

use crate::{PhaseNumber, Timestamp};

#[cfg(not(target_family = "wasm"))]
pub use timetable::{LOOK_AHEAD_DAYS, Timetable, Window, closed, occurrences_between};

#[cfg(not(target_family = "wasm"))]
pub(super) use timetable::span;

/// What a window does to promotions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Refused inside it.
    Freeze,
    /// Refused outside of all of them.
    Change,
}

impl WindowKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Freeze, Self::Change];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Change => "change",
        }
    }

    /// How it is called in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Change => "change window",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Which modules of the migration a window is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of them.
    Migration,
    /// Those that move in one phase.
    Phase(PhaseNumber),
    /// One.
    Module(Key),
}

impl Scope {
    /// Whether the module, which moves in `phase`, is among them.
    pub fn covers(&self, module: &Key, phase: Option<PhaseNumber>) -> bool {
        match self {
            Self::Migration => true,
            Self::Phase(number) => phase == Some(*number),
            Self::Module(key) => key == module,
        }
    }
}

/// Whose it is, in a sentence: `all modules`, `phase 2`, `module billing`.
impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Migration => out.write_str("all modules"),
            Self::Phase(number) => write!(out, "phase {number}"),
            Self::Module(key) => write!(out, "module {key}"),
        }
    }
}

/// Why promotions wait, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The freeze that is on (of several, the one that ends last), or the change window that opens next (when none
    /// does any more, the one that closed last).
    pub window: String,
    /// Whether a freeze is on, or no change window is open.
    pub kind: WindowKind,
    /// Since when that is so: the begin of the unbroken run of freezes, or the end of the last change window; `None`
    /// when that was not within a year.
    pub since: Option<Timestamp>,
    /// When promotions are open again, whatever keeps them closed until then; `None` when that is further ahead than
    /// was looked.
    pub until: Option<Timestamp>,
}
