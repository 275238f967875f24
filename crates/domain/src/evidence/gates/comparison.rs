//! Uses that both sides served: do they answer alike, and does new fail where old does not?

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::of_one;
use crate::evidence::figures::{bound_above, bound_below, counted, grouped, share};
use crate::evidence::statistics::{RISK, lower_bound, mcnemar, upper_bound, uses_needed};
use crate::evidence::{Outcome, Rule, Tally, Verdict};

/// Two shares are bounded at once: each takes half of the risk.
const EACH: f64 = RISK / 2.0;

/// Answers compared, and how many of them differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pairs {
    /// Comparisons.
    pub compared: u64,
    /// Those in which the answers differ.
    pub mismatches: u64,
}

impl Pairs {
    fn share(self) -> f64 {
        let (uses, errors) = (self.compared, self.mismatches);
        Tally { uses, errors }.rate().unwrap_or(0.0)
    }

    /// Between these its share lies, each with half of the risk.
    fn bounds(self) -> (f64, f64) {
        let mismatches = self.mismatches.min(self.compared);
        (
            lower_bound(mismatches, self.compared, EACH),
            upper_bound(mismatches, self.compared, EACH),
        )
    }
}

/// A difference that somebody has looked at and answers for, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDifference {
    /// What differs and why that is right: `rounding of totals`.
    pub name: String,
    /// The path of the field that differs, as comparisons report it.
    pub path: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is left out, in the migration's zone; after it, it counts again.
    pub expires: Date,
}

impl KnownDifference {
    /// Whether it is left out on the day.
    pub fn holds(&self, today: Date) -> bool {
        today <= self.expires
    }
}

/// A known difference and the mismatches that it explains in the window: those with no other field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The difference.
    pub difference: KnownDifference,
    /// Mismatches that it explains, each counted under one difference only.
    pub mismatches: u64,
}

/// Answers compared over a window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Comparisons {
    /// Old against new.
    pub new: Pairs,
    /// Old against old, which says how often answers differ by themselves; `None` when it was not measured.
    pub control: Option<Pairs>,
    /// Known differences with what they explain.
    pub known: Vec<Matched>,
}

/// Whether new answers as old does: mismatches that known differences do not explain, less those that old has against
/// itself, are under the limit (basis points of comparisons).
///
/// PASS: the upper bound of new less the lower of noise is under the limit. FAIL: the lower of new less the upper of noise
/// is over it. Noise that was not measured is none.
pub fn mismatches(
    comparisons: Option<&Comparisons>,
    limit_basis_points: u16,
    today: Date,
) -> Verdict {
    let limit = of_one(limit_basis_points);
    let Some(comparisons) = comparisons.filter(|all| all.new.compared > 0) else {
        let needed = uses_needed(0, 0, limit, EACH);
        let nothing = "No answers were compared. Serve with both_validate to compare them.";
        return Verdict {
            needed,
            ..Verdict::nothing(Rule::Mismatches, Some(limit), nothing)
        };
    };
    let explained = comparisons
        .known
        .iter()
        .filter(|known| known.difference.holds(today))
        .fold(0_u64, |sum, known| sum.saturating_add(known.mismatches));
    let left = Pairs {
        mismatches: comparisons.new.mismatches.saturating_sub(explained),
        ..comparisons.new
    };
    let control = comparisons.control.filter(|control| control.compared > 0);
    let noise = control.map_or(0.0, Pairs::share);
    let (noise_lower, noise_upper) = control.map_or((0.0, 0.0), Pairs::bounds);
    let (lower, upper) = left.bounds();
    let estimate = left.share() - noise;
    let (outcome, bound) = if upper - noise_lower < limit {
        (Outcome::Pass, upper - noise_lower)
    } else if lower - noise_upper > limit {
        (Outcome::Fail, lower - noise_upper)
    } else {
        (Outcome::NoData, upper - noise_lower)
    };
    let needed = (outcome == Outcome::NoData)
        .then(|| uses_needed(left.mismatches, left.compared, limit + noise_lower, EACH))
        .flatten();
    Verdict {
        outcome,
        rule: Rule::Mismatches,
        sample: left.compared,
        needed,
        estimate: Some(estimate),
        bound: Some(bound),
        limit: Some(limit),
        sentence: mismatch_sentence(
            comparisons,
            left,
            explained,
            (outcome, bound, limit, needed),
            today,
        ),
    }
}

fn mismatch_sentence(
    comparisons: &Comparisons,
    left: Pairs,
    explained: u64,
    (outcome, bound, limit, needed): (Outcome, f64, f64, Option<u64>),
    today: Date,
) -> String {
    let mut parts = vec![format!(
        "{} of {} differ",
        share(left.share()),
        counted(left.compared, "answer", "answers")
    )];
    if explained > 0 {
        parts.push(format!(
            ", beside {} that known differences explain",
            grouped(explained)
        ));
    }
    parts.push(
        match comparisons.control.filter(|control| control.compared > 0) {
            Some(control) => format!(
                "; old against itself differs in {} of {}",
                share(control.share()),
                grouped(control.compared)
            ),
            None => "; old was not compared with itself, so noise is taken as none".to_owned(),
        },
    );
    let (above, below) = (
        bound_above(bound.max(0.0), limit),
        bound_below(bound, limit),
    );
    let limit = share(limit);
    parts.push(match (outcome, needed) {
        (Outcome::Pass, _) => format!(
            ". With 95 % certainty less than {above} is due to new, under the limit of {limit}."
        ),
        (Outcome::Fail, _) => format!(
            ". With 95 % certainty more than {below} is due to new, over the limit of {limit}."
        ),
        (Outcome::NoData, Some(needed)) => format!(
            ". Too few to tell whether what is due to new is under {limit}: it takes {} more that do not differ.",
            grouped(needed)
        ),
        (Outcome::NoData, None) => {
            format!(". That does not tell whether what is due to new is under {limit}.")
        }
    });
    let expired: Vec<String> = comparisons
        .known
        .iter()
        .filter(|known| !known.difference.holds(today) && known.mismatches > 0)
        .map(|known| {
            let difference = &known.difference;
            format!(
                "{:?} ({}, until {})",
                difference.name, difference.owner, difference.expires
            )
        })
        .collect();
    if !expired.is_empty() {
        parts.push(format!(
            " Known no longer, and counted again: {}.",
            expired.join(", ")
        ));
    }
    parts.concat()
}

/// Uses that both sides served, by which of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PairedErrors {
    /// All uses that both served.
    pub pairs: u64,
    /// New failed, old did not.
    pub new_alone: u64,
    /// Old failed, new did not.
    pub old_alone: u64,
    /// Both failed.
    pub both: u64,
}

/// Whether new fails no more often than old on the same uses.
///
/// PASS when it is proven that new fails by less than the limit (basis points of uses) more often; else FAIL when
/// `McNemar`'s exact test finds it worse; else NO DATA.
pub fn paired_errors(errors: Option<PairedErrors>, limit_basis_points: u16) -> Verdict {
    let limit = of_one(limit_basis_points);
    let Some(errors) = errors.filter(|errors| errors.pairs > 0) else {
        let needed = uses_needed(0, 0, limit, EACH);
        let nothing =
            "No use was served by both sides. Serve with both_validate to compare errors.";
        return Verdict {
            needed,
            ..Verdict::nothing(Rule::PairedErrors, Some(limit), nothing)
        };
    };
    let of_pairs = |mismatches: u64| Pairs {
        compared: errors.pairs,
        mismatches,
    };
    let (new, old) = (of_pairs(errors.new_alone), of_pairs(errors.old_alone));
    let (old_lower, _) = old.bounds();
    let (_, new_upper) = new.bounds();
    let upper = new_upper - old_lower;
    let test = mcnemar(errors.new_alone, errors.old_alone);
    let outcome = if upper < limit {
        Outcome::Pass
    } else if test.new_worse < RISK {
        Outcome::Fail
    } else {
        Outcome::NoData
    };
    let needed = (outcome == Outcome::NoData)
        .then(|| {
            uses_needed(
                errors.new_alone.min(errors.pairs),
                errors.pairs,
                limit + old_lower,
                EACH,
            )
        })
        .flatten();
    let measured = format!(
        "Of {} that both served, new alone failed {} and old alone {}",
        counted(errors.pairs, "use", "uses"),
        counted(errors.new_alone, "time", "times"),
        counted(errors.old_alone, "time", "times")
    );
    let limit_words = share(limit);
    let said = match outcome {
        Outcome::Pass => format!(
            "; with 95 % certainty new fails for less than {} more, under the limit of {limit_words}.",
            bound_above(upper.max(0.0), limit)
        ),
        Outcome::Fail => format!(
            "; were both alike, that would be so with a chance of {} only.",
            share(test.new_worse)
        ),
        Outcome::NoData => match needed {
            Some(needed) => format!(
                ", too few to tell whether new fails for less than {limit_words} more. It takes {} more without an error.",
                grouped(needed)
            ),
            None => {
                format!(", which does not tell whether new fails for less than {limit_words} more.")
            }
        },
    };
    Verdict {
        outcome,
        rule: Rule::PairedErrors,
        sample: errors.pairs,
        needed,
        estimate: Some(new.share() - old.share()),
        bound: Some(upper),
        limit: Some(limit),
        sentence: measured + &said,
    }
}
