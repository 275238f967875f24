//! Gates: what they answer, what they say, and that silence never passes.

use domain::evidence::gates::{
    Alarm, Benchmark, BenchmarkRun, CiRun, Comparisons, KnownDifference, Limits, Margin, Matched,
    ModuleEvidence, PairedErrors, Pairs, alarm, benchmarks, coverage, error_rate, errors_under,
    judge, latency, mismatches, paired_errors, paired_latency, regressions, rules_for, tests,
};
use domain::evidence::{LogMoments, Outcome, Rule, SideWindow, Tally, Verdict, without_data};
use domain::{FlagState, Mode, Thresholds, Timestamp};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const TODAY: Date = date(2026, 12, 1);

fn tally(errors: u64, uses: u64) -> Tally {
    Tally { uses, errors }
}

fn on_new(errors: u64, uses: u64) -> Verdict {
    error_rate(Rule::ErrorRate, tally(errors, uses), Thresholds::default())
}

fn moments(count: u64, mean: f64, variance: f64) -> LogMoments {
    LogMoments {
        count,
        mean,
        variance,
    }
}

#[test]
fn an_error_rate_is_told_in_a_sentence() {
    let pass = on_new(38, 12_400);
    assert_eq!(
        (pass.outcome, pass.sample, pass.needed),
        (Outcome::Pass, 12_400, None)
    );
    assert_eq!(
        pass.sentence,
        "New fails for 0.31 % of 12,400 uses; with 95 % certainty for less than 0.41 %, under the limit of 1 %."
    );
    let fail = on_new(30, 400);
    assert_eq!(fail.outcome, Outcome::Fail);
    assert_eq!(
        fail.sentence,
        "New fails for 7.5 % of 400 uses; with 95 % certainty for more than 5.44 %, over the limit of 1 %."
    );
    let unsure = on_new(0, 100);
    assert_eq!(
        (unsure.outcome, unsure.needed),
        (Outcome::NoData, Some(199))
    );
    assert_eq!(
        unsure.sentence,
        "New fails for 0 % of 100 uses, too few to tell whether that is under the limit of 1 %. It takes 199 more without an error."
    );
}

#[test]
fn no_errors_prove_a_tenth_of_a_percent_after_2995_uses() {
    let at = |uses| errors_under(Rule::ErrorRate, "New", tally(0, uses), 0.001);
    assert_eq!(
        (at(2_994).outcome, at(2_994).needed),
        (Outcome::NoData, Some(1))
    );
    assert_eq!(at(2_995).outcome, Outcome::Pass);
    let nothing = at(0);
    assert_eq!(
        (nothing.outcome, nothing.needed),
        (Outcome::NoData, Some(2_995))
    );
    assert_eq!(
        nothing.sentence,
        "New was not used. 2,995 uses without an error would prove less than 0.1 %."
    );
}

#[test]
fn one_use_proves_no_rollback() {
    let back = |errors, uses| {
        let thresholds = Thresholds::default();
        error_rate(Rule::RollbackRate, tally(errors, uses), thresholds).outcome
    };
    // Its lower bound is 5 %, which is the limit and not above it.
    assert_eq!(back(1, 1), Outcome::NoData);
    assert_eq!(back(2, 2), Outcome::Fail);
    // More errors than uses cannot be: they are taken as many as uses.
    assert_eq!(back(9, 1), Outcome::NoData);
}

fn known(expires: Date, mismatches: u64) -> Matched {
    Matched {
        difference: KnownDifference {
            name: "rounding of totals".into(),
            path: "total.cents".into(),
            owner: "billing".into(),
            expires,
        },
        mismatches,
    }
}

#[test]
fn a_known_difference_counts_again_when_it_has_expired() {
    let mut comparisons = Comparisons {
        new: Pairs {
            compared: 50_000,
            mismatches: 400,
        },
        control: Some(Pairs {
            compared: 50_000,
            mismatches: 10,
        }),
        known: vec![known(TODAY, 390)],
    };
    let held = mismatches(Some(&comparisons), 10, TODAY);
    assert_eq!(held.outcome, Outcome::Pass, "{}", held.sentence);
    assert!(
        held.sentence
            .contains("beside 390 that known differences explain")
    );
    let tomorrow = date(2026, 12, 2);
    let expired = mismatches(Some(&comparisons), 10, tomorrow);
    assert_eq!(expired.outcome, Outcome::Fail);
    assert!(
        expired.sentence.ends_with(
            "Known no longer, and counted again: \"rounding of totals\" (billing, until 2026-12-01)."
        ),
        "{}",
        expired.sentence
    );
    // Noise as large as what differs leaves nothing to new.
    comparisons.control = Some(Pairs {
        compared: 50_000,
        mismatches: 400,
    });
    let noisy = mismatches(Some(&comparisons), 20, tomorrow);
    assert_eq!(noisy.outcome, Outcome::Pass, "{}", noisy.sentence);
    comparisons.control = None;
    let unmeasured = mismatches(Some(&comparisons), 20, tomorrow);
    assert_eq!(unmeasured.outcome, Outcome::Fail);
    assert!(unmeasured.sentence.contains("noise is taken as none"));
    assert_eq!(mismatches(None, 10, TODAY).outcome, Outcome::NoData);
    let few = Comparisons {
        new: Pairs {
            compared: 10,
            mismatches: 0,
        },
        ..Comparisons::default()
    };
    let few = mismatches(Some(&few), 10, TODAY);
    // Two bounds at once: 2.5 % each, ln 0.025 / ln 0.999.
    assert_eq!(
        (few.outcome, few.needed),
        (Outcome::NoData, Some(3_688 - 10))
    );
}

#[test]
fn errors_are_compared_use_by_use() {
    let of = |pairs, new_alone, old_alone| {
        paired_errors(
            Some(PairedErrors {
                pairs,
                new_alone,
                old_alone,
                both: 3,
            }),
            10,
        )
    };
    assert_eq!(of(10_000, 0, 0).outcome, Outcome::Pass);
    assert_eq!(of(100, 0, 0).outcome, Outcome::NoData);
    assert_eq!(of(1_000, 8, 0).outcome, Outcome::Fail);
    assert_eq!(of(1_000, 8, 7).outcome, Outcome::NoData);
    // Worse beyond doubt, but proven to be less than a thousandth.
    assert_eq!(of(10_000_000, 300, 200).outcome, Outcome::Pass);
    assert_eq!(paired_errors(None, 10).outcome, Outcome::NoData);
    assert!(of(1_000, 8, 0).sentence.starts_with(
        "Of 1,000 uses that both served, new alone failed 8 times and old alone 0 times"
    ));
}

#[test]
fn durations_are_equivalent_only_when_that_is_proven() {
    let margin = Margin::default();
    let old = moments(20_000, 3.0, 0.2);
    let at = |mean: f64, count| latency(Some(&moments(count, mean, 0.2)), Some(&old), margin);
    assert_eq!(at(3.01, 20_000).outcome, Outcome::Pass);
    let unsure = at(3.01, 100);
    assert_eq!(unsure.outcome, Outcome::NoData);
    assert!(unsure.needed.unwrap() > 100);
    assert_eq!(at(3.2, 20_000).outcome, Outcome::Fail);
    let faster = at(2.7, 20_000);
    assert_eq!(faster.outcome, Outcome::Fail);
    assert!(
        faster.sentence.contains("let faster pass"),
        "{}",
        faster.sentence
    );
    let welcome = Margin {
        faster_passes: true,
        ..margin
    };
    let quick = latency(Some(&moments(20_000, 2.7, 0.2)), Some(&old), welcome);
    assert_eq!(quick.outcome, Outcome::Pass);
    assert!(quick.sentence.ends_with("and faster is welcome here."));
    for verdict in [
        latency(None, Some(&old), margin),
        latency(Some(&old), None, margin),
        latency(Some(&moments(1, 3.0, 0.0)), Some(&old), margin),
        paired_latency(None, margin),
    ] {
        assert_eq!(verdict.outcome, Outcome::NoData, "{}", verdict.sentence);
    }
    // Pairs tell the same with far fewer uses.
    let paired = paired_latency(Some(&moments(100, 0.01, 0.01)), margin);
    assert_eq!(paired.outcome, Outcome::Pass, "{}", paired.sentence);
}

fn run(name: &str, at: i64, durations: &[f64]) -> BenchmarkRun {
    BenchmarkRun {
        name: name.into(),
        at: Timestamp(at),
        durations: durations.to_vec(),
    }
}

fn around(middle: f64) -> Vec<f64> {
    (0..20).map(|n| middle + f64::from(n) * 0.001).collect()
}

#[test]
fn a_regression_needs_a_second_run() {
    let margin = Margin::default();
    let mut each = Benchmark {
        name: "lookup".into(),
        baseline: None,
        runs: vec![],
    };
    let outcome = |each: &Benchmark| regressions(std::slice::from_ref(each), margin).outcome;
    assert_eq!(alarm(&each, margin), Alarm::Silent);
    assert_eq!(regressions(&[], margin).outcome, Outcome::NoData);
    assert_eq!(benchmarks(&[], margin).outcome, Outcome::NoData);
    each.runs.push(run("r1", 1, &around(1.0)));
    assert_eq!(
        (alarm(&each, margin), outcome(&each)),
        (Alarm::Silent, Outcome::NoData)
    );
    each.baseline = Some(run("old", 0, &around(1.0)));
    assert_eq!(
        (alarm(&each, margin), outcome(&each)),
        (Alarm::Quiet, Outcome::Pass)
    );
    each.runs.push(run("r2", 2, &around(1.2)));
    let suspected = Alarm::Suspected { run: "r2".into() };
    assert_eq!(
        (alarm(&each, margin), outcome(&each)),
        (suspected, Outcome::NoData)
    );
    // What cannot be told changes nothing: two durations, far too few.
    each.runs.push(run("r3", 3, &[1.3, 0.9]));
    assert!(matches!(alarm(&each, margin), Alarm::Suspected { .. }));
    each.runs.push(run("r4", 4, &around(1.2)));
    let confirmed = Alarm::Confirmed {
        run: "r2".into(),
        by: "r4".into(),
    };
    assert_eq!(
        (alarm(&each, margin), outcome(&each)),
        (confirmed, Outcome::Fail)
    );
    each.runs.push(run("r5", 5, &around(1.0)));
    let cleared = Alarm::Cleared {
        run: "r2".into(),
        by: "r5".into(),
    };
    assert_eq!(
        (alarm(&each, margin), outcome(&each)),
        (cleared, Outcome::Pass)
    );
    // Runs are taken by their time, not by their place.
    each.runs.reverse();
    assert_eq!(outcome(&each), Outcome::Pass);
    assert_eq!(benchmarks(&[each.clone()], margin).outcome, Outcome::Pass);
    let unmeasured = Benchmark {
        baseline: None,
        ..each.clone()
    };
    let both = benchmarks(&[each, unmeasured], margin);
    assert_eq!(both.outcome, Outcome::NoData, "{}", both.sentence);
}

fn ci(mode: Mode, at: i64, total: u64, failed: u64, covered: Option<u16>) -> CiRun {
    CiRun {
        name: format!("build {at}"),
        mode,
        at: Timestamp(at),
        tests: total,
        failed,
        succeeded: failed == 0,
        coverage_basis_points: covered,
        href: None,
    }
}

#[test]
fn tests_are_told_by_their_newest_run() {
    let runs = [
        ci(Mode::OldOnly, 2, 120, 0, Some(9_400)),
        ci(Mode::NewOnly, 3, 120, 0, Some(8_990)),
        ci(Mode::NewOnly, 1, 120, 7, Some(9_900)),
        ci(Mode::BothValidate, 4, 0, 0, None),
    ];
    assert_eq!(tests(Mode::OldOnly, &runs).outcome, Outcome::Pass);
    assert_eq!(tests(Mode::NewOnly, &runs).outcome, Outcome::Pass);
    assert_eq!(tests(Mode::NewOnly, &runs[2..]).outcome, Outcome::Fail);
    assert_eq!(tests(Mode::BothValidate, &runs).outcome, Outcome::NoData);
    assert_eq!(tests(Mode::OldOnly, &[]).outcome, Outcome::NoData);
    let broken = CiRun {
        succeeded: false,
        ..ci(Mode::OldOnly, 9, 3, 0, None)
    };
    assert_eq!(tests(Mode::OldOnly, &[broken]).outcome, Outcome::Fail);
    let covered = coverage(&runs, 9_000);
    assert_eq!(covered.outcome, Outcome::Fail);
    assert_eq!(
        covered.sentence,
        "Tests reach 89.9 % of the code in run \"build 3\" with new_only, less than the 90 % asked for."
    );
    assert_eq!(coverage(&runs[..1], 9_000).outcome, Outcome::Pass);
    assert_eq!(coverage(&runs[3..], 9_000).outcome, Outcome::NoData);
}

#[test]
fn silence_passes_no_gate() {
    let nothing = ModuleEvidence::default();
    let verdicts = judge(&Rule::ALL, &nothing, &Limits::default(), TODAY);
    assert_eq!(without_data(&verdicts), Rule::ALL);
    for verdict in &verdicts {
        assert_eq!(verdict.sample, 0);
        assert!(verdict.sentence.ends_with('.'), "{}", verdict.sentence);
    }
    for state in [
        FlagState::OLD_ONLY,
        FlagState::BOTH_VALIDATE,
        FlagState::NEW_ONLY,
    ] {
        assert!(!rules_for(state).is_empty());
    }
}

#[test]
fn a_verdict_is_read_back() {
    for verdict in [on_new(38, 12_400), on_new(0, 0)] {
        let json = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
    }
    let evidence = ModuleEvidence {
        new: SideWindow {
            tally: tally(1, 2),
            latency: Some(moments(2, 0.5, 0.25)),
        },
        ..ModuleEvidence::default()
    };
    let json = serde_json::to_string(&evidence).unwrap();
    assert_eq!(
        serde_json::from_str::<ModuleEvidence>(&json).unwrap(),
        evidence
    );
}

proptest! {
    #[test]
    fn a_passed_rate_is_under_and_a_failed_one_over_its_limit(
        errors in 0_u64..5_000, more in 0_u64..500_000, limit in 1_u16..1_000,
    ) {
        let thresholds = Thresholds { hold_basis_points: limit, rollback_basis_points: 1_000 };
        let found = error_rate(Rule::ErrorRate, tally(errors, errors + more), thresholds);
        let (limit, rate) = (f64::from(limit) / 10_000.0, found.estimate.unwrap_or(0.0));
        match found.outcome {
            Outcome::Pass => prop_assert!(rate < limit && found.needed.is_none()),
            Outcome::Fail => prop_assert!(rate > limit && found.needed.is_none()),
            Outcome::NoData => prop_assert!(found.needed.is_some_and(|needed| needed > 0)),
        }
        // As many more without an error as it asks for do prove it.
        if let Some(needed) = found.needed {
            let later = error_rate(Rule::ErrorRate, tally(errors, errors + more + needed), thresholds);
            prop_assert_eq!(later.outcome, Outcome::Pass);
        }
    }

    #[test]
    fn known_differences_and_noise_never_turn_a_pass_around(
        compared in 1_u64..200_000, per_thousand in 0_u64..10, noise in 0_u64..300, explained in 0_u64..300,
    ) {
        let differing = compared * per_thousand / 1_000;
        let bare = Comparisons {
            new: Pairs { compared, mismatches: differing },
            ..Comparisons::default()
        };
        let with = Comparisons {
            control: Some(Pairs { compared: 100_000, mismatches: noise }),
            known: vec![known(TODAY, explained)],
            ..bare.clone()
        };
        if mismatches(Some(&bare), 10, TODAY).outcome == Outcome::Pass {
            prop_assert_eq!(mismatches(Some(&with), 10, TODAY).outcome, Outcome::Pass);
        }
    }
}
