//! How a client stands with its server.

use std::time::Duration;

use flags::{Epoch, Revision};

use crate::Problem;

/// Where the flags in force came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The program itself: the flags it was given to begin with, or none and so old for everybody.
    CompiledIn,
    /// The file of last known flags; the server has not confirmed them yet.
    Disk,
    /// The server.
    Network,
}

/// What a problem concerns. Each part has at most one standing problem, gone when that part works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Reading pushed changes.
    Stream,
    /// Asking for the flags, beside a stream that is down or behind.
    Poll,
    /// A snapshot or change that was refused.
    Snapshot,
    /// Telling the server which revision is in force here.
    Receipt,
    /// The file of last known flags.
    Disk,
}

impl Part {
    pub(crate) const ALL: [Self; 5] = [
        Self::Stream,
        Self::Poll,
        Self::Snapshot,
        Self::Receipt,
        Self::Disk,
    ];

    /// Where it stands in [`Part::ALL`].
    pub(crate) const fn place(self) -> usize {
        self as usize
    }
}

/// A problem that still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it concerns.
    pub part: Part,
    /// What it is.
    pub problem: Problem,
    /// How long ago it was met last.
    pub ago: Duration,
}

/// How a client stands with its server, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What is in force, once anything is.
    pub revision: Option<Revision>,
    /// Where that came from.
    pub source: Source,
    /// Whether changes are pushed.
    pub stream_connected: bool,
    /// How long ago the server gave its last sign of life (or the client was started).
    pub silent_for: Duration,
    /// How long the flags have counted as stale; none while they are fresh. Stale flags are served all the same.
    pub stale_for: Option<Duration>,
    /// What does not work now.
    pub troubles: Vec<Trouble>,
}

impl Status {
    /// The life of the server's state that the flags in force belong to.
    pub fn epoch(&self) -> Option<&Epoch> {
        self.revision.as_ref().map(|revision| &revision.epoch)
    }

    /// The problem met last, of those that still stand.
    pub fn last_error(&self) -> Option<&Problem> {
        let latest = self.troubles.iter().min_by_key(|trouble| trouble.ago);
        latest.map(|trouble| &trouble.problem)
    }

    /// What does not work with one part.
    pub fn trouble(&self, part: Part) -> Option<&Problem> {
        let found = self.troubles.iter().find(|trouble| trouble.part == part);
        found.map(|trouble| &trouble.problem)
    }
}
