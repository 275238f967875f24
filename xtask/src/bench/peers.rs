//! Evaluation in process beside other evaluators: the benchmark in `tests/bench-peers`, round after round, and each case's
//! time beside ours. That folder is a workspace of its own, so that the peers stay out of the product's lock file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::tools::run_program;

/// All cases are gone round this often: what one round has to itself, a median of rounds does not show.
const ROUNDS: usize = 5;
/// The case that the others are compared with.
const OURS: &str = "switchback, FlagSet::evaluate";

/// Each case's median of every round, in nanoseconds.
type Rounds = BTreeMap<String, Vec<f64>>;

/// Runs the rounds, then prints medians and ratios.
pub fn run(project: &Project) -> Result<()> {
    let results = project.target.join("criterion/peers");
    let mut rounds = Rounds::new();
    for _ in 0..ROUNDS {
        // What an older version of the benchmark left would look like a case of this one.
        if results.exists() {
            fs::remove_dir_all(&results)
                .with_context(|| format!("cannot clear {}", results.display()))?;
        }
        run_program(project.cargo().args([
            "bench",
            "--locked",
            "--manifest-path",
            "tests/bench-peers/Cargo.toml",
            "--bench",
            "evaluate",
        ]))?;
        for (case, nanoseconds) in medians(&results)? {
            rounds.entry(case).or_default().push(nanoseconds);
        }
    }
    for line in report(&rounds)? {
        println!("{line}");
    }
    Ok(())
}

/// What criterion wrote down of one round: each case and its median.
fn medians(results: &Path) -> Result<Vec<(String, f64)>> {
    let folders = fs::read_dir(results)
        .with_context(|| format!("criterion wrote nothing into {}", results.display()))?;
    let mut found = Vec::new();
    for folder in folders {
        let new = folder?.path().join("new");
        let read = |name: &str| -> Result<serde_json::Value> {
            let file = new.join(name);
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            Ok(serde_json::from_str(&text)?)
        };
        let case = read("benchmark.json")?
            .get("function_id")
            .and_then(serde_json::Value::as_str)
            .context("a case has a name")?
            .to_owned();
        let nanoseconds = read("estimates.json")?
            .pointer("/median/point_estimate")
            .and_then(serde_json::Value::as_f64)
            .context("a case has a median")?;
        found.push((case, nanoseconds));
    }
    Ok(found)
}

/// A line for each case, the fastest first. Ratios are taken within each round, where the machine was the same.
fn report(rounds: &Rounds) -> Result<Vec<String>> {
    let Some(ours) = rounds.get(OURS) else {
        bail!("no case is called `{OURS}`");
    };
    let mut cases = Vec::new();
    for (case, times) in rounds {
        if times.len() != ours.len() {
            bail!("`{case}` was not measured in every round");
        }
        let ratios = times.iter().zip(ours).map(|(theirs, ours)| theirs / ours);
        cases.push((
            case,
            Spread::of(times.clone()),
            Spread::of(ratios.collect()),
        ));
    }
    cases.sort_by(|(_, a, _), (_, b, _)| a.median.total_cmp(&b.median));
    let line = |(case, times, ratios): &(&String, Spread, Spread)| {
        format!(
            "peers, {case}: {:.1} ns ({:.1}-{:.1}), {:.2} x ours ({:.2}-{:.2})",
            times.median, times.least, times.most, ratios.median, ratios.least, ratios.most
        )
    };
    Ok(cases.iter().map(line).collect())
}

/// The middle of some figures and their ends; zero without any.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            least: figures.first().copied().unwrap_or_default(),
            median: figures.get(figures.len() / 2).copied().unwrap_or_default(),
            most: figures.last().copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(cases: &[(&str, &[f64])]) -> Rounds {
        let own = |(case, times): &(&str, &[f64])| ((*case).to_owned(), times.to_vec());
        cases.iter().map(own).collect()
    }

    #[test]
    fn a_ratio_is_of_one_round_and_the_fastest_comes_first() {
        // The second round was twice as slow for everybody: no ratio shows it.
        let lines = report(&rounds(&[
            ("a peer", &[150.0, 300.0, 153.0]),
            (OURS, &[50.0, 100.0, 51.0]),
        ]));
        assert_eq!(
            lines.unwrap(),
            [
                "peers, switchback, FlagSet::evaluate: 51.0 ns (50.0-100.0), 1.00 x ours (1.00-1.00)",
                "peers, a peer: 153.0 ns (150.0-300.0), 3.00 x ours (3.00-3.00)",
            ]
        );
    }

    #[test]
    fn a_case_that_missed_a_round_is_an_error() {
        let error = report(&rounds(&[("a peer", &[150.0]), (OURS, &[50.0, 51.0])]));
        assert_eq!(
            error.unwrap_err().to_string(),
            "`a peer` was not measured in every round"
        );
        assert!(report(&rounds(&[("a peer", &[150.0])])).is_err());
    }
}
