//! Documents that are no plans, too large, too deep or made up at random: a clear answer, no panic, in time.
#![expect(clippy::expect_used, reason = "a failure here is a failed test")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::civil::{Date, date};
use plan::{MAX_BYTES, Plan, UnreadablePlan, parse_markdown, to_markdown};
use proptest::prelude::*;

const START: Date = date(2026, 1, 5);

fn read(text: &str) -> Plan {
    parse_markdown(text.as_bytes(), START).expect("a readable document")
}

#[test]
fn files_that_are_no_plans_are_refused_with_what_to_do() {
    let refusal = |bytes: &[u8]| parse_markdown(bytes, START).unwrap_err();
    assert!(
        refusal(b"")
            .to_string()
            .contains("choose the Markdown file")
    );
    assert_eq!(refusal(b" \n\n"), UnreadablePlan::Empty);
    let six_mebibytes = vec![b'x'; 6 << 20];
    assert_eq!(
        refusal(&six_mebibytes),
        UnreadablePlan::TooLarge { bytes: 6 << 20 }
    );
    assert!(
        refusal(&six_mebibytes)
            .to_string()
            .contains("at most 5 MiB")
    );
    assert_eq!(
        refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        UnreadablePlan::Binary { line: 3 }
    );
    assert_eq!(
        refusal(b"# Plan\n\xe9t\xe9\n"),
        UnreadablePlan::NotUtf8 { line: 2 }
    );
}

#[test]
fn a_document_without_a_plan_gives_an_empty_one_and_says_what_it_did_not_read() {
    let plan = read("Dear all,\n\nlunch is at noon.\n\n> Bring chairs.\n");
    assert_eq!(
        (plan.phases.len(), plan.modules.len(), plan.steps.len()),
        (0, 0, 0)
    );
    let lines: Vec<u32> = plan.unrecognised.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [1, 3, 5]);
}

fn in_time(text: &str) -> Plan {
    let begun = Instant::now();
    let plan = read(text);
    let taken = begun.elapsed();
    // Far above what it takes, far below what anything quadratic would.
    assert!(
        taken < Duration::from_secs(20),
        "{} bytes took {taken:?}",
        text.len()
    );
    plan
}

#[test]
fn ten_thousand_lines_and_three_hundred_modules_are_read() {
    let mut text = String::from("# Big move\n\nIt moves 300 modules.\n\n");
    for week in 1..=30 {
        write!(text, "## Week {week}: Batch {week}\n\nModules:\n\n").unwrap();
        for module in 1..=10 {
            writeln!(text, "- `unit_{week}_{module}` (owner: Team {module})").unwrap();
        }
        text.push_str("\n### Checklist\n\n");
        for check in 1..=300 {
            writeln!(text, "- [ ] Look at number {check} of week {week}").unwrap();
        }
    }
    for line in text.lines().count()..10_000 {
        write!(text, "\nA remark about nothing on line {line}.").unwrap();
    }
    let plan = in_time(&text);
    assert_eq!(
        (plan.phases.len(), plan.modules.len(), plan.checks.len()),
        (30, 300, 9_000)
    );
    assert_eq!(plan.expected_modules, Some(300));
    assert!(plan.modules.iter().all(|module| module.owner.is_some()));
    let last = &plan.modules[299];
    assert_eq!((last.key.as_str(), last.phase), ("unit_30_10", Some(30)));
    let again = parse_markdown(to_markdown(&plan).as_bytes(), START).unwrap();
    assert_eq!(again.content(), plan.content());
}

#[test]
fn what_makes_slow_readers_slow_is_read_in_time() {
    let many = |unit: &str| unit.repeat(400_000 / unit.len());
    for text in [
        many("Week 1: a\n\n"),
        many("# Week 1\n"),
        many("if error rate > 1 % "),
        many("> 1 %, "),
        many("- a\n\n"),
        many("[a]("),
        many("*a_ `"),
        many("| a "),
        many("5 Jan - "),
        format!("{}\n{}", many("| a "), "|-".repeat(100_000)),
        format!(
            "|{}\n|{}\n{}",
            "a|".repeat(2_000),
            "-|".repeat(2_000),
            "|\n".repeat(20_000)
        ),
        (0..60)
            .map(|depth| "  ".repeat(depth) + "- a\n")
            .collect::<String>()
            + &"\n".repeat(300_000),
        many("Day 1: x\n\n"),
        many("Modules: a, b\n\n"),
        many("<b>x</b> "),
        many("âœ…"),
    ] {
        in_time(&text);
    }
    assert!(parse_markdown(">".repeat(MAX_BYTES).as_bytes(), START).is_err());
    assert!(parse_markdown("- ".repeat(1_000).replacen("- ", "+ ", 1).as_bytes(), START).is_err());
}

#[test]
fn numbers_beyond_the_calendar_do_no_harm() {
    for text in [
        "# Week 99999999999999999999\n\n- Day 4294967295: x\n",
        "## Phase 1 (999999999 weeks)\n\nValidation: 4000000000 days\n\n### Day 4294967295-4294967296: x\n\nMonitor for 99999999999 months\n",
        "## Week 4294967290-4294967295\n## Week 1\n",
        "## Month 4294967295\n",
        "All 99999999999 modules migrated, errors < 99999999999999999999 %\n",
        "## 9999-12-30 to 9999-12-31\n\n## Phase 2\n\n## Phase 3\n",
        "## Sprint 4000000000\n\nWe have 100000000-week sprints.\n",
    ] {
        let plan = read(text);
        assert!(
            plan.phases.iter().all(|phase| phase.start <= phase.end),
            "{text}: {:?}",
            plan.phases
        );
    }
}

/// Pieces of plans, good and bad, to be put together at random.
fn piece() -> impl Strategy<Value = String> {
    let words = "[a-zA-Z0-9 _%>.:@()|`*#<&~\\[\\]!+-]{0,24}";
    let pieces = prop::sample::select(vec![
        "# {}",
        "## {}",
        "### {}",
        "## Week 1-2: {}",
        "## Week 3: {}",
        "## Phase 2 - {}",
        "## Sprint 4 {}",
        "## 2026-02-02 to 2026-02-13: {}",
        "### Day 2-3: {}",
        "### Day 4: Migrate `{}`",
        "**Wave A: {}**",
        "- [ ] {}",
        "- [x] Day 1: {}",
        "- [ ] {} (owner: Dana)",
        "- {}",
        "  - {}",
        "  - [ ] {}",
        "1. {}",
        "- `mod_a`",
        "- mod-b: {}",
        "Modules:\n\n- {}\n- `mod_c`",
        "**Same process, applied to**:\n- {}",
        "Applied to: {}, beta_2",
        "{}",
        "Note: {}",
        "Duration: 5 days",
        "Validation: 3 weeks",
        "Expected modules: 12",
        "## Rollout",
        "- 10 % for 2 days {}",
        "Enable 50 % of users, {}",
        "Monitor for 1 week",
        "```bash\nexport A_MODE=both_validate\n# {}\nexport A_PERCENTAGE=0.1 # monitor for 2 days\n```",
        "```\ncp old/{} new\ntool --module gamma\n\n  {}\n```",
        "  ```sh\n  {}\n\n  \tx\n  ```",
        "## Daily checklist",
        "Every day:\n- [ ] {}",
        "If error rate > 1%:\n- [ ] {}\n- [ ] Consider rollback if > 5%",
        "- If errors > 3 %, roll back {}",
        "## If {}",
        "## Thresholds",
        "- error rate > 2 %: {}",
        "## Completion criteria",
        "1. All 12 modules migrated {}",
        "## Rollback",
        "### Instantly {}",
        "| Module | Owner | Phase |\n|---|---|---|\n| {} | x | Week 3 |\n| delta | {} | 2 |",
        "| Key | Name |\n|---|---|\n| eps | {} |",
        "| Step | Mode | Traffic |\n|---|---|---|\n| {} | new_only | 100 % |\n| b | gradual_rollout | 5 % |",
        "| Day | Task |\n|---|---|\n| 1-2 | {} |",
        "| Week | Dates |\n|---|---|\n| Week 9 | 2026-03-02 to 2026-03-06 |",
        "### Before\n- [ ] {}",
        "### Exit criteria\n- {}",
        "## Preparation\n- [ ] {}",
        "<b>{}</b>",
        "---",
        "> {}",
        "cafÃ© {}",
    ]);
    (pieces, words, "[ \\PC]{0,12}")
        .prop_map(|(piece, words, more)| piece.replacen("{}", &words, 1).replace("{}", &more))
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 1..24).prop_map(|pieces| pieces.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse_markdown(&bytes, START);
        let _ = plan::parse_modules_csv(&bytes);
        let _ = plan::parse_modules_json(&bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,300}") {
        let _ = parse_markdown(text.as_bytes(), START);
        let _ = plan::parse_modules_csv(text.as_bytes());
    }

    #[test]
    fn any_plan_written_out_reads_back_the_same(text in document()) {
        let Ok(plan) = parse_markdown(text.as_bytes(), START) else { return Ok(()) };
        let written = to_markdown(&plan);
        if written.trim().is_empty() {
            return Ok(());
        }
        let again = parse_markdown(written.as_bytes(), START).expect("a readable export");
        prop_assert_eq!(again.content(), plan.content(), "from:\n{}\n\nwritten:\n{}", text, written);
    }

    #[test]
    fn every_item_stands_on_a_line_of_the_document(text in document()) {
        let Ok(plan) = parse_markdown(text.as_bytes(), START) else { return Ok(()) };
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        let all = plan.phases.iter().map(|item| item.line)
            .chain(plan.modules.iter().map(|item| item.line))
            .chain(plan.steps.iter().map(|item| item.line))
            .chain(plan.checks.iter().map(|item| item.line))
            .chain(plan.days.iter().map(|item| item.line))
            .chain(plan.criteria.iter().map(|item| item.line))
            .chain(plan.thresholds.iter().map(|item| item.line))
            .chain(plan.unrecognised.iter().map(|item| item.line));
        for line in all {
            prop_assert!((1..=lines).contains(&line), "{} of {}", line, lines);
        }
    }
}
