//! Equivalence of two durations: two one-sided tests on the logarithm of their ratio.
//!
//! Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680. A difference that is not significant
//! proves nothing; a ratio that is proven to lie between `1 / (1 + margin)` and `1 + margin` does.

use serde::{Deserialize, Serialize};

use super::special::{student_above, student_quantile_above};
use crate::evidence::LogMoments;
use crate::evidence::figures::{count_reaching, real};

/// What the tests say of the ratio new : old.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Equivalence {
    /// The ratio of the geometric means.
    pub ratio: f64,
    /// With the risk taken, the ratio is above this.
    pub lower: f64,
    /// With the risk taken, the ratio is below this.
    pub upper: f64,
    /// Chance of a ratio as low if it were `1 + margin`. Small: new is not slower than the margin allows.
    pub not_slower: f64,
    /// Chance of a ratio as high if it were `1 / (1 + margin)`. Small: new is not faster than the margin allows.
    pub not_faster: f64,
    /// Degrees of freedom; infinite when nothing varies.
    #[serde(skip)]
    pub freedom: f64,
}

impl Equivalence {
    /// The test's answer: the larger of the two chances. Below the risk both limits are kept.
    pub fn chance(&self) -> f64 {
        self.not_slower.max(self.not_faster)
    }
}

/// Two independent samples, by Welch's test: each side has a variance of its own (Welch, Biometrika 34 (1947), 28-35).
/// `None` unless both sides have two observations and finite moments.
pub fn unpaired(new: &LogMoments, old: &LogMoments, margin: f64, risk: f64) -> Option<Equivalence> {
    let (new_part, old_part) = (mean_variance(new)?, mean_variance(old)?);
    let sum = new_part + old_part;
    let freedom_part = |part: f64, count: u64| part * part / (real(count) - 1.0);
    let freedom =
        sum * sum / (freedom_part(new_part, new.count) + freedom_part(old_part, old.count));
    // 0 / 0 when neither side varies.
    let freedom = if freedom.is_nan() {
        f64::INFINITY
    } else {
        freedom
    };
    let difference = new.mean - old.mean;
    Some(judge(difference, sum.sqrt(), freedom, margin, risk))
}

/// Pairs: the moments of `ln(new / old)` of each. `None` unless there are two pairs with finite moments.
pub fn paired(differences: &LogMoments, margin: f64, risk: f64) -> Option<Equivalence> {
    let part = mean_variance(differences)?;
    let freedom = if part == 0.0 {
        f64::INFINITY
    } else {
        real(differences.count) - 1.0
    };
    Some(judge(differences.mean, part.sqrt(), freedom, margin, risk))
}

/// The variance of the mean.
fn mean_variance(moments: &LogMoments) -> Option<f64> {
    let fit = moments.count >= 2
        && moments.mean.is_finite()
        && moments.variance.is_finite()
        && moments.variance >= 0.0;
    fit.then(|| moments.variance / real(moments.count))
}

fn judge(difference: f64, error: f64, freedom: f64, margin: f64, risk: f64) -> Equivalence {
    let limit = margin.ln_1p();
    // Without an error a ratio at the limit itself is beyond it.
    let above = |distance: f64| match (error > 0.0, distance > 0.0) {
        (true, _) => student_above(distance / error, freedom),
        (false, true) => 0.0,
        (false, false) => 1.0,
    };
    let reach = if error > 0.0 {
        student_quantile_above(risk, freedom) * error
    } else {
        0.0
    };
    Equivalence {
        ratio: difference.exp(),
        lower: (difference - reach).exp(),
        upper: (difference + reach).exp(),
        not_slower: above(limit - difference),
        not_faster: above(limit + difference),
        freedom,
    }
}

/// About how many observations each side needs before the tests can answer, if mean and variance stay as they are;
/// `None` when the ratio is so near the margin that no number can be told.
pub fn samples_needed(new: &LogMoments, old: &LogMoments, margin: f64, risk: f64) -> Option<u64> {
    mean_variance(new)?;
    mean_variance(old)?;
    needed(
        new.mean - old.mean,
        new.variance + old.variance,
        margin,
        risk,
    )
}

/// As [`samples_needed`], of pairs.
pub fn pairs_needed(differences: &LogMoments, margin: f64, risk: f64) -> Option<u64> {
    mean_variance(differences)?;
    needed(differences.mean, differences.variance, margin, risk)
}

fn needed(difference: f64, variance: f64, margin: f64, risk: f64) -> Option<u64> {
    let gap = (margin.ln_1p() - difference.abs()).abs();
    let mut count = 2.0;
    // The quantile depends on the number itself; a few rounds settle it.
    for _ in 0..8 {
        let quantile = student_quantile_above(risk, f64::max(count - 1.0, 1.0));
        count = variance * (quantile / gap).powi(2);
    }
    count_reaching(count).map(|count| count.max(2))
}
