//! What a module waits for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::Verdict;
use crate::evidence::figures::{counted, lasting};
use crate::schedule::windows::{Closed, WindowKind};
use crate::{PhaseNumber, Timestamp};

/// One thing that is missing before a module goes on. Displayed, it is a sentence; instants in it are UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Missing {
    /// Its plan has no steps.
    Steps,
    /// Nobody has started it.
    Start,
    /// No question is asked of evidence, and that is no answer.
    Gates,
    /// A gate does not say PASS.
    Gate {
        /// What it says.
        verdict: Verdict,
    },
    /// Time with data.
    Soak {
        /// Milliseconds that the clock has still to count.
        left: i64,
        /// Milliseconds that the step asks for.
        wanted: i64,
        /// Whether the clock runs.
        counting: bool,
        /// When it is to be expected; `None` while the clock stands.
        expected: Option<Timestamp>,
    },
    /// Promotions are not open.
    Open {
        /// What keeps them closed, until when.
        closed: Closed,
    },
    /// The first day of its phase.
    Begin {
        /// That day's begin.
        begins: Timestamp,
    },
    /// The end of a phase that its own needs.
    Phase {
        /// Its own.
        phase: PhaseNumber,
        /// The one it waits for.
        needs: PhaseNumber,
    },
    /// Ticks on the list before its phase.
    Checklist {
        /// Which phase.
        phase: PhaseNumber,
        /// Titles of what is neither done nor skipped.
        left: Vec<String>,
    },
    /// The resolution of a critical issue.
    Issue {
        /// Its number.
        number: u32,
        /// Its title.
        title: String,
    },
    /// The resolution of the issue that an automatic rollback opened.
    Resolution {
        /// Its number.
        issue: u32,
    },
    /// The kill switch is on.
    KillSwitch,
}

impl Missing {
    /// Whether it comes by itself.
    pub fn passes_with_time(&self) -> bool {
        matches!(
            self,
            Self::Soak { .. } | Self::Open { .. } | Self::Begin { .. }
        )
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => out.write_str("The plan has no steps for it."),
            Self::Start => out.write_str("Nobody has started its ramp."),
            Self::Gates => out.write_str("No gate is set for this step."),
            Self::Gate { verdict } => {
                let outcome = verdict.outcome.words();
                write!(
                    out,
                    "{}: {outcome}. {}",
                    verdict.rule.words(),
                    verdict.sentence
                )
            }
            Self::Soak {
                left,
                wanted,
                counting,
                ..
            } => {
                let (soaked, wanted) = (lasting(wanted.saturating_sub(*left)), lasting(*wanted));
                let rest = lasting(*left);
                write!(out, "Soaked for {soaked} of {wanted}: {rest} left")?;
                out.write_str(if *counting {
                    "."
                } else {
                    "; the clock stands still until there is data."
                })
            }
            Self::Open { closed } => {
                let window = &closed.window;
                match closed.kind {
                    WindowKind::Freeze => write!(out, "Freeze {window:?} is on")?,
                    WindowKind::Change => write!(out, "No change window is open")?,
                }
                match closed.until {
                    Some(until) => write!(out, " until {} UTC.", until.utc()),
                    None => out.write_str(", and no end of that is in sight."),
                }
            }
            Self::Begin { begins } => write!(out, "Its phase begins {} UTC.", begins.utc()),
            Self::Phase { phase, needs } => {
                write!(
                    out,
                    "Phase {phase} needs phase {needs}, which has not ended."
                )
            }
            Self::Checklist { phase, left } => {
                let count = u64::try_from(left.len()).unwrap_or(u64::MAX);
                let items = counted(count, "item", "items");
                write!(out, "The list before phase {phase} has {items} left.")
            }
            Self::Issue { number, title } => {
                write!(
                    out,
                    "Issue {number}, {title:?}, is critical and not resolved."
                )
            }
            Self::Resolution { issue } => write!(
                out,
                "It was rolled back automatically: resolve issue {issue} first."
            ),
            Self::KillSwitch => out.write_str("The kill switch is on."),
        }
    }
}
