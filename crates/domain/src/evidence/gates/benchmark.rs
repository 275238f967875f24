//! Benchmarks beside their baseline.

use serde::{Deserialize, Serialize};

use super::Margin;
use super::latency::{Words, independent};
use crate::Timestamp;
use crate::evidence::figures::{counted, slower};
use crate::evidence::statistics::{Alternative, RISK, mann_whitney};
use crate::evidence::{LogMoments, Outcome, Rule, Verdict};

/// One run of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkRun {
    /// What the run is called where it came from: a commit, a build's number.
    pub name: String,
    /// When it ran.
    pub at: Timestamp,
    /// Durations, each above 0, of whatever unit the benchmark has.
    pub durations: Vec<f64>,
}

/// A benchmark, what it is measured by, and its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// Its name, unique in the module.
    pub name: String,
    /// The run on old code that others are compared with; `None` when none was recorded.
    pub baseline: Option<BenchmarkRun>,
    /// Runs on new code, in any order.
    pub runs: Vec<BenchmarkRun>,
}

impl Benchmark {
    fn in_order(&self) -> Vec<&BenchmarkRun> {
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by_key(|run| run.at);
        runs
    }
}

/// Whether the newest run of one benchmark takes as long as its baseline.
pub fn benchmark(benchmark: &Benchmark, margin: Margin) -> Verdict {
    let newest = benchmark.in_order().last().copied();
    let moments = |run: Option<&BenchmarkRun>| LogMoments::of(&run?.durations);
    let words = Words {
        subject: &format!("Benchmark {:?}", benchmark.name),
        other: "its baseline",
        one: "duration",
        many: "durations",
    };
    let (new, old) = (moments(newest), moments(benchmark.baseline.as_ref()));
    independent(Rule::Benchmarks, new.as_ref(), old.as_ref(), margin, &words)
}

/// Whether all benchmarks take as long as their baselines. The verdict is that of the worst of them.
pub fn benchmarks(all: &[Benchmark], margin: Margin) -> Verdict {
    let verdicts: Vec<_> = all.iter().map(|each| benchmark(each, margin)).collect();
    worst_of(
        Rule::Benchmarks,
        &verdicts,
        "benchmark is within its margin",
        "benchmarks are within their margin",
        Some(1.0 + margin.share()),
    )
}

/// Of several verdicts the worst, with how many others there are; all passed: that, and the narrowest of them.
fn worst_of(
    rule: Rule,
    verdicts: &[Verdict],
    one: &str,
    many: &str,
    limit: Option<f64>,
) -> Verdict {
    let total = u64::try_from(verdicts.len()).unwrap_or(u64::MAX);
    let outcome = Outcome::of_all(verdicts.iter().map(|verdict| verdict.outcome));
    let fitting = verdicts.iter().filter(|verdict| verdict.outcome == outcome);
    let alike = u64::try_from(fitting.clone().count()).unwrap_or(u64::MAX);
    let far = |verdict: &&Verdict| verdict.estimate.map_or(0.0, |ratio| ratio.ln().abs());
    let Some(worst) = fitting.max_by(|a, b| far(a).total_cmp(&far(b))) else {
        return Verdict::nothing(rule, limit, "No benchmark was recorded.");
    };
    let sentence = match outcome {
        Outcome::Pass if total > 1 => {
            format!(
                "{}. Farthest: {}",
                counted(total, one, many),
                worst.sentence
            )
        }
        Outcome::Fail | Outcome::NoData if alike > 1 => {
            let word = outcome.words();
            format!(
                "{alike} of {total} benchmarks say {word}. First of them: {}",
                worst.sentence
            )
        }
        _ => worst.sentence.clone(),
    };
    Verdict {
        sentence,
        ..worst.clone()
    }
}

/// Whether a benchmark has become worse. One run alone is no proof: machines have bad days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Alarm {
    /// No run could be told from the baseline, since there is none, or too little in them.
    Silent,
    /// The last run that tells is as it should be, and none before it was suspected.
    Quiet,
    /// A run was worse; the next one confirms or clears it.
    Suspected {
        /// That run's name.
        run: String,
    },
    /// Two runs after each other were worse.
    Confirmed {
        /// The first.
        run: String,
        /// The one that confirmed it.
        by: String,
    },
    /// A run was worse, the next that tells was not.
    Cleared {
        /// The one that was worse.
        run: String,
        /// The one that was not.
        by: String,
    },
}

/// What one run says beside the baseline: worse when it tends to be above it (Mann-Whitney, 5 %) and its geometric mean is
/// above the margin; `None` when it cannot be told.
fn is_worse(baseline: &BenchmarkRun, run: &BenchmarkRun, margin: Margin) -> Option<bool> {
    let ratio = ratio(baseline, run)?;
    if ratio <= 1.0 + margin.share() {
        return Some(false);
    }
    let test = mann_whitney(&run.durations, &baseline.durations, Alternative::Greater)?;
    (test.chance < RISK).then_some(true)
}

fn ratio(baseline: &BenchmarkRun, run: &BenchmarkRun) -> Option<f64> {
    let (new, old) = (
        LogMoments::of(&run.durations)?,
        LogMoments::of(&baseline.durations)?,
    );
    Some((new.mean - old.mean).exp())
}

/// The alarm of a benchmark after all its runs. Runs that do not tell leave it as it was.
pub fn alarm(benchmark: &Benchmark, margin: Margin) -> Alarm {
    let Some(baseline) = &benchmark.baseline else {
        return Alarm::Silent;
    };
    let mut alarm = Alarm::Silent;
    for run in benchmark.in_order() {
        let Some(worse) = is_worse(baseline, run, margin) else {
            continue;
        };
        let now = run.name.clone();
        alarm = match (alarm, worse) {
            (Alarm::Suspected { run }, true) => Alarm::Confirmed { run, by: now },
            (confirmed @ Alarm::Confirmed { .. }, true) => confirmed,
            (Alarm::Suspected { run } | Alarm::Confirmed { run, .. }, false) => {
                Alarm::Cleared { run, by: now }
            }
            (Alarm::Silent | Alarm::Quiet | Alarm::Cleared { .. }, true) => {
                Alarm::Suspected { run: now }
            }
            (cleared @ Alarm::Cleared { .. }, false) => cleared,
            (Alarm::Silent | Alarm::Quiet, false) => Alarm::Quiet,
        };
    }
    alarm
}

/// Whether no benchmark has become worse: FAIL on a confirmed alarm, NO DATA on a suspected one.
pub fn regressions(all: &[Benchmark], margin: Margin) -> Verdict {
    let verdicts: Vec<_> = all.iter().map(|each| regression(each, margin)).collect();
    worst_of(
        Rule::Regression,
        &verdicts,
        "benchmark has not become worse",
        "benchmarks have not become worse",
        Some(1.0 + margin.share()),
    )
}

fn regression(benchmark: &Benchmark, margin: Margin) -> Verdict {
    let name = &benchmark.name;
    let newest = benchmark.in_order().last().copied();
    let baseline = benchmark.baseline.as_ref();
    let estimate = baseline.zip(newest).and_then(|(old, new)| ratio(old, new));
    let measured = estimate.map(slower).unwrap_or_default();
    let (outcome, needed, sentence) = match alarm(benchmark, margin) {
        Alarm::Silent if baseline.is_none() => (
            Outcome::NoData,
            None,
            format!("Benchmark {name:?} has no baseline. Record a run on old code."),
        ),
        Alarm::Silent => (
            Outcome::NoData,
            Some(1),
            format!("Benchmark {name:?} has no run that can be told from its baseline."),
        ),
        Alarm::Quiet => (
            Outcome::Pass,
            None,
            format!(
                "Benchmark {name:?} is {measured} than its baseline, and no run was suspected."
            ),
        ),
        Alarm::Suspected { run } => (
            Outcome::NoData,
            Some(1),
            format!(
                "Benchmark {name:?} was worse in run {run:?}. Run it once more: one run alone is no proof."
            ),
        ),
        Alarm::Confirmed { run, by } => (
            Outcome::Fail,
            None,
            format!(
                "Benchmark {name:?} is {measured} than its baseline: run {run:?} was worse, run {by:?} confirmed it."
            ),
        ),
        Alarm::Cleared { run, by } => (
            Outcome::Pass,
            None,
            format!("Benchmark {name:?} was worse in run {run:?}, run {by:?} cleared it."),
        ),
    };
    Verdict {
        outcome,
        rule: Rule::Regression,
        sample: u64::try_from(benchmark.runs.len()).unwrap_or(u64::MAX),
        needed,
        estimate,
        bound: None,
        limit: Some(1.0 + margin.share()),
        sentence,
    }
}
