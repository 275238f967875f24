//! A module's walk through its steps: what is to be done now, and if nothing, what exactly is missing.
//!
//! [`decide`] is the whole rule. It proposes or, where the migration allows it, asks for the change; commands carry it out
//! and judge once more. It keeps nothing: where a module stands is its flag.

mod missing;
mod soak;

use flags::FlagState;
use serde::{Deserialize, Serialize};

use super::{Outcome, Verdict};
use crate::plan_items::Step;
use crate::schedule::phases::Broken;
use crate::schedule::windows::Closed;
use crate::transition::Standing;
use crate::{ModuleStatus, PhaseNumber, Timestamp};

pub use missing::Missing;
pub use soak::{Soaked, Span, soaked};

/// What a migration leaves to the conductor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether it advances a module by itself, or proposes it to a person.
    pub advances: bool,
    /// Whether it rolls a module back by itself, or proposes it to a person.
    pub rolls_back: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            advances: false,
            rolls_back: true,
        }
    }
}

/// A rollback that the conductor made, and whether what it was for is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRollback {
    /// When.
    pub at: Timestamp,
    /// The issue that it opened.
    pub issue: u32,
    /// Whether that is resolved.
    pub resolved: bool,
}

/// A module's walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// Steps by rank.
    steps: Vec<Step>,
    /// When a person started it; `None` when nobody did.
    pub started: Option<Timestamp>,
    /// When the module came to where it stands.
    pub since: Timestamp,
    /// The last rollback by the conductor.
    pub made_rollback: Option<MadeRollback>,
}

impl Ramp {
    /// A walk along a rollout template, of any order.
    pub fn new(mut steps: Vec<Step>, started: Option<Timestamp>, since: Timestamp) -> Self {
        steps.sort_by_key(|step| (step.state.rank(), step.position));
        Self {
            steps,
            started,
            since,
            made_rollback: None,
        }
    }

    /// Its steps, lowest rank first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step that a module in this state is at: the highest that is not above it. `None` before the first.
    pub fn current(&self, state: FlagState) -> Option<&Step> {
        self.split(state).0.last()
    }

    /// The step after that.
    pub fn next(&self, state: FlagState) -> Option<&Step> {
        self.split(state).1.first()
    }

    fn split(&self, state: FlagState) -> (&[Step], &[Step]) {
        let through = self
            .steps
            .partition_point(|step| step.state.rank() <= state.rank());
        self.steps.split_at(through)
    }
}

/// What is known of the step a module is at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEvidence {
    /// Every question asked before it goes on.
    pub gates: Vec<Verdict>,
    /// Errors of new against the limit to roll back at.
    pub rollback: Verdict,
    /// What the soak clock has counted.
    pub soaked: Soaked,
}

/// What stands around a module and may keep it from being promoted, as of now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Windows {
    /// The freeze that is on, or the change window that is awaited.
    pub closed: Option<Closed>,
    /// Whether the environment's kill switch is on.
    pub kill_switch: bool,
    /// When its phase begins, if that has a date.
    pub phase_begins: Option<Timestamp>,
    /// Phases that its own waits for and that have not ended.
    pub broken: Vec<Broken>,
    /// Critical issues that are not resolved: number and title.
    pub issues: Vec<(u32, String)>,
    /// The list before its phase, when this is the first promotion in it: what is neither done nor skipped.
    pub checklist: Option<(PhaseNumber, Vec<String>)>,
}

/// What is to be done with a module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// The next step is due.
    Advance {
        /// That step.
        to: Step,
        /// Whether a person is to press: the migration does not let the conductor.
        proposed: bool,
    },
    /// Nothing, yet.
    Hold {
        /// Everything that is missing, never empty.
        missing: Vec<Missing>,
        /// The step that it waits for; `None` at the last one.
        next: Option<Step>,
        /// When all of it is to be expected, where only time is missing.
        expected: Option<Timestamp>,
    },
    /// It fails too often.
    RollBack {
        /// Where to.
        to: FlagState,
        /// What proves it.
        verdict: Verdict,
        /// Whether a person is to press.
        proposed: bool,
    },
    /// Nothing any more.
    Done {
        /// `active` for a module that is through its steps, otherwise what it became.
        status: ModuleStatus,
    },
}

/// What is to be done with a module now. The same input leads to the same answer.
///
/// A rollback stands before everything else and waits for nothing. `open_from` answers with the first instant from the
/// given one on in which promotions of the module are open (on the server a timetable's `open_from`), and `None` when it
/// sees none; it serves the expected time alone.
pub fn decide(
    module: &Standing,
    ramp: &Ramp,
    evidence: &StepEvidence,
    windows: &Windows,
    policy: Policy,
    now: Timestamp,
    open_from: impl Fn(Timestamp) -> Option<Timestamp>,
) -> Action {
    if module.status != ModuleStatus::Active {
        return Action::Done {
            status: module.status,
        };
    }
    let state = module.state;
    if evidence.rollback.outcome == Outcome::Fail && state.rank() > FlagState::OLD_ONLY.rank() {
        return Action::RollBack {
            to: FlagState::OLD_ONLY,
            verdict: evidence.rollback.clone(),
            proposed: !policy.rolls_back,
        };
    }
    let next = ramp.next(state).cloned();
    let mut missing = Vec::new();
    let soak_ends = ask_step(&mut missing, state, ramp, evidence, now);
    if next.is_some() {
        ask_promotion(&mut missing, ramp, windows, now);
    }
    if !missing.is_empty() {
        let opens = |from| {
            if next.is_some() {
                open_from(from)
            } else {
                Some(from)
            }
        };
        let begins = windows.phase_begins.filter(|_| next.is_some());
        let expected = missing
            .iter()
            .all(Missing::passes_with_time)
            .then_some(soak_ends)
            .flatten()
            .and_then(|ends| opens(ends.max(begins.unwrap_or(ends))));
        return Action::Hold {
            missing,
            next,
            expected,
        };
    }
    match next {
        Some(to) => Action::Advance {
            to,
            proposed: !policy.advances,
        },
        None => Action::Done {
            status: ModuleStatus::Active,
        },
    }
}

/// What the step itself lacks; answers with when it has soaked, `now` if it has.
fn ask_step(
    missing: &mut Vec<Missing>,
    state: FlagState,
    ramp: &Ramp,
    evidence: &StepEvidence,
    now: Timestamp,
) -> Option<Timestamp> {
    if ramp.steps.is_empty() {
        missing.push(Missing::Steps);
    }
    if ramp.started.is_none() {
        missing.push(Missing::Start);
    }
    if evidence.gates.is_empty() {
        missing.push(Missing::Gates);
    }
    let open = |verdict: &&Verdict| verdict.outcome != Outcome::Pass;
    missing.extend(
        evidence
            .gates
            .iter()
            .filter(open)
            .map(|verdict| Missing::Gate {
                verdict: verdict.clone(),
            }),
    );
    let wanted = ramp.current(state).map_or(0, soak::wanted);
    let left = wanted.saturating_sub(evidence.soaked.milliseconds);
    if left <= 0 {
        return Some(now);
    }
    let expected = evidence.soaked.ends(left, now);
    missing.push(Missing::Soak {
        left,
        wanted,
        counting: evidence.soaked.counting,
        expected,
    });
    expected
}

/// What keeps any promotion of the module waiting.
fn ask_promotion(missing: &mut Vec<Missing>, ramp: &Ramp, windows: &Windows, now: Timestamp) {
    if windows.kill_switch {
        missing.push(Missing::KillSwitch);
    }
    if let Some(made) = ramp.made_rollback.filter(|made| !made.resolved) {
        missing.push(Missing::Resolution { issue: made.issue });
    }
    let issues = windows.issues.iter();
    missing.extend(issues.map(|(number, title)| Missing::Issue {
        number: *number,
        title: title.clone(),
    }));
    let broken = windows.broken.iter();
    missing.extend(broken.map(|broken| Missing::Phase {
        phase: broken.phase,
        needs: broken.needs,
    }));
    if let Some(begins) = windows.phase_begins.filter(|begins| *begins > now) {
        missing.push(Missing::Begin { begins });
    }
    if let Some((phase, left)) = windows
        .checklist
        .as_ref()
        .filter(|(_, left)| !left.is_empty())
    {
        missing.push(Missing::Checklist {
            phase: *phase,
            left: left.clone(),
        });
    }
    if let Some(closed) = &windows.closed {
        missing.push(Missing::Open {
            closed: closed.clone(),
        });
    }
}
