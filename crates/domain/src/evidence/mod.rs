//! What was measured, and what it says: verdicts with their sample and bound, never a silent pass.
//!
//! Evidence is counted elsewhere, over a window that the caller chose; here it is judged. Every verdict is PASS, FAIL or
//! NO DATA and carries a sentence that can be read aloud.
//!
//! | module | subject |
//! | --- | --- |
//! | [`statistics`] | exact bounds, paired tests, equivalence, rank sums |
//! | [`gates`] | questions asked of evidence, and their verdicts |
//! | [`health`] | healthy, degraded, unhealthy, no data |
//! | [`ramp`] | a module's walk through its steps, the soak clock |
//! | [`criteria`] | completion criteria, measured or attested |
//! | [`rollback_check`] | whether a rollback did what it was for |
//! | `figures` | numbers as they stand in sentences |

pub mod criteria;
pub mod figures;
pub mod gates;
pub mod health;
pub mod ramp;
pub mod rollback_check;
pub mod statistics;

use serde::{Deserialize, Serialize};

pub use flags::Side;

/// Uses of one implementation, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Uses, failed ones among them.
    pub uses: u64,
    /// Uses that failed.
    pub errors: u64,
}

impl Tally {
    /// The share that failed; `None` without uses.
    pub fn rate(self) -> Option<f64> {
        let rate = || figures::real(self.errors.min(self.uses)) / figures::real(self.uses);
        (self.uses > 0).then(rate)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            uses: self.uses.saturating_add(other.uses),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

/// Moments of the natural logarithm of durations, of whatever unit: ratios are differences here.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LogMoments {
    /// Observations.
    pub count: u64,
    /// Mean of the logarithms.
    pub mean: f64,
    /// Their variance, with `count - 1` below the line; 0 for fewer than two.
    pub variance: f64,
}

impl LogMoments {
    /// The moments of durations; `None` when one is not above 0, or none is given.
    pub fn of(durations: &[f64]) -> Option<Self> {
        let fit = |duration: &f64| duration.is_finite() && *duration > 0.0;
        if durations.is_empty() || !durations.iter().all(fit) {
            return None;
        }
        let mut moments = Self::default();
        let mut squares = 0.0;
        for duration in durations {
            // Welford's way: no difference of large sums.
            moments.count += 1;
            let from_mean = duration.ln() - moments.mean;
            moments.mean += from_mean / figures::real(moments.count);
            squares += from_mean * (duration.ln() - moments.mean);
        }
        if moments.count > 1 {
            moments.variance = squares / figures::real(moments.count - 1);
        }
        Some(moments)
    }
}

/// One side over a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideWindow {
    /// Uses and errors.
    pub tally: Tally,
    /// Durations, where they were measured.
    pub latency: Option<LogMoments>,
}

/// The answer to a question asked of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Proven to hold.
    Pass,
    /// Proven not to hold.
    Fail,
    /// Neither can be told.
    NoData,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Fail, Self::NoData];

    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NoData => "no_data",
        }
    }

    /// How it is shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::NoData => "NO DATA",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }

    /// Of several questions that must all hold: FAIL when one fails, else NO DATA when one has none. Of none at all: NO
    /// DATA.
    pub fn of_all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let worse = |outcome: &Self| match outcome {
            Self::Pass => 0,
            Self::NoData => 1,
            Self::Fail => 2,
        };
        outcomes
            .into_iter()
            .max_by_key(worse)
            .unwrap_or(Self::NoData)
    }
}

/// Which question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Errors of new are under the limit at which a module is held.
    ErrorRate,
    /// Errors of new are under the limit at which a module is rolled back.
    RollbackRate,
    /// New answers as old does, but for noise and known differences.
    Mismatches,
    /// New does not fail where old does not, use by use.
    PairedErrors,
    /// New takes as long as old.
    Latency,
    /// New takes as long as old, use by use.
    PairedLatency,
    /// Benchmarks take as long as their baseline.
    Benchmarks,
    /// No benchmark has become worse.
    Regression,
    /// Tests pass with `old_only`.
    TestsOnOld,
    /// Tests pass with `new_only`.
    TestsOnNew,
    /// Tests pass with `both_validate`.
    TestsComparing,
    /// Enough of the code is covered by tests.
    Coverage,
}

impl Rule {
    /// All rules, in reading order.
    pub const ALL: [Self; 12] = [
        Self::ErrorRate,
        Self::RollbackRate,
        Self::Mismatches,
        Self::PairedErrors,
        Self::Latency,
        Self::PairedLatency,
        Self::Benchmarks,
        Self::Regression,
        Self::TestsOnOld,
        Self::TestsOnNew,
        Self::TestsComparing,
        Self::Coverage,
    ];

    /// The word in JSON, SQL and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::RollbackRate => "rollback_rate",
            Self::Mismatches => "mismatches",
            Self::PairedErrors => "paired_errors",
            Self::Latency => "latency",
            Self::PairedLatency => "paired_latency",
            Self::Benchmarks => "benchmarks",
            Self::Regression => "regression",
            Self::TestsOnOld => "tests_on_old",
            Self::TestsOnNew => "tests_on_new",
            Self::TestsComparing => "tests_comparing",
            Self::Coverage => "coverage",
        }
    }

    /// What it is called on a page.
    pub fn words(self) -> &'static str {
        match self {
            Self::ErrorRate => "Errors on new",
            Self::RollbackRate => "Errors on new, rollback limit",
            Self::Mismatches => "Answers compared",
            Self::PairedErrors => "Errors compared",
            Self::Latency => "Duration",
            Self::PairedLatency => "Duration compared",
            Self::Benchmarks => "Benchmarks",
            Self::Regression => "Benchmark regressions",
            Self::TestsOnOld => "Tests on old",
            Self::TestsOnNew => "Tests on new",
            Self::TestsComparing => "Tests comparing both",
            Self::Coverage => "Test coverage",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }
}

/// What evidence says to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The answer.
    pub outcome: Outcome,
    /// The question.
    pub rule: Rule,
    /// How many observations it rests on: uses, pairs, runs.
    pub sample: u64,
    /// For NO DATA, about how many more observations would do; `None` when that cannot be told.
    pub needed: Option<u64>,
    /// What was measured: a share of 1, or a ratio new : old.
    pub estimate: Option<f64>,
    /// With 95 % certainty it is not beyond this: from above for PASS and NO DATA, from below for FAIL.
    pub bound: Option<f64>,
    /// What it was compared with, in the same unit.
    pub limit: Option<f64>,
    /// All of that in a sentence or two.
    pub sentence: String,
}

impl Verdict {
    /// NO DATA, since nothing was measured at all.
    pub(crate) fn nothing(rule: Rule, limit: Option<f64>, sentence: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NoData,
            rule,
            sample: 0,
            needed: None,
            estimate: None,
            bound: None,
            limit,
            sentence: sentence.into(),
        }
    }
}

/// The questions that evidence does not answer, in their order: what a page lists as "no data".
pub fn without_data(verdicts: &[Verdict]) -> Vec<Rule> {
    verdicts
        .iter()
        .filter(|verdict| verdict.outcome == Outcome::NoData)
        .map(|verdict| verdict.rule)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        for rule in Rule::ALL {
            assert_eq!(Rule::parse(rule.as_str()), Some(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        }
        for side in [Side::New, Side::Old] {
            assert_eq!(serde_json::to_value(side).unwrap(), side.as_str());
        }
    }

    #[test]
    fn one_failure_outweighs_silence_and_silence_outweighs_success() {
        use Outcome::{Fail, NoData, Pass};
        assert_eq!(Outcome::of_all([Pass, NoData, Fail, Pass]), Fail);
        assert_eq!(Outcome::of_all([Pass, NoData]), NoData);
        assert_eq!(Outcome::of_all([Pass, Pass]), Pass);
        assert_eq!(Outcome::of_all([]), NoData);
    }

    #[test]
    fn moments_are_those_of_logarithms() {
        let moments = LogMoments::of(&[1.0, std::f64::consts::E.powi(2)]).unwrap();
        assert_eq!(moments.count, 2);
        assert!((moments.mean - 1.0).abs() < 1e-12);
        assert!((moments.variance - 2.0).abs() < 1e-12);
        assert!(LogMoments::of(&[3.0]).unwrap().variance.abs() < f64::EPSILON);
        for wrong in [&[][..], &[0.0], &[1.0, -1.0], &[f64::NAN]] {
            assert_eq!(LogMoments::of(wrong), None);
        }
        assert_eq!(Tally::default().rate(), None);
    }
}
