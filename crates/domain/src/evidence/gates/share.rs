//! Whether a share of uses is under a limit.

use super::of_one;
use crate::Thresholds;
use crate::evidence::figures::{bound_above, bound_below, counted, grouped, share};
use crate::evidence::statistics::{RISK, lower_bound, upper_bound, uses_needed};
use crate::evidence::{Outcome, Rule, Tally, Verdict};

/// What lies on its limit is not beyond it, whatever its last bits say: one error in one use is 5 %, not more.
const ROUNDING: f64 = 1e-12;

/// Errors on new against the migration's limit: the one to hold at, or for [`Rule::RollbackRate`] the one to roll back at.
pub fn error_rate(rule: Rule, new: Tally, thresholds: Thresholds) -> Verdict {
    let limit = match rule {
        Rule::RollbackRate => thresholds.rollback_basis_points,
        _ => thresholds.hold_basis_points,
    };
    errors_under(rule, "New", new, of_one(limit))
}

/// Errors of a side against any limit, a share of 1. `side` begins the sentence: `New`.
pub fn errors_under(rule: Rule, side: &str, tally: Tally, limit: f64) -> Verdict {
    let uses = tally.uses;
    let errors = tally.errors.min(uses);
    let needed = uses_needed(errors, uses, limit, RISK);
    let Some(rate) = tally.rate() else {
        let hint = needed.map(|needed| {
            let needed = counted(needed, "use", "uses");
            format!(
                " {needed} without an error would prove less than {}.",
                share(limit)
            )
        });
        return Verdict {
            needed,
            ..Verdict::nothing(
                rule,
                Some(limit),
                format!("{side} was not used.{}", hint.unwrap_or_default()),
            )
        };
    };
    let (lower, upper) = (
        lower_bound(errors, uses, RISK),
        upper_bound(errors, uses, RISK),
    );
    let measured = format!(
        "{side} fails for {} of {}",
        share(rate),
        counted(uses, "use", "uses")
    );
    let limit_words = share(limit);
    let (outcome, bound, sentence) = if upper < limit * (1.0 - ROUNDING) {
        let bound = bound_above(upper, limit);
        let rest = format!("for less than {bound}, under the limit of {limit_words}.");
        (
            Outcome::Pass,
            upper,
            format!("{measured}; with 95 % certainty {rest}"),
        )
    } else if lower > limit * (1.0 + ROUNDING) {
        let bound = bound_below(lower, limit);
        let rest = format!("for more than {bound}, over the limit of {limit_words}.");
        (
            Outcome::Fail,
            lower,
            format!("{measured}; with 95 % certainty {rest}"),
        )
    } else {
        let hint = needed.map_or_else(
            || "No number of uses would show that.".to_owned(),
            |needed| format!("It takes {} more without an error.", grouped(needed)),
        );
        (
            Outcome::NoData,
            upper,
            format!(
                "{measured}, too few to tell whether that is under the limit of {limit_words}. {hint}"
            ),
        )
    };
    Verdict {
        outcome,
        rule,
        sample: uses,
        needed: needed.filter(|_| outcome == Outcome::NoData),
        estimate: Some(rate),
        bound: Some(bound),
        limit: Some(limit),
        sentence,
    }
}
