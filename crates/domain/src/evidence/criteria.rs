//! Completion criteria: what evidence says of each, and what people attest.
//!
//! What can be measured is measured, and nobody can attest it instead: modules, traffic, errors, performance, tests. The
//! rest is attested by name, with a link to evidence. Old code may be attested gone only when nothing has used it for two
//! weeks.

mod attested;
mod measured;

use flags::Key;
use serde::{Deserialize, Serialize};

use super::gates::{Benchmark, CiRun};
use super::{LogMoments, Outcome, Tally, Verdict};
use crate::Timestamp;
use crate::plan_items::{Criterion, CriterionKind};
use crate::read::ModeCounts;

pub use attested::{Attestation, MAX_LINK, QUIET_DAYS, check_attestation, check_quiet};

/// How a criterion stands; never a silent pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionOutcome {
    /// Met.
    Pass,
    /// Not met.
    Fail,
    /// Cannot be told yet.
    NoData,
    /// Somebody said, with a reason, that it is not one for this migration.
    NotApplicable,
}

impl From<Outcome> for CriterionOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Fail => Self::Fail,
            Outcome::NoData => Self::NoData,
        }
    }
}

/// Uses that were answered by each side: what new ran for comparison alone is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Answered by old.
    pub old: u64,
    /// Answered by new.
    pub new: u64,
}

/// A stretch of time (an hour, a day) and the uses of new in it, over all modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its begin.
    pub from: Timestamp,
    /// Its end, exclusive.
    pub until: Timestamp,
    /// Uses of new.
    pub tally: Tally,
}

/// How fast a module is: by its benchmarks, or where it has none by its uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModulePerformance {
    /// Which.
    pub module: Key,
    /// Its benchmarks.
    pub benchmarks: Vec<Benchmark>,
    /// Durations of new.
    pub new: Option<LogMoments>,
    /// Durations of old, from when it was still used.
    pub old: Option<LogMoments>,
}

/// What is known of old code in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OldUse {
    /// When old was last used; `None` when it never was, as far as is known.
    pub last: Option<Timestamp>,
    /// Milliseconds with data since then (or since evidence began) in which old was not used.
    pub quiet: i64,
}

/// What criteria look at, in the deciding environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Where modules stand.
    pub counts: ModeCounts,
    /// Whether the kill switch is on: then only retired modules are on new.
    pub kill_switch: bool,
    /// Uses of the last day with data.
    pub traffic: Traffic,
    /// Since when every module has been on new; `None` while one is not.
    pub all_on_new: Option<Timestamp>,
    /// Uses of new over time, in any order.
    pub stretches: Vec<Stretch>,
    /// Every module that is not archived.
    pub performance: Vec<ModulePerformance>,
    /// Runs of the tests, in any order.
    pub ci_runs: Vec<CiRun>,
    /// Whether old code is in use.
    pub old_use: OldUse,
}

/// A criterion and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriterionStanding {
    /// The criterion.
    pub criterion: Criterion,
    /// How it stands.
    pub outcome: CriterionOutcome,
    /// The number behind that, or what is missing.
    pub sentence: String,
    /// Verdicts that it rests on, where there are any: sample, bound, limit.
    pub verdicts: Vec<Verdict>,
    /// Where to look: links of runs and of the attestation.
    pub evidence: Vec<String>,
    /// Who attested it, where somebody did.
    pub attestation: Option<Attestation>,
}

/// What was found of one criterion.
struct Finding {
    outcome: Outcome,
    sentence: String,
    verdicts: Vec<Verdict>,
    evidence: Vec<String>,
}

impl Finding {
    fn new(outcome: Outcome, sentence: impl Into<String>) -> Self {
        Self {
            outcome,
            sentence: sentence.into(),
            verdicts: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// How every criterion stands now. `attestation` answers with the last one of a criterion, by its position.
pub fn evaluate<'a>(
    criteria: &[Criterion],
    facts: &Facts,
    attestation: impl Fn(u32) -> Option<&'a Attestation>,
    now: Timestamp,
) -> Vec<CriterionStanding> {
    criteria
        .iter()
        .map(|criterion| {
            let attestation = attestation(criterion.position);
            stand(criterion, facts, attestation, now)
        })
        .collect()
}

fn stand(
    criterion: &Criterion,
    facts: &Facts,
    attestation: Option<&Attestation>,
    now: Timestamp,
) -> CriterionStanding {
    let waived = attestation.filter(|attestation| !attestation.applies);
    let finding = match criterion.kind {
        CriterionKind::ModulesMigrated => measured::modules(criterion, facts),
        CriterionKind::TrafficShare => measured::traffic(criterion, facts),
        CriterionKind::ErrorRate => measured::errors(criterion, facts, now),
        CriterionKind::Performance => measured::performance(criterion, facts),
        CriterionKind::Tests => measured::tests(criterion, facts),
        CriterionKind::OldCodeRemoved => attested::old_code(criterion, facts, attestation),
        CriterionKind::Documentation | CriterionKind::Pipeline | CriterionKind::Other => {
            attested::by_a_person(attestation)
        }
    };
    let mut evidence = finding.evidence;
    let links = attestation.map(|attestation| attestation.evidence.clone());
    evidence.extend(links.unwrap_or_default());
    let (outcome, sentence) = match waived {
        Some(waived) => (
            CriterionOutcome::NotApplicable,
            format!(
                "Not one for this migration, says {}: {}",
                waived.by, waived.note
            ),
        ),
        None => (finding.outcome.into(), finding.sentence),
    };
    CriterionStanding {
        criterion: criterion.clone(),
        outcome,
        sentence,
        verdicts: finding.verdicts,
        evidence,
        attestation: attestation.cloned(),
    }
}

/// How many modules a criterion asks for: its own number, else all that are expected or named.
fn wanted_modules(criterion: &Criterion, counts: &ModeCounts) -> i64 {
    let all = counts.expected.unwrap_or_default().max(counts.named());
    criterion.limit.unwrap_or_else(|| i64::from(all))
}

/// PASS when enough are done, FAIL when not; of none that are wanted nothing can be told.
fn enough(done: i64, wanted: i64) -> Outcome {
    match (wanted <= 0, done >= wanted) {
        (true, _) => Outcome::NoData,
        (_, true) => Outcome::Pass,
        (_, false) => Outcome::Fail,
    }
}
