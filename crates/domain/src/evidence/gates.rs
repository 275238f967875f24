//! Questions asked of evidence.
//!
//! PASS and FAIL are both proven, at 95 % each way; all between is NO DATA, with about how much more is needed. Shares
//! are of 1, limits that people set are basis points.
//!
//! | module | question |
//! | --- | --- |
//! | `share` | is a share of uses under a limit? |
//! | `comparison` | does new answer as old does, and fail no more often, use by use? |
//! | `latency` | does new take as long as old? |
//! | `benchmark` | do benchmarks take as long as their baseline, and has any become worse? |
//! | `ci` | do tests pass on both sides, and cover enough? |

mod benchmark;
mod ci;
mod comparison;
mod latency;
mod share;

use flags::{FlagState, Mode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{LogMoments, Rule, SideWindow, Verdict};
use crate::Thresholds;

pub use benchmark::{Alarm, Benchmark, BenchmarkRun, alarm, benchmark, benchmarks, regressions};
pub use ci::{CiRun, coverage, tests};
pub use comparison::{
    Comparisons, KnownDifference, Matched, PairedErrors, Pairs, mismatches, paired_errors,
};
pub use latency::{latency, paired_latency};
pub use share::{error_rate, errors_under};

/// How far durations may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Margin {
    /// The ratio new : old lies between `1 / (1 + margin)` and `1 + margin`; basis points.
    pub basis_points: u16,
    /// Whether new may be faster than that.
    pub faster_passes: bool,
}

impl Default for Margin {
    fn default() -> Self {
        Self {
            basis_points: 500,
            faster_passes: false,
        }
    }
}

impl Margin {
    /// As a share of 1.
    pub fn share(self) -> f64 {
        of_one(self.basis_points)
    }
}

/// Basis points as a share of 1.
pub(crate) fn of_one(basis_points: u16) -> f64 {
    f64::from(basis_points) / 10_000.0
}

/// What evidence is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The migration's limits of errors on new.
    pub thresholds: Thresholds,
    /// How many more mismatches there may be than noise and known differences explain, basis points of comparisons.
    pub mismatch_basis_points: u16,
    /// How much more often new may fail than old, use by use, basis points of comparisons.
    pub paired_error_basis_points: u16,
    /// How far durations and benchmarks may be apart.
    pub margin: Margin,
    /// Least coverage by tests.
    pub coverage_basis_points: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::default(),
            mismatch_basis_points: 10,
            paired_error_basis_points: 10,
            margin: Margin::default(),
            coverage_basis_points: 9_000,
        }
    }
}

/// All that was measured of a module in one environment, over the window that is judged (for a ramp: since the step
/// began, or since the last FAIL). What was not measured is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModuleEvidence {
    /// Uses and durations of old.
    pub old: SideWindow,
    /// Uses and durations of new.
    pub new: SideWindow,
    /// Answers compared.
    pub comparisons: Option<Comparisons>,
    /// Errors of the same uses on both sides.
    pub paired_errors: Option<PairedErrors>,
    /// Moments of `ln(new / old)` of the same uses.
    pub paired_latency: Option<LogMoments>,
    /// Benchmarks with their baselines and runs.
    pub benchmarks: Vec<Benchmark>,
    /// Runs of the tests, in any order.
    pub ci_runs: Vec<CiRun>,
}

/// The questions asked before a module leaves a state upwards, unless the migration names its own.
pub fn rules_for(state: FlagState) -> &'static [Rule] {
    match state.mode() {
        Mode::OldOnly => &[Rule::TestsOnOld, Rule::Coverage],
        Mode::BothValidate => &[
            Rule::ErrorRate,
            Rule::Mismatches,
            Rule::PairedErrors,
            Rule::PairedLatency,
            Rule::TestsOnOld,
            Rule::TestsOnNew,
        ],
        Mode::GradualRollout => &[
            Rule::ErrorRate,
            Rule::Latency,
            Rule::TestsOnOld,
            Rule::TestsOnNew,
        ],
        Mode::NewOnly => &[Rule::ErrorRate, Rule::TestsOnNew],
    }
}

/// Asks each question, in the order given. `today` is in the migration's zone.
pub fn judge(
    rules: &[Rule],
    evidence: &ModuleEvidence,
    limits: &Limits,
    today: Date,
) -> Vec<Verdict> {
    rules
        .iter()
        .map(|rule| judge_one(*rule, evidence, limits, today))
        .collect()
}

fn judge_one(rule: Rule, evidence: &ModuleEvidence, limits: &Limits, today: Date) -> Verdict {
    let (old, new) = (&evidence.old, &evidence.new);
    match rule {
        Rule::ErrorRate | Rule::RollbackRate => error_rate(rule, new.tally, limits.thresholds),
        Rule::Mismatches => mismatches(
            evidence.comparisons.as_ref(),
            limits.mismatch_basis_points,
            today,
        ),
        Rule::PairedErrors => {
            paired_errors(evidence.paired_errors, limits.paired_error_basis_points)
        }
        Rule::Latency => latency(new.latency.as_ref(), old.latency.as_ref(), limits.margin),
        Rule::PairedLatency => paired_latency(evidence.paired_latency.as_ref(), limits.margin),
        Rule::Benchmarks => benchmarks(&evidence.benchmarks, limits.margin),
        Rule::Regression => regressions(&evidence.benchmarks, limits.margin),
        Rule::TestsOnOld => tests(Mode::OldOnly, &evidence.ci_runs),
        Rule::TestsOnNew => tests(Mode::NewOnly, &evidence.ci_runs),
        Rule::TestsComparing => tests(Mode::BothValidate, &evidence.ci_runs),
        Rule::Coverage => coverage(&evidence.ci_runs, limits.coverage_basis_points),
    }
}
