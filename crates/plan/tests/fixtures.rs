//! Plans of several shapes and trades: what each must give.

use flags::Mode;
use jiff::civil::{Date, date};
use plan::{CriterionKind, Meaning, Metric, Plan, When, parse_markdown, to_markdown};

const START: Date = date(2026, 3, 2);

macro_rules! fixture {
    ($name:literal) => {
        read(include_bytes!(concat!("plans/", $name)))
    };
}

fn read(bytes: &[u8]) -> Plan {
    let plan = parse_markdown(bytes, START).expect("a readable plan");
    let written = to_markdown(&plan);
    let again = parse_markdown(written.as_bytes(), START).expect("a readable export");
    assert_eq!(again.content(), plan.content(), "the export reads back as the same plan:\n{written}");
    plan
}

fn windows(plan: &Plan) -> Vec<(Date, Date)> {
    plan.phases.iter().map(|phase| (phase.start, phase.end)).collect()
}

fn modules(plan: &Plan) -> Vec<(&str, Option<u32>, u32)> {
    plan.modules.iter().map(|module| (module.key.as_str(), module.phase, module.line)).collect()
}

fn steps(plan: &Plan) -> Vec<(Mode, u16, Option<u32>, u32)> {
    let step = |step: &plan::Step| (step.mode, step.exposure.basis_points(), step.soak_hours, step.line);
    plan.steps.iter().map(step).collect()
}

fn limits(plan: &Plan) -> Vec<(Metric, u32, Meaning, u32)> {
    plan.thresholds.iter().map(|limit| (limit.metric, limit.limit, limit.meaning, limit.line)).collect()
}

#[test]
fn a_plan_made_of_tables() {
    let plan = fixture!("payments-tables.md");
    assert_eq!(plan.title.as_deref(), Some("Ledger move: from Tuxedo to Meridian"));
    assert_eq!((plan.date, plan.expected_modules), (Some(date(2026, 2, 3)), Some(9)));
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 3, 2), date(2026, 3, 13)),
            (date(2026, 3, 16), date(2026, 4, 3)),
            (date(2026, 4, 6), date(2026, 4, 17)),
        ]
    );
    assert_eq!(plan.phases.iter().map(|phase| phase.expected_modules).collect::<Vec<_>>(), [Some(4), Some(3), Some(2)]);
    assert_eq!(modules(&plan).len(), 9);
    assert_eq!(modules(&plan)[0], ("balance_lookup", Some(1), 19));
    assert_eq!(modules(&plan)[8], ("auditor-export", Some(3), 27));
    let booking = &plan.modules[4];
    assert_eq!(booking.owner.as_deref(), Some("Ledger"));
    assert_eq!((booking.old_path.as_deref(), booking.new_path.as_deref()), (Some("tux/book.c"), Some("meridian/booking")));
    assert_eq!(plan.modules[2].old_path, None, "a dash says nothing");
    assert_eq!(
        steps(&plan),
        [
            (Mode::BothValidate, 0, Some(72), 33),
            (Mode::GradualRollout, 250, Some(24), 34),
            (Mode::GradualRollout, 5_000, Some(36), 35),
            (Mode::NewOnly, 10_000, Some(336), 36),
        ]
    );
    assert_eq!(
        limits(&plan),
        [
            (Metric::ErrorRate, 50, Meaning::Hold, 42),
            (Metric::ErrorRate, 200, Meaning::Rollback, 43),
            (Metric::MismatchRate, 10, Meaning::Hold, 45),
            (Metric::Latency, 1_000, Meaning::Hold, 44),
        ]
    );
    assert_eq!(plan.daily.len(), 2);
    assert_eq!(plan.daily[0].owner.as_deref(), Some("Finance"));
    assert_eq!(plan.criteria[2].kind, CriterionKind::ErrorRate { limit: Some(5), days: Some(30) });
    assert_eq!(plan.runbook[0].commands[1].text, "router use tuxedo");
    assert_eq!(plan.unrecognised, []);
}

#[test]
fn flags_of_another_product_in_waves() {
    let plan = fixture!("checkout-waves.md");
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 3, 2), date(2026, 3, 8)),
            (date(2026, 3, 9), date(2026, 3, 18)),
            (date(2026, 3, 19), date(2026, 4, 1)),
        ]
    );
    assert!(plan.notes.iter().any(|note| note.line == 40 && note.text.contains("14 days are assumed")), "{:?}", plan.notes);
    let keys = modules(&plan);
    assert_eq!(keys.len(), 8);
    assert_eq!(keys[2], ("cartdrawerredesign", Some(1), 20));
    assert_eq!(keys[5], ("one-click-buy", Some(2), 28));
    assert_eq!(keys[7], ("tax-engine-2", Some(3), 42));
    assert_eq!(
        steps(&plan),
        [
            (Mode::BothValidate, 0, Some(12), 46),
            (Mode::GradualRollout, 100, Some(4), 47),
            (Mode::GradualRollout, 2_000, Some(24), 48),
            (Mode::NewOnly, 10_000, Some(72), 49),
        ]
    );
    let prepared: Vec<_> = plan.preparation.iter().map(|item| (item.owner.as_deref(), item.done)).collect();
    assert_eq!(prepared, [(Some("Priya"), true), (Some("sre"), false), (Some("lee"), false)]);
    let checks: Vec<_> = plan.checks.iter().map(|item| (item.phase, item.when, item.line)).collect();
    assert_eq!(
        checks,
        [
            (Some(2), Some(When::Before), 31),
            (Some(2), Some(When::Before), 32),
            (Some(2), Some(When::During), 35),
            (Some(2), Some(When::After), 38),
        ]
    );
    assert_eq!(
        limits(&plan),
        [
            (Metric::ErrorRate, 100, Meaning::Hold, 54),
            (Metric::ErrorRate, 300, Meaning::Rollback, 53),
            (Metric::Latency, 1_500, Meaning::Hold, 55),
        ]
    );
    assert_eq!(plan.conditional.len(), 2);
    assert_eq!(plan.criteria.len(), 5);
    assert_eq!(plan.runbook[0].title, "If something breaks: revert");
    assert_eq!(plan.runbook[0].instructions.len(), 3);
}

#[test]
fn nested_lists_instead_of_headings() {
    let plan = fixture!("warehouse-nested.md");
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 3, 2), date(2026, 3, 8)),
            (date(2026, 3, 9), date(2026, 3, 22)),
            (date(2026, 3, 23), date(2026, 3, 29)),
        ]
    );
    let expected = [
        ("door-sensor", Some(1), 5),
        ("door-motor", Some(1), 6),
        ("dock-lights", Some(1), 7),
        ("belt_drive", Some(2), 14),
        ("belt_scale", Some(2), 15),
        ("merge_gate", Some(2), 16),
        ("crane_lift", Some(3), 22),
        ("crane_travel", Some(3), 22),
    ];
    assert_eq!(modules(&plan), expected);
    assert_eq!(plan.modules[1].owner.as_deref(), Some("Field"));
    assert_eq!(plan.modules[2].new_path.as_deref(), Some("rust/lights.rs"));
    assert_eq!(steps(&plan), [(Mode::GradualRollout, 2_500, Some(72), 18), (Mode::NewOnly, 10_000, None, 19)]);
    assert_eq!((plan.days[0].days.start, plan.days[0].days.end), (date(2026, 3, 9), date(2026, 3, 12)));
    assert_eq!(plan.checks[1].text, "Wire it in parallel; use the yellow loom");
    assert_eq!((plan.phases[2].validation_days, plan.phases[2].overrun_days), (Some(14), 7));
    assert_eq!(plan.daily.len(), 2);
    assert_eq!(limits(&plan), [(Metric::ErrorRate, 400, Meaning::Rollback, 29)]);
    let unread: Vec<_> = plan.unrecognised.iter().map(|entry| (entry.line, entry.text.as_str())).collect();
    assert_eq!(unread, [(17, "and the remaining ones")]);
}

#[test]
fn sprints_as_bold_lines_and_sentences() {
    let plan = fixture!("telephony-sprints.md");
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 3, 2), date(2026, 3, 22)),
            (date(2026, 3, 23), date(2026, 5, 3)),
            (date(2026, 5, 4), date(2026, 5, 24)),
        ]
    );
    assert_eq!(plan.modules.len(), 8);
    assert_eq!(modules(&plan)[7], ("rating-feed", Some(3), 23));
    assert_eq!((plan.phases[1].validation_days, plan.phases[1].overrun_days), (Some(49), 7));
    assert_eq!(plan.steps.len(), 4);
    assert_eq!(plan.steps[2].soak_hours, Some(48));
    assert_eq!(
        limits(&plan),
        [(Metric::ErrorRate, 100, Meaning::Hold, 31), (Metric::ErrorRate, 300, Meaning::Rollback, 31)]
    );
    assert_eq!((plan.daily.len(), plan.conditional.len(), plan.criteria.len()), (1, 1, 3));
    let runbook: Vec<_> = plan.runbook.iter().map(|entry| (entry.title.as_str(), entry.line)).collect();
    assert_eq!(runbook, [("Signalling", 44), ("Media", 52), ("Check afterwards", 57)]);
    assert_eq!(plan.expected_modules, Some(8));
}

#[test]
fn headings_that_are_dates() {
    let plan = fixture!("clinic-dates.md");
    assert_eq!(plan.date, Some(date(2026, 1, 12)));
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 1, 19), date(2026, 1, 30)),
            (date(2026, 2, 2), date(2026, 2, 20)),
            (date(2026, 2, 23), date(2026, 2, 27)),
        ]
    );
    assert!(plan.notes.iter().any(|note| note.text.contains("begins on 2026-01-19, not on 2026-03-02")));
    assert_eq!(plan.phases[1].expected_modules, Some(20));
    assert_eq!(modules(&plan)[0], ("ward_census", Some(1), 10));
    assert_eq!(plan.modules[1].owner.as_deref(), Some("Pharmacy"));
    let days: Vec<_> = plan.days.iter().map(|day| (day.days.first_day, day.days.last_day, day.title.as_str())).collect();
    assert_eq!(days, [(1, 1, "Install readers"), (2, 3, "Migrate ward_census"), (12, 12, "Review with the nurses")]);
    assert_eq!(plan.days[1].details, ["Enable for 10 % of users", "Monitor for 5 days"]);
    assert_eq!(steps(&plan), [(Mode::GradualRollout, 1_000, Some(120), 11)]);
    assert_eq!(limits(&plan), [(Metric::MismatchRate, 50, Meaning::Rollback, 22)]);
    assert_eq!((plan.conditional.len(), plan.checks.len()), (2, 2));
}

#[test]
fn prose_under_front_matter() {
    let plan = fixture!("archive-prose.md");
    assert_eq!((plan.title.as_deref(), plan.date), (Some("Archive off the tape robot"), Some(date(2026, 7, 1))));
    assert_eq!(
        windows(&plan),
        [
            (date(2026, 3, 2), date(2026, 3, 6)),
            (date(2026, 3, 7), date(2026, 3, 20)),
            (date(2026, 3, 21), date(2026, 4, 3)),
        ]
    );
    assert_eq!(plan.expected_modules, Some(5));
    assert_eq!(
        modules(&plan),
        [
            ("catalogue", Some(1), 14),
            ("thesaurus", Some(1), 14),
            ("holdings", Some(2), 21),
            ("loans", Some(2), 21),
            ("tape-index", Some(3), 25),
        ]
    );
    assert_eq!(steps(&plan), [(Mode::GradualRollout, 6_000, Some(96), 21), (Mode::NewOnly, 10_000, None, 21)]);
    assert_eq!(limits(&plan), [(Metric::ErrorRate, 200, Meaning::Rollback, 29)]);
    assert_eq!(plan.runbook[0].instructions, ["Mount tape 1 and start the old catalogue."]);
}

#[test]
fn wrongly_decoded_text_is_mended_and_html_is_dropped() {
    let plan = fixture!("cafe-wrongly-decoded.md");
    assert_eq!(plan.title.as_deref(), Some("Café till swap – “Phase 2”"));
    assert!(plan.repaired);
    assert_eq!(plan.repairs[0].line, 1);
    assert!(plan.repairs[0].before.contains("CafÃ©") && plan.repairs[0].after.contains("Café"), "{:?}", plan.repairs[0]);
    assert_eq!(plan.repairs.iter().map(|repair| repair.line).collect::<Vec<_>>(), [1, 6, 8, 9, 17, 22, 24, 25]);
    assert_eq!(plan.preparation[0].text, "Order paper rolls");
    assert_eq!(plan.preparation[1].owner.as_deref(), Some("José"));
    assert_eq!(plan.modules[0].owner.as_deref(), Some("Zoë"));
    assert_eq!(plan.criteria[0].text, "2 modules migrated");
    let html: Vec<_> = plan.unrecognised.iter().map(|entry| entry.line).collect();
    assert_eq!(html, [3, 4, 8, 13, 20]);
    let json = serde_json::to_value(&plan).unwrap();
    for list in ["phases", "modules", "steps", "preparation", "daily", "conditional", "criteria"] {
        assert!(!json[list].to_string().contains('<'), "{list} holds no HTML: {}", json[list]);
    }
}

#[test]
fn the_json_has_the_lists_by_name_each_item_with_its_line() {
    let plan = fixture!("checkout-waves.md");
    let json = serde_json::to_value(&plan).unwrap();
    let lists = [
        "phases", "modules", "steps", "preparation", "daily", "days", "conditional", "criteria", "thresholds", "runbook",
        "unrecognised",
    ];
    for list in lists {
        let items = json[list].as_array().unwrap_or_else(|| panic!("{list} is a list"));
        assert!(items.iter().all(|item| item["line"].as_u64().is_some_and(|line| line > 0)), "{list}: {items:?}");
    }
    assert_eq!(json["phases"][0]["start"], "2026-03-02");
    assert_eq!(json["steps"][1], serde_json::json!({
        "position": 2, "mode": "gradual_rollout", "exposure": 100, "soak_hours": 4,
        "label": "1 % of users, watch for 4 hours", "line": 47,
    }));
    assert_eq!(json["criteria"][1]["kind"], "error_rate");
    assert_eq!(json["modules"][0]["phase_name"], "Wave A – Guests (1 week)");
}
