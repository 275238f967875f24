//! Whether a rollback did what it was for: everyone obeys, errors are down, the service answers, the tests pass.

use flags::Mode;
use serde::{Deserialize, Serialize};

use super::figures::lasting;
use super::gates::{self, CiRun, errors_under, of_one};
use super::{Outcome, Rule, Tally, Verdict};
use crate::read::ReceiptView;
use crate::schedule::HOUR;
use crate::{Thresholds, Timestamp};

/// How one check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Shown to be so.
    Green,
    /// Not yet, and there is still time.
    Waiting,
    /// Not, and its time is over.
    Missing,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Every instance said that it obeys.
    Acknowledged,
    /// Errors on old are under the limit to hold at.
    Errors,
    /// The health address answers.
    Health,
    /// Tests passed on old after it.
    Tests,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What.
    pub kind: CheckKind,
    /// How it stands.
    pub state: CheckState,
    /// What was seen, or what is missing.
    pub sentence: String,
    /// The verdict behind it, where there is one.
    pub verdict: Option<Verdict>,
}

/// How much time the checks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// For instances, errors and health, in milliseconds from the rollback.
    pub settle: i64,
    /// For a run of the tests.
    pub tests: i64,
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            settle: HOUR / 6,
            tests: 24 * HOUR,
        }
    }
}

/// What a health address said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthAnswer {
    /// When.
    pub at: Timestamp,
    /// The HTTP status; `None` when nothing answered.
    pub status: Option<u16>,
}

/// What is known after a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackFacts {
    /// When it was stored.
    pub at: Timestamp,
    /// Who obeys it.
    pub receipts: Option<ReceiptView>,
    /// Uses of old from then on, of the allowed time at most.
    pub old: Tally,
    /// Whether a health address is set.
    pub health_address: bool,
    /// The last answer of it.
    pub health: Option<HealthAnswer>,
    /// Runs of the tests, in any order.
    pub ci_runs: Vec<CiRun>,
}

/// All checks of a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollbackCheck {
    /// The worst of them: green only when all are.
    pub state: CheckState,
    /// Each, in reading order.
    pub checks: Vec<Check>,
}

/// Checks a rollback.
pub fn check_rollback(
    facts: &RollbackFacts,
    thresholds: Thresholds,
    allowed: Allowed,
    now: Timestamp,
) -> RollbackCheck {
    let settle = Deadline {
        at: facts.at.plus(allowed.settle),
        now,
    };
    let tests = Deadline {
        at: facts.at.plus(allowed.tests),
        now,
    };
    let checks = vec![
        acknowledged(facts, settle),
        errors(facts, thresholds, settle),
        health(facts, settle),
        tested(facts, tests),
    ];
    let worst = checks.iter().map(|check| check.state).max();
    RollbackCheck {
        state: worst.unwrap_or(CheckState::Missing),
        checks,
    }
}

#[derive(Clone, Copy)]
struct Deadline {
    at: Timestamp,
    now: Timestamp,
}

impl Deadline {
    /// Waiting while there is time, else missing; the sentence says which.
    fn not_yet(self, kind: CheckKind, sentence: &str, verdict: Option<Verdict>) -> Check {
        let left = self.at.since(self.now);
        let (state, rest) = if left > 0 {
            (CheckState::Waiting, format!("{} left.", lasting(left)))
        } else {
            (CheckState::Missing, "Its time is over.".to_owned())
        };
        Check {
            kind,
            state,
            sentence: format!("{sentence} {rest}"),
            verdict,
        }
    }
}

fn green(kind: CheckKind, sentence: String, verdict: Option<Verdict>) -> Check {
    Check {
        kind,
        state: CheckState::Green,
        sentence,
        verdict,
    }
}

fn missing(kind: CheckKind, sentence: &str) -> Check {
    Check {
        kind,
        state: CheckState::Missing,
        sentence: sentence.into(),
        verdict: None,
    }
}

fn acknowledged(facts: &RollbackFacts, deadline: Deadline) -> Check {
    let kind = CheckKind::Acknowledged;
    let Some(receipts) = &facts.receipts else {
        return deadline.not_yet(kind, "No receipt has arrived.", None);
    };
    if receipts.expected == 0 {
        return missing(
            kind,
            "No instance with receipts was reading when it was stored: nobody can say that they obey.",
        );
    }
    let (done, all) = (receipts.acknowledged, receipts.expected);
    if receipts.missing() == 0 {
        return green(kind, format!("{all} of {all} instances obey."), None);
    }
    let behind = match receipts.behind.as_slice() {
        [] => String::new(),
        names => format!(" Behind: {}.", names.join(", ")),
    };
    deadline.not_yet(
        kind,
        &format!("{done} of {all} instances obey.{behind}"),
        None,
    )
}

fn errors(facts: &RollbackFacts, thresholds: Thresholds, deadline: Deadline) -> Check {
    let limit = of_one(thresholds.hold_basis_points);
    let verdict = errors_under(Rule::ErrorRate, "Old", facts.old, limit);
    let sentence = verdict.sentence.clone();
    match verdict.outcome {
        Outcome::Pass => green(CheckKind::Errors, sentence, Some(verdict)),
        Outcome::Fail | Outcome::NoData => {
            deadline.not_yet(CheckKind::Errors, &sentence, Some(verdict))
        }
    }
}

fn health(facts: &RollbackFacts, deadline: Deadline) -> Check {
    let kind = CheckKind::Health;
    if !facts.health_address {
        return missing(
            kind,
            "No health address is set. Name the one that the service answers at in the settings.",
        );
    }
    let answer = facts.health.as_ref().filter(|answer| answer.at >= facts.at);
    match answer.map(|answer| (answer.at.utc(), answer.status)) {
        Some((at, Some(status @ 200..=299))) => green(
            kind,
            format!("The health address answered {status} at {at} UTC."),
            None,
        ),
        Some((at, Some(status))) => {
            let sentence = format!("The health address answered {status} at {at} UTC.");
            deadline.not_yet(kind, &sentence, None)
        }
        Some((at, None)) => {
            let sentence = format!("The health address did not answer at {at} UTC.");
            deadline.not_yet(kind, &sentence, None)
        }
        None => deadline.not_yet(kind, "The health address was not asked since.", None),
    }
}

fn tested(facts: &RollbackFacts, deadline: Deadline) -> Check {
    let after: Vec<CiRun> = facts
        .ci_runs
        .iter()
        .filter(|run| run.at > facts.at)
        .cloned()
        .collect();
    let verdict = gates::tests(Mode::OldOnly, &after);
    let kind = CheckKind::Tests;
    let sentence = verdict.sentence.clone();
    match verdict.outcome {
        Outcome::Pass => green(kind, sentence, Some(verdict)),
        Outcome::Fail | Outcome::NoData => deadline.not_yet(kind, &sentence, Some(verdict)),
    }
}
