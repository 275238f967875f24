//! Completion criteria, and whether a rollback did what it was for.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use domain::evidence::Tally;
use domain::evidence::criteria::{
    Attestation, CriterionOutcome, CriterionStanding, Facts, ModulePerformance, OldUse, Stretch,
    Traffic, check_attestation, check_quiet, evaluate,
};
use domain::evidence::gates::{Benchmark, BenchmarkRun, CiRun};
use domain::evidence::rollback_check::{
    Allowed, CheckKind, CheckState, HealthAnswer, RollbackFacts, check_rollback,
};
use domain::plan_items::{Criterion, CriterionKind};
use domain::read::{ModeCounts, ReceiptView};
use domain::{Key, Mode, Thresholds, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn days_ago(days: i64) -> Timestamp {
    NOW.plus(-days * DAY)
}

/// The reference plan's eight.
fn criteria() -> Vec<Criterion> {
    [
        (CriterionKind::ModulesMigrated, Some(3), None),
        (CriterionKind::TrafficShare, Some(10_000), None),
        (CriterionKind::ErrorRate, Some(10), Some(14)),
        (CriterionKind::Performance, Some(500), None),
        (CriterionKind::Tests, Some(9_000), None),
        (CriterionKind::Documentation, None, None),
        (CriterionKind::OldCodeRemoved, None, None),
        (CriterionKind::Pipeline, None, None),
    ]
    .into_iter()
    .zip(1..)
    .map(|((kind, limit, days), position)| Criterion {
        position,
        kind,
        text: format!("Criterion {position}"),
        limit,
        days,
    })
    .collect()
}

fn attestation(evidence: &[&str]) -> Attestation {
    Attestation {
        by: "mira".into(),
        at: days_ago(1),
        applies: true,
        note: "Checked.".into(),
        evidence: evidence.iter().map(ToString::to_string).collect(),
    }
}

fn run(name: &str, at: i64, middle: f64) -> BenchmarkRun {
    BenchmarkRun {
        name: name.into(),
        at: Timestamp(at),
        durations: (0..20).map(|n| middle + f64::from(n) * 0.001).collect(),
    }
}

fn performance(module: &str, middle: f64) -> ModulePerformance {
    ModulePerformance {
        module: Key::parse(module).unwrap(),
        benchmarks: vec![Benchmark {
            name: "lookup".into(),
            baseline: Some(run("old", 1, 1.0)),
            runs: vec![run("new", 2, middle)],
        }],
        new: None,
        old: None,
    }
}

fn tests_on_new(failed: u64, covered: u16) -> CiRun {
    CiRun {
        name: "build 7".into(),
        mode: Mode::NewOnly,
        at: NOW,
        tests: 900,
        failed,
        succeeded: failed == 0,
        coverage_basis_points: Some(covered),
        href: Some("https://ci.example/7".into()),
    }
}

/// All that is needed: three modules on new for 20 days, 10,000 uses a day.
fn complete() -> Facts {
    let stretches = (0..20).map(|day| Stretch {
        from: days_ago(day + 1),
        until: days_ago(day),
        tally: Tally {
            uses: 10_000,
            errors: 5,
        },
    });
    Facts {
        counts: ModeCounts {
            new_only: 0,
            retired: 3,
            ..ModeCounts::default()
        },
        kill_switch: false,
        traffic: Traffic {
            old: 0,
            new: 10_000,
        },
        all_on_new: Some(days_ago(20)),
        stretches: stretches.collect(),
        performance: ["a", "b", "c"]
            .map(|module| performance(module, 1.0))
            .into(),
        ci_runs: vec![tests_on_new(0, 9_100)],
        old_use: OldUse {
            last: Some(days_ago(20)),
            quiet: 20 * DAY,
        },
    }
}

fn stand(facts: &Facts, attested: Option<&Attestation>) -> Vec<CriterionStanding> {
    evaluate(&criteria(), facts, |_| attested, NOW)
}

fn outcomes(facts: &Facts, attested: Option<&Attestation>) -> Vec<CriterionOutcome> {
    let all = stand(facts, attested);
    all.into_iter().map(|standing| standing.outcome).collect()
}

use CriterionOutcome::{Fail, NoData, NotApplicable, Pass};

#[test]
fn all_eight_pass_when_all_is_shown_and_none_in_silence() {
    let attested = attestation(&["https://docs.example/new"]);
    let all = stand(&complete(), Some(&attested));
    for standing in &all {
        assert_eq!(standing.outcome, Pass, "{}", standing.sentence);
    }
    assert_eq!(
        all[2].sentence,
        "New fails for 0.05 % of 140,000 uses; with 95 % certainty for less than 0.061 %, under the limit of 0.1 %. Counted over 14 days."
    );
    assert_eq!(all[4].evidence[0], "https://ci.example/7");
    assert_eq!(all[5].evidence, ["https://docs.example/new"]);
    assert_eq!(outcomes(&Facts::default(), None)[1..6], [NoData; 5]);
    assert!(!outcomes(&Facts::default(), None).contains(&Pass));
}

#[test]
fn each_number_is_measured() {
    let mut facts = complete();
    facts.counts = ModeCounts {
        new_only: 1,
        gradual_rollout: 1,
        retired: 1,
        ..ModeCounts::default()
    };
    facts.traffic = Traffic {
        old: 1,
        new: 9_999_999,
    };
    facts.performance[1] = performance("b", 1.3);
    facts.ci_runs = vec![tests_on_new(0, 8_999)];
    let all = stand(&facts, None);
    let found: Vec<_> = all.iter().map(|standing| standing.outcome).collect();
    assert_eq!(found, [Fail, Fail, Pass, Fail, Fail, NoData, Fail, NoData]);
    assert_eq!(all[0].sentence, "2 of 3 modules are on new.");
    assert_eq!(
        all[1].sentence,
        "New answered 9,999,999 of 10,000,000 uses; old answered 1. 100 % are asked for."
    );
    assert_eq!(
        all[3].sentence,
        "2 of 3 modules are within 5 % of their baseline. Not: b."
    );
    assert_eq!(all[3].verdicts.len(), 3);
    facts.kill_switch = true;
    assert_eq!(
        stand(&facts, None)[0].sentence,
        "1 of 3 modules are on new; the kill switch holds the others on old."
    );
    facts.performance.push(ModulePerformance {
        benchmarks: vec![],
        ..performance("d", 1.0)
    });
    facts.performance.remove(1);
    let silent = &stand(&facts, None)[3];
    assert_eq!(silent.outcome, NoData, "{}", silent.sentence);
    assert!(silent.sentence.ends_with("No data: d."));
}

#[test]
fn two_weeks_are_counted_by_time_with_data() {
    let errors = |facts: &Facts| stand(facts, None).remove(2);
    let mut facts = complete();
    // Ten of the twenty days were silent.
    for stretch in facts.stretches.iter_mut().step_by(2) {
        stretch.tally = Tally::default();
    }
    let short = errors(&facts);
    assert_eq!(short.outcome, NoData);
    assert!(
        short
            .sentence
            .ends_with("10 of 14 days have data, 4 days are left."),
        "{}",
        short.sentence
    );
    // A proven failure needs no two weeks.
    for stretch in &mut facts.stretches {
        stretch.tally.errors = stretch.tally.uses / 100;
    }
    assert_eq!(errors(&facts).outcome, Fail);
    // What was before all were on new does not count.
    let mut facts = complete();
    facts.all_on_new = Some(days_ago(13));
    assert_eq!(errors(&facts).outcome, NoData);
    facts.all_on_new = None;
    assert_eq!(
        errors(&facts).sentence,
        "The 14 days have not begun: not every module is on new."
    );
    // The same day told twice is one day.
    let mut facts = complete();
    facts.stretches.truncate(7);
    facts.stretches.extend(facts.stretches.clone());
    assert_eq!(errors(&facts).outcome, NoData);
}

#[test]
fn old_code_is_gone_only_after_two_quiet_weeks() {
    let mut facts = complete();
    facts.counts = ModeCounts {
        new_only: 3,
        ..ModeCounts::default()
    };
    let removed = |facts: &Facts, attested: Option<&Attestation>| stand(facts, attested).remove(6);
    assert_eq!(removed(&facts, None).outcome, Fail);
    let attested = attestation(&["https://git.example/removal"]);
    assert_eq!(removed(&facts, Some(&attested)).outcome, Pass);
    let busy = OldUse {
        last: Some(NOW),
        quiet: 0,
    };
    facts.old_use = busy;
    let again = removed(&facts, Some(&attested));
    assert_eq!(again.outcome, Fail, "{}", again.sentence);

    let kind = CriterionKind::OldCodeRemoved;
    assert_eq!(
        check_attestation(kind, &attested, complete().old_use),
        Ok(())
    );
    let refused = check_attestation(kind, &attested, busy).unwrap_err();
    assert_eq!(refused.code(), "in-use");
    let quiet = |days| OldUse {
        last: Some(days_ago(days)),
        quiet: days * DAY,
    };
    assert_eq!(
        check_quiet("billing", quiet(13)).unwrap_err().to_string(),
        "billing is still in use: old was last used 2027-01-02 08:00 UTC. It may go after 14 days with data and without a use: 24 h are left."
    );
    assert_eq!(check_quiet("billing", quiet(14)), Ok(()));
    // Never seen is not the same as quiet.
    assert!(check_quiet("billing", OldUse::default()).is_err());
}

#[test]
fn an_attestation_has_a_name_and_a_link() {
    let check = |kind, attested: &Attestation| {
        check_attestation(kind, attested, OldUse::default()).map_err(|refusal| refusal.to_string())
    };
    let kind = CriterionKind::Documentation;
    let good = attestation(&["https://docs.example/new"]);
    assert_eq!(check(kind, &good), Ok(()));
    let says = |attested: &Attestation, words: &str| {
        let told = check(kind, attested).unwrap_err();
        assert!(told.contains(words), "{told}");
    };
    says(&attestation(&[]), "Link to what shows it");
    for bad in [
        "javascript:alert(1)",
        "docs",
        "https://",
        "https://a b",
        "http://a\n",
    ] {
        says(&attestation(&[bad]), "A link begins with");
    }
    let nameless = Attestation {
        by: " ".into(),
        ..good.clone()
    };
    says(&nameless, "Say who");
    assert!(
        check(CriterionKind::Tests, &good)
            .unwrap_err()
            .contains("This is measured")
    );
    let mut waived = Attestation {
        applies: false,
        evidence: vec![],
        ..good
    };
    assert_eq!(check(CriterionKind::Tests, &waived), Ok(()));
    assert_eq!(outcomes(&complete(), Some(&waived)), [NotApplicable; 8]);
    waived.note.clear();
    assert!(
        check(CriterionKind::Tests, &waived)
            .unwrap_err()
            .contains("Say why")
    );
}

fn receipts(acknowledged: u32, expected: u32) -> ReceiptView {
    ReceiptView {
        stored_at: NOW,
        pushed_at: NOW,
        expected,
        acknowledged,
        median_ms: None,
        p99_ms: None,
        slowest_ms: None,
        behind: vec!["api-7".into()],
    }
}

fn rolled_back() -> RollbackFacts {
    RollbackFacts {
        at: NOW,
        receipts: Some(receipts(4, 4)),
        old: Tally {
            uses: 2_000,
            errors: 2,
        },
        health_address: true,
        health: Some(HealthAnswer {
            at: NOW.plus(5_000),
            status: Some(200),
        }),
        ci_runs: vec![CiRun {
            mode: Mode::OldOnly,
            at: NOW.plus(HOUR / 2),
            ..tests_on_new(0, 9_000)
        }],
    }
}

fn states(facts: &RollbackFacts, after: i64) -> (CheckState, Vec<CheckState>) {
    let now = facts.at.plus(after);
    let found = check_rollback(facts, Thresholds::default(), Allowed::default(), now);
    let kinds: Vec<_> = found.checks.iter().map(|check| check.kind).collect();
    assert_eq!(
        kinds,
        [
            CheckKind::Acknowledged,
            CheckKind::Errors,
            CheckKind::Health,
            CheckKind::Tests
        ]
    );
    let states = found.checks.iter().map(|check| check.state).collect();
    (found.state, states)
}

#[test]
fn a_rollback_is_green_only_when_all_is_shown() {
    use CheckState::{Green, Missing, Waiting};
    assert_eq!(states(&rolled_back(), HOUR), (Green, vec![Green; 4]));
    let nothing = RollbackFacts {
        at: NOW,
        receipts: None,
        old: Tally::default(),
        health_address: true,
        health: None,
        ci_runs: vec![],
    };
    assert_eq!(states(&nothing, 0), (Waiting, vec![Waiting; 4]));
    let half = vec![Missing, Missing, Missing, Waiting];
    assert_eq!(states(&nothing, HOUR), (Missing, half));
    assert_eq!(states(&nothing, 25 * HOUR), (Missing, vec![Missing; 4]));
}

#[test]
fn what_is_missing_is_named() {
    let mut facts = rolled_back();
    facts.receipts = Some(receipts(3, 4));
    facts.old.errors = 200;
    facts.health_address = false;
    // Before the rollback, so it shows nothing.
    facts.ci_runs[0].at = NOW.plus(-1);
    let now = NOW.plus(60_000);
    let found = check_rollback(&facts, Thresholds::default(), Allowed::default(), now);
    let sentences: Vec<_> = found
        .checks
        .iter()
        .map(|check| check.sentence.as_str())
        .collect();
    assert_eq!(
        sentences,
        [
            "3 of 4 instances obey. Behind: api-7. 9 min left.",
            "Old fails for 10 % of 2,000 uses; with 95 % certainty for more than 8.91 %, over the limit of 1 %. 9 min left.",
            "No health address is set. Name the one that the service answers at in the settings.",
            "No run of the tests with old_only was reported. 23 h 59 min left.",
        ]
    );
    facts.receipts = Some(receipts(0, 0));
    assert_eq!(states(&facts, 1).1[0], CheckState::Missing);
    facts.health_address = true;
    facts.health = Some(HealthAnswer {
        at: NOW.plus(-1),
        status: Some(200),
    });
    assert_eq!(states(&facts, 1).1[2], CheckState::Waiting);
    facts.health = Some(HealthAnswer {
        at: NOW.plus(1),
        status: Some(503),
    });
    assert_eq!(states(&facts, HOUR).1[2], CheckState::Missing);
}
