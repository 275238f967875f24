//! Bounds and tests, as `SciPy` computes them (`tests/vectors/statistics.json` holds what it said).
//!
//! Nothing here decides: [`super::gates`] does. Risks are one-sided, above 0 and below a half; 0.05 stands for 95 %.
//!
//! | module | subject |
//! | --- | --- |
//! | `special` | the incomplete beta function and its inverse, Student's t |
//! | `binomial` | Clopper-Pearson bounds, uses still needed, `McNemar`'s exact test |
//! | `equivalence` | two one-sided tests on a log ratio, paired and not |
//! | `rank_sum` | the Mann-Whitney U test |

mod binomial;
mod equivalence;
mod rank_sum;
mod special;

pub use binomial::{McNemar, at_most, lower_bound, mcnemar, upper_bound, uses_needed};
pub use equivalence::{Equivalence, paired, pairs_needed, samples_needed, unpaired};
pub use rank_sum::{Alternative, RankSum, mann_whitney};

/// The risk that bounds and tests take unless they are told otherwise: 5 %, one-sided.
pub const RISK: f64 = 0.05;
