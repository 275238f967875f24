//! Statistics against what `SciPy` computed, and what must hold of them for any input.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "a failure here is a failed test, and what is compared is exact"
)]

use domain::evidence::LogMoments;
use domain::evidence::statistics::{
    Alternative, Equivalence, RISK, at_most, lower_bound, mann_whitney, mcnemar, paired,
    samples_needed, unpaired, upper_bound, uses_needed,
};
use proptest::prelude::*;
use serde_json::Value;

fn vectors(list: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/statistics.json")).unwrap();
    let list = all[list].as_array().unwrap().clone();
    assert!(list.len() >= 5);
    list
}

fn count(case: &Value, field: &str) -> u64 {
    case[field].as_u64().unwrap()
}

fn number(case: &Value, field: &str) -> f64 {
    case[field].as_f64().unwrap()
}

fn moments(case: &Value) -> LogMoments {
    serde_json::from_value(case.clone()).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, case: &Value) {
    let allowed = 1e-9 * expected.abs() + 1e-300;
    assert!(
        (found - expected).abs() <= allowed,
        "{found} for {expected}: {case}"
    );
}

#[test]
fn bounds_are_those_of_clopper_and_pearson() {
    for case in vectors("clopper_pearson") {
        let (hits, total, risk) = (
            count(&case, "hits"),
            count(&case, "total"),
            number(&case, "risk"),
        );
        near(
            upper_bound(hits, total, risk),
            number(&case, "upper"),
            &case,
        );
        near(
            lower_bound(hits, total, risk),
            number(&case, "lower"),
            &case,
        );
    }
}

#[test]
fn uses_still_needed_are_told_to_the_last_one() {
    for case in vectors("uses_needed") {
        let (errors, uses) = (count(&case, "errors"), count(&case, "uses"));
        let needed = uses_needed(errors, uses, number(&case, "limit"), number(&case, "risk"));
        assert_eq!(needed, Some(count(&case, "needed")), "{case}");
    }
    assert_eq!(uses_needed(0, 0, 0.001, RISK), Some(2_995));
    assert_eq!(uses_needed(0, 10, 0.0, RISK), None);
    assert_eq!(uses_needed(0, 10, f64::NAN, RISK), None);
    assert_eq!(uses_needed(3, 3, 1.0, RISK), Some(1));
}

#[test]
fn mcnemar_is_exact() {
    for case in vectors("mcnemar") {
        let found = mcnemar(count(&case, "new_alone"), count(&case, "old_alone"));
        near(found.new_worse, number(&case, "new_worse"), &case);
        near(found.new_better, number(&case, "new_better"), &case);
        near(found.different, number(&case, "different"), &case);
    }
}

fn check_equivalence(found: Option<Equivalence>, case: &Value) {
    let found = found.unwrap();
    near(found.not_slower, number(case, "not_slower"), case);
    near(found.not_faster, number(case, "not_faster"), case);
    near(found.lower, number(case, "lower"), case);
    near(found.upper, number(case, "upper"), case);
}

#[test]
fn two_one_sided_tests_are_those_of_welch_and_of_pairs() {
    for case in vectors("unpaired") {
        let (new, old) = (moments(&case["new"]), moments(&case["old"]));
        let (margin, risk) = (number(&case, "margin"), number(&case, "risk"));
        check_equivalence(unpaired(&new, &old, margin, risk), &case);
    }
    for case in vectors("paired") {
        let differences = moments(&case["differences"]);
        let (margin, risk) = (number(&case, "margin"), number(&case, "risk"));
        check_equivalence(paired(&differences, margin, risk), &case);
    }
}

#[test]
fn what_does_not_vary_is_told_without_a_test() {
    let of = |mean: f64, count| LogMoments {
        count,
        mean,
        variance: 0.0,
    };
    let same = unpaired(&of(1.0, 2), &of(1.0, 2), 0.05, RISK).unwrap();
    assert_eq!((same.ratio, same.lower, same.upper), (1.0, 1.0, 1.0));
    assert_eq!(same.chance(), 0.0);
    let slower = paired(&of(0.1, 5), 0.05, RISK).unwrap();
    assert_eq!((slower.not_slower, slower.not_faster), (1.0, 0.0));
    assert_eq!(paired(&of(0.1, 1), 0.05, RISK), None);
    let wild = LogMoments {
        count: 9,
        mean: f64::NAN,
        variance: 1.0,
    };
    assert_eq!(paired(&wild, 0.05, RISK), None);
}

#[test]
fn rank_sums_are_those_of_mann_and_whitney() {
    for case in vectors("mann_whitney") {
        let sample =
            |field: &str| -> Vec<f64> { serde_json::from_value(case[field].clone()).unwrap() };
        let (first, second) = (sample("first"), sample("second"));
        for (alternative, field) in [
            (Alternative::Greater, "greater"),
            (Alternative::Less, "less"),
            (Alternative::TwoSided, "two_sided"),
        ] {
            let found = mann_whitney(&first, &second, alternative).unwrap();
            near(found.statistic, number(&case, "statistic"), &case);
            near(found.chance, number(&case, field), &case);
        }
    }
    let none = mann_whitney(&[], &[1.0], Alternative::Greater);
    assert_eq!(none, None);
    assert_eq!(mann_whitney(&[f64::NAN], &[1.0], Alternative::Less), None);
    let tied = mann_whitney(&[2.0; 20], &[2.0; 20], Alternative::TwoSided).unwrap();
    assert_eq!((tied.chance, tied.exact), (1.0, false));
}

fn hits_of() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![1_u64..200, 1_u64..3_000_000_000]
        .prop_flat_map(|total| (prop_oneof![0..=total, 0..=total.min(40)], Just(total)))
}

/// A little more than rounding.
const SLACK: f64 = 1e-12;

proptest! {
    #[test]
    fn bounds_contain_the_estimate((hits, total) in hits_of()) {
        let (lower, upper) = (lower_bound(hits, total, RISK), upper_bound(hits, total, RISK));
        let rate = hits as f64 / total as f64;
        prop_assert!((0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper));
        prop_assert!(lower <= rate + SLACK && rate <= upper + SLACK, "{lower} {rate} {upper}");
    }

    #[test]
    fn more_errors_raise_both_bounds((hits, total) in hits_of()) {
        prop_assume!(hits < total);
        prop_assert!(upper_bound(hits, total, RISK) <= upper_bound(hits + 1, total, RISK) + SLACK);
        prop_assert!(lower_bound(hits, total, RISK) <= lower_bound(hits + 1, total, RISK) + SLACK);
    }

    #[test]
    fn more_data_of_the_same_rate_narrows((hits, total) in hits_of(), times in 2_u64..50) {
        let (more, of) = (hits * times, total * times);
        prop_assert!(upper_bound(more, of, RISK) <= upper_bound(hits, total, RISK) + SLACK);
        prop_assert!(lower_bound(more, of, RISK) + SLACK >= lower_bound(hits, total, RISK));
    }

    #[test]
    fn no_count_is_too_large(hits in any::<u64>(), total in any::<u64>()) {
        let (lower, upper) = (lower_bound(hits, total, RISK), upper_bound(hits, total, RISK));
        prop_assert!(lower <= upper && (0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper));
    }

    #[test]
    fn uses_needed_are_just_enough(errors in 0_u64..60, more in 0_u64..5_000, limit in 0.0005..0.3_f64) {
        let uses = errors + more;
        let needed = uses_needed(errors, uses, limit, RISK).unwrap();
        prop_assert!(upper_bound(errors, uses + needed, RISK) < limit + SLACK);
        if needed > 0 {
            prop_assert!(upper_bound(errors, uses + needed - 1, RISK) >= limit - SLACK);
        }
    }

    #[test]
    fn mcnemar_has_two_sides(new_alone in 0_u64..3_000, old_alone in 0_u64..3_000) {
        let (one, other) = (mcnemar(new_alone, old_alone), mcnemar(old_alone, new_alone));
        prop_assert_eq!(one.new_worse, other.new_better);
        prop_assert_eq!(one.different, other.different);
        prop_assert!(one.different <= 1.0 && one.new_worse + one.new_better >= 1.0 - SLACK);
        prop_assert!((0.0..=1.0).contains(&at_most(new_alone, new_alone + old_alone, 0.5)));
    }

    #[test]
    fn a_ratio_lies_between_its_bounds(
        new in (2_u64..1_000_000, -5.0..5.0_f64, 0.0..4.0_f64),
        old in (2_u64..1_000_000, -5.0..5.0_f64, 0.0..4.0_f64),
    ) {
        let side = |(count, mean, variance)| LogMoments { count, mean, variance };
        let (new, old) = (side(new), side(old));
        let found = unpaired(&new, &old, 0.05, RISK).unwrap();
        prop_assert!(found.lower <= found.ratio && found.ratio <= found.upper);
        // The tests and the interval say the same.
        let within = found.lower > 1.0 / 1.05 && found.upper < 1.05;
        prop_assert_eq!(found.chance() < RISK, within);
        let back = unpaired(&old, &new, 0.05, RISK).unwrap();
        prop_assert!((found.ratio * back.ratio - 1.0).abs() < 1e-9);
        let _ = samples_needed(&new, &old, 0.05, RISK);
    }

    #[test]
    fn rank_sums_are_chances(
        first in prop::collection::vec(-50_i32..50, 1..12),
        second in prop::collection::vec(-50_i32..50, 1..12),
    ) {
        let sample = |values: &[i32]| -> Vec<f64> { values.iter().copied().map(f64::from).collect() };
        let (first, second) = (sample(&first), sample(&second));
        let greater = mann_whitney(&first, &second, Alternative::Greater).unwrap();
        let less = mann_whitney(&second, &first, Alternative::Less).unwrap();
        prop_assert!((0.0..=1.0).contains(&greater.chance));
        prop_assert!((greater.chance - less.chance).abs() < SLACK);
        let pairs = (first.len() * second.len()) as f64;
        prop_assert!((greater.statistic + mann_whitney(&second, &first, Alternative::Greater).unwrap().statistic - pairs).abs() < SLACK);
    }
}
