//! Whether one sample tends to be above another: the Mann-Whitney U test.
//!
//! Mann and Whitney, Annals of Mathematical Statistics 18 (1947), 50-60. As `SciPy` does
//! (`mannwhitneyu(method="auto")`): exact when a sample has at most 8 values and none is tied, otherwise normal, with corrections for ties and continuity.

use serde::{Deserialize, Serialize};

use super::special::normal_above;
use crate::evidence::figures::real;

/// The smaller sample has at most so many values in an exact test.
const EXACT_SMALLER: usize = 8;
/// The larger has at most so many: beyond it the normal distribution is as good.
const EXACT_LARGER: usize = 5_000;

/// What is asked of the first sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alternative {
    /// It tends to be above the second.
    Greater,
    /// It tends to be below the second.
    Less,
    /// Either.
    TwoSided,
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankSum {
    /// Pairs in which the first sample's value is above the second's, ties as halves.
    pub statistic: f64,
    /// Chance of a statistic as far off if both came from one distribution.
    pub chance: f64,
    /// Whether the chance was counted out.
    pub exact: bool,
}

/// The test; `None` when a sample is empty or holds what is no number.
pub fn mann_whitney(first: &[f64], second: &[f64], alternative: Alternative) -> Option<RankSum> {
    let fit = |sample: &[f64]| !sample.is_empty() && sample.iter().all(|value| !value.is_nan());
    if !fit(first) || !fit(second) {
        return None;
    }
    let (rank_sum, ties) = ranks(first, second);
    let size = |sample: &[f64]| real(u64::try_from(sample.len()).unwrap_or(u64::MAX));
    let (n, m) = (size(first), size(second));
    let statistic = rank_sum - n * (n + 1.0) / 2.0;
    let other = n * m - statistic;
    let (tested, sides) = match alternative {
        Alternative::Greater => (statistic, 1.0),
        Alternative::Less => (other, 1.0),
        Alternative::TwoSided => (statistic.max(other), 2.0),
    };
    let smaller = first.len().min(second.len());
    let larger = first.len().max(second.len());
    let exact = smaller <= EXACT_SMALLER && larger <= EXACT_LARGER && ties == 0.0;
    let beyond = if exact {
        exactly_at_least(smaller, larger, tested)
    } else {
        let total = n + m;
        let variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)));
        let z = (tested - n * m / 2.0 - 0.5) / variance.sqrt();
        // Where all values are one, nothing varies and nothing is told.
        if z.is_nan() || variance <= 0.0 {
            1.0
        } else {
            normal_above(z)
        }
    };
    Some(RankSum {
        statistic,
        chance: (beyond * sides).min(1.0),
        exact,
    })
}

/// The sum of the first sample's ranks, tied values sharing theirs, and the sum of `t^3 - t` over ties of `t`.
fn ranks(first: &[f64], second: &[f64]) -> (f64, f64) {
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut before, mut sum, mut ties) = (0.0, 0.0, 0.0);
    // As numbers compare: 0 and -0 are tied.
    for run in all.chunk_by(|a, b| a.0.partial_cmp(&b.0).is_some_and(std::cmp::Ordering::is_eq)) {
        let length = real(u64::try_from(run.len()).unwrap_or(u64::MAX));
        let ours = run.iter().filter(|(_, is_first)| *is_first).count();
        let ours = real(u64::try_from(ours).unwrap_or(u64::MAX));
        sum += ours * (before + f64::midpoint(length, 1.0));
        ties += length.powi(3) - length;
        before += length;
    }
    (sum, ties)
}

/// The share of all orders of the two samples with a statistic of at least so much. The orders with each statistic are
/// the coefficients of a Gaussian binomial, built factor by factor in whole numbers.
fn exactly_at_least(smaller: usize, larger: usize, statistic: f64) -> f64 {
    let most = smaller * larger;
    let mut orders = vec![0_i128; most + 1];
    if let Some(first) = orders.first_mut() {
        *first = 1;
    }
    for factor in 1..=smaller {
        // Times 1 - q^(larger + factor), from above; then through 1 - q^factor, from below.
        for at in (larger + factor..=most).rev() {
            let lower = orders.get(at - larger - factor).copied().unwrap_or(0);
            if let Some(count) = orders.get_mut(at) {
                *count -= lower;
            }
        }
        for at in factor..=most {
            let lower = orders.get(at - factor).copied().unwrap_or(0);
            if let Some(count) = orders.get_mut(at) {
                *count += lower;
            }
        }
    }
    let size = |count: i128| {
        let count = u128::try_from(count).unwrap_or(0);
        let half = |bits: u128| real(u64::try_from(bits).unwrap_or(u64::MAX));
        half(count >> 64) * 18_446_744_073_709_551_616.0 + half(count & u128::from(u64::MAX))
    };
    let from = (0..=most).find(|at| real(u64::try_from(*at).unwrap_or(u64::MAX)) >= statistic);
    let beyond: i128 = orders.iter().skip(from.unwrap_or(most + 1)).sum();
    size(beyond) / size(orders.iter().sum())
}
