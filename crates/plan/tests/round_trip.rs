//! Plans put together from parts, as a store would, written out and read back.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what makes the plans may panic as tests do"
)]

use flags::{Exposure, Key, Mode};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use plan::{
    ChecklistItem, Command, ConditionalItem, Criterion, DayEntry, DaySpan, Meaning, Metric, Module,
    Note, Phase, Plan, RunbookEntry, Step, Threshold, When, criterion_kind, parse_markdown,
    to_markdown,
};
use proptest::prelude::*;

const START: Date = date(2026, 1, 5);

/// Words with everything Markdown would take for markup.
fn words() -> impl Strategy<Value = String> {
    "[A-Z][a-z]{1,7}( [a-z0-9_*<>&|#`~\\[\\](){}!.:+=-]{1,7}){0,4}"
        .prop_map(|words| words.trim_end_matches([':', ' ', ')', ']']).to_owned())
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

/// A checklist item of one of the phases, or of none.
fn item(phases: u32) -> impl Strategy<Value = ChecklistItem> {
    (
        words(),
        prop::option::of(1..=phases),
        prop::option::of(1..7_u32),
        owner(),
        any::<bool>(),
        commands(),
    )
        .prop_map(|(text, phase, day, owner, done, commands)| {
            let days = phase.zip(day).map(|(phase, day)| span(phase, day));
            ChecklistItem {
                text,
                phase,
                when: None,
                days,
                owner,
                done,
                commands,
                line: 0,
            }
        })
}

/// Phases of seven days, one behind the other.
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

fn sorted(mut items: Vec<ChecklistItem>) -> Vec<ChecklistItem> {
    items.sort_by_key(|item| (item.phase, item.when));
    items
}

fn plan() -> impl Strategy<Value = Plan> {
    let items = |size| prop::collection::vec(item(3), 0..size);
    let notes = prop::collection::vec(words(), 3);
    let modules = prop::collection::btree_map(
        "[a-z][a-z0-9_]{1,8}",
        (
            words(),
            prop::option::of(1..=3_u32),
            owner(),
            prop::option::of("[a-z]{1,5}/[a-z_]{1,5}\\.py"),
        ),
        0..6,
    );
    let steps =
        prop::collection::btree_map(1..9_999_u16, (prop::option::of(1..400_u32), words()), 0..4);
    let days = prop::collection::vec(
        (
            1..=3_u32,
            1..7_u32,
            words(),
            prop::collection::vec(words(), 0..3),
            commands(),
        ),
        0..5,
    );
    let conditional = prop::collection::vec((words(), words(), owner(), commands()), 0..4);
    let criteria = prop::collection::vec(words(), 0..5);
    let limits =
        prop::collection::btree_map((0..3_usize, 1..9_000_u32), (any::<bool>(), words()), 0..4);
    let runbook = prop::collection::vec(
        (words(), prop::collection::vec(words(), 1..3), commands()),
        0..3,
    );
    (
        (words(), notes, modules, steps),
        (items(4), items(4), items(4)),
        days,
        (conditional, criteria, limits, runbook),
    )
        .prop_map(
            |(
                (title, notes, modules, steps),
                (preparation, daily, checks),
                days,
                (conditional, criteria, limits, runbook),
            )| {
                let phase = |number: u32, note: &String| Phase {
                    number,
                    name: format!(
                        "Stretch {} of {title}",
                        ["one", "two", "three"][number as usize - 1]
                    ),
                    start: window(number).0,
                    end: window(number).1,
                    expected_modules: Some(number * 3),
                    validation_days: (number == 2).then_some(10),
                    same_process: false,
                    overrun_days: if number == 2 { 3 } else { 0 },
                    notes: vec![Note {
                        text: note.clone(),
                        line: 0,
                    }],
                    commands: Vec::new(),
                    line: 0,
                };
                let phases: Vec<Phase> = (1..)
                    .zip(&notes)
                    .map(|(number, note)| phase(number, note))
                    .collect();
                let name = |number: Option<u32>| {
                    number.map(|number| phases[number as usize - 1].name.clone())
                };
                let whens = [
                    None,
                    Some(When::Before),
                    Some(When::During),
                    Some(When::After),
                ];
                let mut days: Vec<DayEntry> = days
                    .into_iter()
                    .map(|(phase, day, title, details, commands)| DayEntry {
                        phase,
                        days: span(phase, day),
                        title,
                        details,
                        soak_hours: None,
                        commands,
                        line: 0,
                    })
                    .collect();
                days.sort_by_key(|day| day.phase);
                let metrics = [Metric::ErrorRate, Metric::MismatchRate, Metric::Latency];
                Plan {
                    title: Some(title.clone()),
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
                        .map(|(condition, text, owner, commands)| ConditionalItem {
                            condition,
                            text,
                            owner,
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
        let mut stored = stored;
        // Details and commands of a day may tell a soak; a store knows it as it was read.
        let written = to_markdown(&stored);
        let read = parse_markdown(written.as_bytes(), START).expect("a readable export").content();
        for (day, read) in stored.days.iter_mut().zip(&read.days) {
            day.soak_hours = read.soak_hours;
        }
        prop_assert_eq!(read, stored, "written:\n{}", written);
    }
}
