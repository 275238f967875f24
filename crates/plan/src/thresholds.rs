//! Limits: a metric, a comparison, a percentage, and what crossing it means.

use crate::model::{Meaning, Metric, Threshold};
use crate::quantities::{Comparison, Percent, percents};
use crate::tokens::Tokens;

const ERRORS: [&str; 9] = [
    "error",
    "errors",
    "failure",
    "failures",
    "failed",
    "failing",
    "5xx",
    "exceptions",
    "exception",
];
const MISMATCHES: [&str; 8] = [
    "mismatch",
    "mismatches",
    "divergence",
    "diverges",
    "differences",
    "discrepancies",
    "discrepancy",
    "diffs",
];
const LATENCY: [&str; 9] = [
    "latency",
    "p50",
    "p95",
    "p99",
    "slower",
    "response time",
    "performance",
    "duration",
    "slowdown",
];
const SUCCESS: [&str; 3] = ["success", "availability", "successful"];

/// The metric a text speaks of first.
pub(crate) fn metric(tokens: &Tokens) -> Option<Metric> {
    let candidates = [
        (&ERRORS[..], Metric::ErrorRate),
        (&MISMATCHES[..], Metric::MismatchRate),
        (&LATENCY[..], Metric::Latency),
    ];
    let found = candidates
        .into_iter()
        .filter_map(|(words, metric)| tokens.find(words).map(|at| (at, metric)));
    found.min_by_key(|&(at, _)| at).map(|(_, metric)| metric)
}

/// The metric whose words stand last before a place, else the first after it, within a sentence's length.
fn metric_near(tokens: &Tokens, at: usize) -> Option<Metric> {
    let names = [
        (&ERRORS[..], Metric::ErrorRate),
        (&MISMATCHES[..], Metric::MismatchRate),
        (&LATENCY[..], Metric::Latency),
    ];
    let at_place = |place: usize| {
        let here = |words: &&[&str]| {
            words
                .iter()
                .any(|word| tokens.phrase_at(place, word).is_some())
        };
        names
            .iter()
            .find(|(words, _)| here(words))
            .map(|&(_, metric)| metric)
    };
    let near = 24;
    let ahead = tokens.len().min(at + near);
    (at.saturating_sub(near)..at)
        .rev()
        .find_map(at_place)
        .or_else(|| (at..ahead).find_map(at_place))
}

/// Whether the words tell to go back.
pub(crate) fn speaks_of_rollback(tokens: &Tokens) -> bool {
    (0..tokens.len()).any(|at| is_rollback_at(tokens, at))
}

fn is_rollback_at(tokens: &Tokens, at: usize) -> bool {
    const WORDS: [&str; 14] = [
        "rollback",
        "roll back",
        "rolled back",
        "rolling back",
        "rolls back",
        "revert",
        "reverted",
        "abort",
        "back out",
        "kill switch",
        "switch off",
        "turn off",
        "disable",
        "undo",
    ];
    WORDS
        .iter()
        .any(|phrase| tokens.phrase_at(at, phrase).is_some())
}

/// Where the clause of the second of two percentages begins: behind the last stop between them, else the last comma.
fn cut(tokens: &Tokens, pair: &[Percent]) -> usize {
    let (from, to) = (
        pair.first().map_or(0, |p| p.at),
        pair.last().map_or(0, |p| p.at),
    );
    let last = |signs: [char; 2]| {
        (from..to)
            .rev()
            .find(|&at| signs.iter().any(|&sign| tokens.is_sign(at, sign)))
    };
    last([';', '.']).or_else(|| last([',', '|'])).unwrap_or(to)
}

/// Whether a limit of any metric stands here: `error rate > 1 %`.
pub(crate) fn mentions_limit(tokens: &Tokens) -> bool {
    !read(tokens, None, None).is_empty()
}

/// A limit, not yet placed on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) metric: Metric,
    pub(crate) basis_points: u32,
    pub(crate) meaning: Meaning,
}

/// The limits of a text. Where it names no metric, `inherited` is meant; where it names no consequence, `meaning`,
/// or else [`Meaning::Hold`]. `errors < 1 %` is a limit only within a section of limits, so where `meaning` is given.
pub(crate) fn read(
    tokens: &Tokens,
    inherited: Option<Metric>,
    meaning: Option<Meaning>,
) -> Vec<Limit> {
    let percents = percents(tokens);
    let rollbacks: Vec<usize> = (0..tokens.len())
        .filter(|&at| is_rollback_at(tokens, at))
        .collect();
    let cuts: Vec<usize> = percents.windows(2).map(|pair| cut(tokens, pair)).collect();
    let limit = |percent: &Percent| {
        let success = tokens.has(&SUCCESS);
        let (metric, basis_points) = match percent.comparison? {
            Comparison::Below if success && percent.basis_points >= 5_000 => (
                Metric::ErrorRate,
                10_000_u32.saturating_sub(percent.basis_points),
            ),
            Comparison::Above => (
                metric_near(tokens, percent.at).or(inherited)?,
                percent.basis_points,
            ),
            Comparison::Below => (
                metric_near(tokens, percent.at).filter(|_| meaning.is_some())?,
                percent.basis_points,
            ),
        };
        let clause = |at: usize| cuts.partition_point(|&cut| cut <= at);
        let rollback = rollbacks.iter().any(|&at| clause(at) == clause(percent.at));
        let meaning = if rollback {
            Meaning::Rollback
        } else {
            meaning.unwrap_or(Meaning::Hold)
        };
        Some(Limit {
            metric,
            basis_points,
            meaning,
        })
    };
    percents.iter().filter_map(limit).collect()
}

/// Adds a threshold, unless it stands already. The same limit named twice means the graver of both.
pub(crate) fn add(thresholds: &mut Vec<Threshold>, limit: Limit, text: String, line: u32) {
    let Limit {
        metric,
        basis_points: limit,
        meaning,
    } = limit;
    match thresholds
        .iter_mut()
        .find(|known| known.metric == metric && known.limit == limit)
    {
        Some(known) => known.meaning = known.meaning.max(meaning),
        None => thresholds.push(Threshold {
            metric,
            limit,
            meaning,
            text,
            line,
        }),
    }
}

/// Metric, then limit, then meaning: the order in which they are shown.
pub(crate) fn sort(thresholds: &mut [Threshold]) {
    thresholds.sort_by_key(|threshold| (threshold.metric, threshold.limit, threshold.meaning));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_know_their_metric_and_consequence() {
        let one = |text: &str| {
            let limits = read(&Tokens::of(text), Some(Metric::ErrorRate), None);
            assert_eq!(limits.len(), 1, "{text}");
            (limits[0].metric, limits[0].basis_points, limits[0].meaning)
        };
        assert_eq!(
            one("If Error Rate > 1%"),
            (Metric::ErrorRate, 100, Meaning::Hold)
        );
        assert_eq!(
            one("Consider rollback if > 5%"),
            (Metric::ErrorRate, 500, Meaning::Rollback)
        );
        assert_eq!(
            one("Roll back when p99 latency exceeds 10 percent"),
            (Metric::Latency, 1_000, Meaning::Rollback)
        );
        assert_eq!(
            one("success rate below 99.5 %"),
            (Metric::ErrorRate, 50, Meaning::Hold)
        );
        assert_eq!(
            one("more than 2 % mismatches"),
            (Metric::MismatchRate, 200, Meaning::Hold)
        );
    }

    #[test]
    fn two_limits_in_one_sentence_have_their_own_consequences() {
        let limits = read(
            &Tokens::of("Pause when errors exceed 1 %, roll back when errors exceed 5 %"),
            None,
            None,
        );
        let pairs: Vec<_> = limits
            .iter()
            .map(|limit| (limit.basis_points, limit.meaning))
            .collect();
        assert_eq!(pairs, [(100, Meaning::Hold), (500, Meaning::Rollback)]);
    }

    #[test]
    fn a_percentage_alone_is_no_limit() {
        for text in [
            "10 % of traffic",
            "errors under 1 %",
            "coverage > 90 %",
            "within 5 % of baseline",
        ] {
            assert!(read(&Tokens::of(text), None, None).is_empty(), "{text}");
        }
    }
}
