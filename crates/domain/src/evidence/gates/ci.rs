//! Runs of the tests.

use flags::Mode;
use serde::{Deserialize, Serialize};

use super::of_one;
use crate::Timestamp;
use crate::evidence::figures::{counted, real, share};
use crate::evidence::{Outcome, Rule, Verdict};

/// One run of the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiRun {
    /// What it is called where it ran.
    pub name: String,
    /// The mode that the code under test was in.
    pub mode: Mode,
    /// When it ended.
    pub at: Timestamp,
    /// Tests that were run, skipped ones not among them.
    pub tests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Whether the job itself succeeded: it may break before a test is counted.
    pub succeeded: bool,
    /// Share of the code that tests reach, where it was measured.
    pub coverage_basis_points: Option<u16>,
    /// Where to look at it.
    pub href: Option<String>,
}

fn newest<'a>(runs: impl Iterator<Item = &'a CiRun>) -> Option<&'a CiRun> {
    runs.max_by_key(|run| run.at)
}

fn rule_of(mode: Mode) -> Rule {
    match mode {
        Mode::OldOnly => Rule::TestsOnOld,
        Mode::NewOnly => Rule::TestsOnNew,
        Mode::BothValidate | Mode::GradualRollout => Rule::TestsComparing,
    }
}

/// Whether tests pass in a mode, by the newest run in it. A run without tests proves nothing.
pub fn tests(mode: Mode, runs: &[CiRun]) -> Verdict {
    let rule = rule_of(mode);
    let Some(run) = newest(runs.iter().filter(|run| run.mode == mode)) else {
        let sentence = format!("No run of the tests with {mode} was reported.");
        return Verdict {
            needed: Some(1),
            ..Verdict::nothing(rule, None, sentence)
        };
    };
    let (name, total) = (&run.name, counted(run.tests, "test", "tests"));
    let (outcome, sentence) = if run.failed > 0 {
        let failed = counted(run.failed, "test", "tests");
        (
            Outcome::Fail,
            format!(
                "{failed} of {} failed with {mode} in run {name:?}.",
                run.tests
            ),
        )
    } else if !run.succeeded {
        (
            Outcome::Fail,
            format!("Run {name:?} with {mode} broke, though none of its {total} failed."),
        )
    } else if run.tests == 0 {
        (
            Outcome::NoData,
            format!("Run {name:?} with {mode} held no test."),
        )
    } else {
        (
            Outcome::Pass,
            format!("{total} passed with {mode} in run {name:?}."),
        )
    };
    Verdict {
        outcome,
        rule,
        sample: run.tests,
        needed: (outcome == Outcome::NoData).then_some(1),
        estimate: (run.tests > 0).then(|| real(run.failed.min(run.tests)) / real(run.tests)),
        bound: None,
        limit: Some(0.0),
        sentence,
    }
}

/// Whether tests reach enough of the code, by the newest run that measured it: one on new where there is one.
pub fn coverage(runs: &[CiRun], least_basis_points: u16) -> Verdict {
    let limit = of_one(least_basis_points);
    let measured = || {
        runs.iter()
            .filter(|run| run.coverage_basis_points.is_some())
    };
    let run =
        newest(measured().filter(|run| run.mode == Mode::NewOnly)).or_else(|| newest(measured()));
    let Some((run, covered)) = run.and_then(|run| Some((run, run.coverage_basis_points?))) else {
        return Verdict {
            needed: Some(1),
            ..Verdict::nothing(Rule::Coverage, Some(limit), "No coverage was reported.")
        };
    };
    let enough = covered >= least_basis_points;
    let word = if enough { "at least" } else { "less than" };
    Verdict {
        outcome: if enough { Outcome::Pass } else { Outcome::Fail },
        rule: Rule::Coverage,
        sample: 1,
        needed: None,
        estimate: Some(of_one(covered)),
        bound: None,
        limit: Some(limit),
        sentence: format!(
            "Tests reach {} of the code in run {:?} with {}, {word} the {} asked for.",
            share(of_one(covered)),
            run.name,
            run.mode,
            share(limit)
        ),
    }
}
