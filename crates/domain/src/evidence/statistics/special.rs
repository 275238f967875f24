//! The regularised incomplete beta function, its inverse, and the tails of Student's t and the normal distribution.
//!
//! `statrs` has them too, but stops its continued fraction after 140 terms and takes the difference of large logarithms:
//! with a million uses it is off in the third digit. Its error function and its gamma function are used here.

use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::ln_gamma;

/// Terms of the continued fraction: it needs about the square root of the smaller parameter.
const MOST_TERMS: u32 = 2_000_000;
/// Steps towards a root; each at least halves the interval.
const MOST_STEPS: u32 = 300;
/// ln sqrt(2 pi).
const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// What Stirling's formula lacks of ln n!, for n > 0: Loader, "Fast and accurate computation of binomial
/// probabilities" (2000), section 3.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - LN_ROOT_TWO_PI;
    }
    let square = n * n;
    let mut sum = 1.0 / 1_188.0;
    for term in [-1.0 / 1_680.0, 1.0 / 1_260.0, -1.0 / 360.0, 1.0 / 12.0] {
        sum = sum / square + term;
    }
    sum / n
}

/// `x ln(x / mean) + mean - x`, without loss where the two are near each other (Loader, section 3).
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in (3..200).step_by(2) {
        power *= ratio * ratio;
        let part = power / f64::from(odd);
        sum += part;
        if part.abs() <= f64::EPSILON * sum.abs() {
            break;
        }
    }
    sum
}

/// `x^a y^b / B(a, b)` for `a, b > 0` and `0 < x < 1`, `y = 1 - x`.
#[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
fn beta_power(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x)
        - deviance(b, n * y);
    exponent.exp() * (a * b / (n * std::f64::consts::TAU)).sqrt()
}

/// What divides [`beta_power`] in `I_x(a, b)`: the continued fraction of `DiDonato` and Morris, ACM Transactions on
/// Mathematical Software 18 (1992), 360-373, by Lentz's method. It takes `x` and `y`, so that nothing is lost where one of
/// them is next to 0.
#[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
fn continued_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let lead = a * y - b * x + 1.0;
    let mut value = away_from_zero(a * lead / (a + 1.0));
    let (mut c, mut d) = (value, 0.0);
    for term in 1..MOST_TERMS {
        let m = f64::from(term);
        let before = a + 2.0 * m - 1.0;
        let across = m * (b - m) * x / before;
        let above = (a + m - 1.0) * (a + b + m - 1.0) * x / before * across;
        let below = m + across + (a + m) * (lead + m * (2.0 - x)) / (before + 2.0);
        d = 1.0 / away_from_zero(below + above * d);
        c = away_from_zero(below + above / c);
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// The regularised incomplete beta function `I_x(a, b)` and what it lacks of 1, each without loss where it is small.
/// `a, b > 0`; `y` is `1 - x`, given by itself since it may be known better.
pub(super) fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x < (a + 1.0) / (a + b + 2.0) {
        let lower = beta_power(a, b, x, y) / continued_fraction(a, b, x, y);
        (lower.min(1.0), (1.0 - lower).max(0.0))
    } else {
        let upper = beta_power(a, b, x, y) / continued_fraction(b, a, y, x);
        ((1.0 - upper).max(0.0), upper.min(1.0))
    }
}

/// The `x` with `I_x(a, b) = probability`: Newton's method, held in an interval that shrinks around the root.
pub(super) fn inverse_beta(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..MOST_STEPS {
        let y = 1.0 - x;
        let beyond = beta_tails(a, b, x, y).0 - probability;
        if beyond > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let step = beyond / (beta_power(a, b, x, y) / (x * y));
        let mut next = x - step;
        if !(next > low && next < high) {
            next = low + (high - low) / 2.0;
        }
        let moved = (next - x).abs();
        x = next;
        if moved <= 2.0 * f64::EPSILON * x || high - low <= f64::EPSILON * high {
            break;
        }
    }
    x
}

/// The chance that a standard normal variable is above `z`.
pub(super) fn normal_above(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// The `z` that a standard normal variable is above with the given chance.
pub(super) fn normal_quantile_above(chance: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * chance)
}

/// The chance that a variable of Student's t distribution is above `t`; infinite degrees of freedom are the normal one.
pub(super) fn student_above(t: f64, freedom: f64) -> f64 {
    if freedom.is_infinite() || t.is_infinite() {
        return normal_above(t);
    }
    let square = t * t;
    let (x, y) = (square / (freedom + square), freedom / (freedom + square));
    let beyond = 0.5 * beta_tails(0.5, freedom / 2.0, x, y).1;
    if t > 0.0 { beyond } else { 1.0 - beyond }
}

/// The `t` that a variable of Student's t distribution is above with the given chance, which is below a half.
pub(super) fn student_quantile_above(chance: f64, freedom: f64) -> f64 {
    if freedom.is_infinite() {
        return normal_quantile_above(chance);
    }
    let x = inverse_beta(0.5, freedom / 2.0, 1.0 - 2.0 * chance);
    (freedom * x / (1.0 - x)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_inverse_leads_back(a in 0.5..5e4_f64, b in 0.5..5e6_f64, probability in 0.001..0.999_f64) {
            let x = inverse_beta(a, b, probability);
            let (lower, upper) = beta_tails(a, b, x, 1.0 - x);
            prop_assert!((lower - probability).abs() < 1e-9, "{lower} for {probability}");
            prop_assert!((lower + upper - 1.0).abs() < 1e-12);
        }

        #[test]
        fn the_library_says_the_same_where_it_is_exact(a in 0.5..60.0_f64, b in 0.5..60.0_f64, x in 0.01..0.99_f64) {
            let theirs = statrs::function::beta::beta_reg(a, b, x);
            prop_assert!((beta_tails(a, b, x, 1.0 - x).0 - theirs).abs() < 1e-11);
        }
    }
}
