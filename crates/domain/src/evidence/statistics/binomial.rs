//! Exact bounds of a share, and the exact test of paired answers.

use serde::{Deserialize, Serialize};

use super::special::{beta_tails, inverse_beta};
use crate::evidence::figures::{first_count, real};

/// Of a count and the rest of its total, the smaller may be this large before both are scaled down: the work grows with
/// its root. Scaled down they say less, so that bounds only get wider.
const LARGEST: f64 = 1e9;
/// More uses than this are not foretold.
const FORESEEN: u64 = 1_000_000_000_000;

/// Hits and misses as real numbers of a size that can be worked with.
fn tame(hits: u64, total: u64) -> (f64, f64) {
    let (hits, misses) = (real(hits), real(total.saturating_sub(hits)));
    let scale = (LARGEST / hits.min(misses).max(1.0)).min(1.0);
    (hits * scale, misses * scale)
}

/// The upper Clopper-Pearson bound: with the risk that it is wrong, the share behind `hits` of `total` is below it. 1
/// when there is no total.
///
/// It is the `1 - risk` quantile of Beta(hits + 1, misses): Clopper and Pearson, Biometrika 26 (1934), 404-413.
pub fn upper_bound(hits: u64, total: u64, risk: f64) -> f64 {
    if hits >= total {
        return 1.0;
    }
    let (hits, misses) = tame(hits, total);
    if hits == 0.0 {
        // 1 - risk^(1/n), kept exact for many uses.
        return -(risk.ln() / misses).exp_m1();
    }
    inverse_beta(hits + 1.0, misses, 1.0 - risk)
}

/// The lower Clopper-Pearson bound, the `risk` quantile of Beta(hits, misses + 1); 0 when there are no hits.
pub fn lower_bound(hits: u64, total: u64, risk: f64) -> f64 {
    if hits == 0 || total == 0 {
        return 0.0;
    }
    let (hits, misses) = tame(hits.min(total), total);
    if misses == 0.0 {
        return (risk.ln() / hits).exp();
    }
    inverse_beta(hits, misses + 1.0, risk)
}

/// The chance of at most `hits` in `total` trials that each hit with the chance `share`.
pub fn at_most(hits: u64, total: u64, share: f64) -> f64 {
    if hits >= total {
        return 1.0;
    }
    let (hits, misses) = tame(hits, total);
    beta_tails(hits + 1.0, misses, share, 1.0 - share).1
}

/// How many more uses without a further error would prove that the share is under the limit: the upper bound is under it
/// once at most `errors` are less likely than the risk at the limit itself. 0 when it is proven; `None` when no number
/// of uses that can be foreseen would do.
pub fn uses_needed(errors: u64, uses: u64, limit: f64, risk: f64) -> Option<u64> {
    if limit.is_nan() || limit <= 0.0 {
        return None;
    }
    if limit >= 1.0 {
        return Some(u64::from(uses == 0 || errors >= uses));
    }
    let proven = |total: u64| total > errors && at_most(errors, total, limit) < risk;
    let total = first_count(uses, uses.max(FORESEEN), proven)?;
    Some(total - uses)
}

/// What `McNemar`'s exact test says of pairs in which the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Chance of at least so many pairs in which new alone failed, if both failed equally often. Small: new is worse.
    pub new_worse: f64,
    /// The same of old. Small: new is better.
    pub new_better: f64,
    /// Chance of a split as uneven, either way.
    pub different: f64,
}

/// `McNemar`'s test in its exact form, binomial with one half (`McNemar`, Psychometrika 12 (1947), 153-157). Pairs in
/// which both failed, or neither did, say nothing here.
pub fn mcnemar(new_alone: u64, old_alone: u64) -> McNemar {
    let total = new_alone.saturating_add(old_alone);
    let at_most_half = |hits: u64| at_most(hits, total, 0.5);
    let (new_better, new_worse) = (at_most_half(new_alone), at_most_half(old_alone));
    McNemar {
        new_worse,
        new_better,
        different: (2.0 * new_better.min(new_worse)).min(1.0),
    }
}
