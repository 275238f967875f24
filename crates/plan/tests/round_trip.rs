//! Plans put together from parts, as a store would, written out and read back.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what makes the plans may panic as tests do"
)]

use domain::schedule::checklist::{Due, Threshold as Limit};
use domain::schedule::windows::{Scope, WindowKind};
use flags::{Exposure, Key, Mode};
use jiff::{
    ToSpan,
    civil::{Date, date, time},
};
use plan::{
    ChecklistItem, Command, ConditionalItem, Criterion, DayEntry, DaySpan, Meaning, Metric,
    Milestone, Module, Note, Phase, Plan, RunbookEntry, Step, Threshold, When, Window,
    criterion_kind, parse_markdown, to_markdown,
};
use proptest::prelude::*;

const START: Date = date(2026, 1, 5);

/// Words with everything Markdown would take for markup, and words that a reader of other documents would take for
/// something of a plan.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Z][a-z]{1,7}( [a-z0-9_*<>&|#`~\\[\\](){}!.:+=-]{1,7}){0,4}",
        2 => "[!-~]{1,9}( [!-~ä€✔–]{1,9}){0,4}",
        1 => prop::sample::select(&[
            "If errors exceed 5 %: roll back",
            "Roll out `auth_service` to 25 % and watch for 48 hours",
            "Day 3: Copy the tables",
            "Test it (owner: Dana)",
            "Test it (evidence required)",
            "Week 1-2: Daily checklist",
            "Phase: Modules",
            "Phase 2, the same process",
            "nothing",
            "#2",
            "Error rate above 1 %",
            "Completion criteria",
            "- [x] Note: Needs: #1",
            "---",
            "1. First (2026-01-05 to 2026-01-09)",
            "Modules: auth, billing",
            "<0@a> <5 % &amp; <https://a.b>",
        ][..]).prop_map(str::to_owned),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    (
        prop::option::of("[a-z]{1,6}"),
        "[ -~]{0,20}(\n[ -~\t]{0,20}){0,3}\n?[a-z]",
    )
        .prop_map(|(language, text)| Command {
            language,
            text,
            line: 0,
        })
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(command(), 0..3)
}

fn owner() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[A-Z][a-z]{1,6}( [A-Z][a-z]{1,6})?")
}

fn due(daily: bool) -> impl Strategy<Value = Option<Due>> {
    prop::option::of((0..24_i8, 0..400_i64)).prop_map(move |due| {
        due.map(|(hour, day)| {
            if daily {
                Due::Time(time(hour, 30, 0, 0))
            } else {
                Due::Day(START.saturating_add(day.days()))
            }
        })
    })
}

/// A checklist item of one of the phases, or of none.
fn item(daily: bool) -> impl Strategy<Value = ChecklistItem> {
    (
        words(),
        prop::option::of(phase_number()),
        prop::option::of(1..7_u32),
        owner(),
        (due(daily), any::<bool>()),
        any::<bool>(),
        commands(),
    )
        .prop_map(
            |(text, phase, day, owner, (due, evidence_required), done, commands)| {
                let days = phase.zip(day).map(|(phase, day)| span(phase, day));
                ChecklistItem {
                    text,
                    phase,
                    when: None,
                    days,
                    owner,
                    due,
                    evidence_required,
                    done,
                    commands,
                    line: 0,
                }
            },
        )
}

/// Numbers of the phases there are: those between them were archived.
const NUMBERS: [u32; 3] = [1, 3, 12];

fn phase_number() -> impl Strategy<Value = u32> {
    prop::sample::select(&NUMBERS[..])
}

/// Phases of seven days.
fn window(number: u32) -> (Date, Date) {
    let start = START.saturating_add((i64::from(number - 1) * 7).days());
    (start, start.saturating_add(6.days()))
}

fn span(phase: u32, day: u32) -> DaySpan {
    let start = window(phase).0.saturating_add(i64::from(day - 1).days());
    DaySpan {
        first_day: day,
        last_day: day,
        start,
        end: start,
    }
}

fn freezes() -> impl Strategy<Value = Vec<Window>> {
    let scope = prop_oneof![
        Just(Scope::Migration),
        phase_number().prop_map(Scope::Phase),
        "[a-z][a-z0-9_-]{1,8}"
            .prop_filter("reserved", |key| key != "mode")
            .prop_map(|key| Scope::Module(Key::parse(&key).unwrap())),
    ];
    let rule = prop::option::of(prop::sample::select(
        &[
            "FREQ=WEEKLY;BYDAY=FR,SA;UNTIL=20271231",
            "FREQ=DAILY;COUNT=5",
        ][..],
    ));
    let one = (
        words(),
        any::<bool>(),
        scope,
        0..500_000_i64,
        1..50_000_i64,
        rule,
    )
        .prop_map(|(name, freeze, scope, from, length, rule)| {
            let starts = START.at(0, 0, 0, 0).saturating_add(from.minutes());
            Window {
                name,
                kind: if freeze {
                    WindowKind::Freeze
                } else {
                    WindowKind::Change
                },
                scope,
                starts,
                ends: starts.saturating_add(length.minutes()),
                recurrence: rule.map(str::to_owned),
                line: 0,
            }
        });
    prop::collection::vec(one, 0..5).prop_map(|mut windows| {
        windows.sort_by_key(|window| window.kind == WindowKind::Change);
        windows
    })
}

fn milestones() -> impl Strategy<Value = Vec<Milestone>> {
    let one = (words(), 0..500_i64).prop_map(|(name, day)| Milestone {
        name,
        day: START.saturating_add(day.days()),
        line: 0,
    });
    prop::collection::vec(one, 0..4)
}

fn sorted(mut items: Vec<ChecklistItem>) -> Vec<ChecklistItem> {
    items.sort_by_key(|item| (item.phase, item.when));
    items
}

fn plan() -> impl Strategy<Value = Plan> {
    let items = |size, daily| prop::collection::vec(item(daily), 0..size);
    let about = (words(), words(), prop::option::of(0..40_u32), any::<bool>());
    let phases = prop::collection::vec(about, 3);
    let needs = prop::option::of(prop::sample::subsequence(vec![1, 3], 0..=2));
    let modules = prop::collection::btree_map(
        "[a-z][a-z0-9_]{1,8}",
        (
            words(),
            prop::option::of(phase_number()),
            owner(),
            prop::option::of("[a-z]{1,5}/[a-z_]{1,5}\\.py"),
        ),
        0..6,
    );
    let steps =
        prop::collection::btree_map(1..9_999_u16, (prop::option::of(1..400_u32), words()), 0..4);
    let days = prop::collection::vec(
        (
            phase_number(),
            1..7_u32,
            words(),
            prop::collection::vec(words(), 0..3),
            (
                prop::option::of(1..200_u32),
                owner(),
                due(false),
                any::<bool>(),
            ),
            commands(),
        ),
        0..5,
    );
    let conditional = prop::collection::vec(
        (
            words(),
            words(),
            owner(),
            (due(false), any::<bool>(), prop::option::of(any::<bool>())),
            commands(),
        ),
        0..4,
    );
    let criteria = prop::collection::vec(words(), 0..5);
    let limits =
        prop::collection::btree_map((0..3_usize, 1..9_000_u32), (any::<bool>(), words()), 0..4);
    let runbook = prop::collection::vec(
        (words(), prop::collection::vec(words(), 1..3), commands()),
        0..3,
    );
    (
        (words(), phases, needs, modules, steps),
        (items(4, false), items(4, true), items(4, false)),
        (days, freezes(), milestones()),
        (conditional, criteria, limits, runbook),
    )
        .prop_map(
            |(
                (title, phases, needs, modules, steps),
                (preparation, daily, checks),
                (days, windows, milestones),
                (conditional, criteria, limits, runbook),
            )| {
                let phases: Vec<Phase> = NUMBERS
                    .into_iter()
                    .zip(phases)
                    .map(
                        |(number, (name, note, validation_days, same_process))| Phase {
                            number,
                            name,
                            start: window(number).0,
                            end: window(number).1,
                            expected_modules: Some(number * 3),
                            validation_days,
                            same_process,
                            overrun_days: if number == 3 {
                                1
                            } else {
                                validation_days.unwrap_or(0)
                            },
                            needs: needs.clone().filter(|_| number == 12),
                            notes: vec![Note {
                                text: note,
                                line: 0,
                            }],
                            commands: Vec::new(),
                            line: 0,
                        },
                    )
                    .collect();
                let name = |number: Option<u32>| {
                    let phase = phases.iter().find(|phase| Some(phase.number) == number);
                    phase.map(|phase| phase.name.clone())
                };
                let whens = [
                    None,
                    Some(When::Before),
                    Some(When::During),
                    Some(When::After),
                ];
                let mut days: Vec<DayEntry> = days
                    .into_iter()
                    .map(|(phase, day, title, details, said, commands)| DayEntry {
                        phase,
                        days: span(phase, day),
                        title,
                        details,
                        soak_hours: said.0,
                        owner: said.1,
                        due: said.2,
                        evidence_required: said.3,
                        commands,
                        line: 0,
                    })
                    .collect();
                days.sort_by_key(|day| day.phase);
                let metrics = [Metric::ErrorRate, Metric::MismatchRate, Metric::Latency];
                Plan {
                    title: Some(title),
                    zone: Some("Europe/Berlin".into()),
                    windows,
                    milestones,
                    date: Some(date(2025, 12, 31)),
                    expected_modules: Some(99),
                    modules: modules
                        .into_iter()
                        .filter(|(key, _)| key != "mode")
                        .map(|(key, (label, phase, owner, old_path))| Module {
                            key: Key::parse(&key).unwrap(),
                            name: label,
                            phase,
                            phase_name: name(phase),
                            owner,
                            old_path,
                            new_path: None,
                            line: 0,
                        })
                        .collect(),
                    steps: (1..)
                        .zip(steps)
                        .map(|(position, (share, (soak_hours, label)))| Step {
                            position,
                            mode: Mode::GradualRollout,
                            exposure: Exposure::from_basis_points(share).unwrap(),
                            soak_hours,
                            label,
                            line: 0,
                        })
                        .collect(),
                    preparation: sorted(preparation),
                    daily: sorted(daily),
                    days,
                    conditional: conditional
                        .into_iter()
                        .map(|(condition, text, owner, said, commands)| ConditionalItem {
                            condition,
                            text,
                            owner,
                            due: said.0,
                            evidence_required: said.1,
                            threshold: said
                                .2
                                .map(|back| if back { Limit::Rollback } else { Limit::Hold }),
                            commands,
                            line: 0,
                        })
                        .collect(),
                    checks: sorted(
                        checks
                            .into_iter()
                            .zip(whens)
                            .map(|(item, when)| ChecklistItem { when, ..item })
                            .collect(),
                    ),
                    criteria: criteria
                        .into_iter()
                        .map(|text| Criterion {
                            kind: criterion_kind(&text),
                            text,
                            line: 0,
                        })
                        .collect(),
                    thresholds: limits
                        .into_iter()
                        .map(|((metric, limit), (back, text))| Threshold {
                            metric: metrics[metric],
                            limit,
                            meaning: if back {
                                Meaning::Rollback
                            } else {
                                Meaning::Hold
                            },
                            text,
                            line: 0,
                        })
                        .collect(),
                    runbook: (1..)
                        .zip(runbook)
                        .map(|(number, (title, instructions, commands))| RunbookEntry {
                            title: format!("{title} {number}"),
                            instructions,
                            commands,
                            line: 0,
                        })
                        .collect(),
                    phases,
                    ..Plan::empty(START)
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stored_plan_written_out_reads_back_the_same(stored in plan()) {
        let written = to_markdown(&stored);
        let read = parse_markdown(written.as_bytes(), START).expect("a readable export");
        prop_assert!(read.complete);
        prop_assert_eq!(&read.unrecognised, &[], "written:\n{}", written);
        prop_assert_eq!(read.content(), stored, "written:\n{}", written);
        prop_assert_eq!(to_markdown(&read), written);
    }
}
