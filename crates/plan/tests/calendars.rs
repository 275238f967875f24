//! Freezes, change windows, milestones and dependencies in documents that people write, and in exports they edit.
#![expect(clippy::unwrap_used, reason = "tests may")]

use domain::schedule::windows::{Scope, WindowKind};
use jiff::civil::{Date, date};
use plan::{Plan, parse_markdown, to_markdown};

const START: Date = date(2026, 1, 5);

const WRITTEN: &str = "\
# Atlas moves

Time zone: Europe/Berlin

## Milestones

| Day | Milestone |
|---|---|
| 2026-02-02 | Board review |
| soon | Party |

## Freezes

| Freeze | From | Until | For | Repeats |
|---|---|---|---|---|
| Fair | 2026-01-12 | 2026-01-14 | phase 2 | |
| Weekends | 2026-01-09 18:00 | 2026-01-12 06:00 | everything | `FREQ=WEEKLY;COUNT=8` |
| Nowhere | 2026-01-12 | 2026-01-14 | phase Nine | |

## Phase 1: Core (2026-01-05 to 2026-01-11)

- [ ] Look at `auth`

## Phase 2: Rest (2026-01-12 to 2026-01-18)

Needs: Phase 1

## Phase 3: Clean up (2026-01-19 to 2026-01-25)

Needs: Phase 1 and Rest

## Phase 4: Party (2026-01-26 to 2026-01-27)

Depends on: the weather
";

fn read(text: &str) -> Plan {
    parse_markdown(text.as_bytes(), START).unwrap()
}

#[test]
fn what_people_write_is_recognised_by_its_structure() {
    let plan = read(WRITTEN);
    assert!(!plan.complete);
    assert_eq!(plan.zone.as_deref(), Some("Europe/Berlin"));
    let days: Vec<_> = plan
        .milestones
        .iter()
        .map(|one| (one.day, one.line))
        .collect();
    assert_eq!(days, [(date(2026, 2, 2), 9)]);
    let windows: Vec<_> = plan
        .windows
        .iter()
        .map(|one| (one.name.as_str(), one.scope.clone(), one.starts, one.ends))
        .collect();
    assert_eq!(
        windows,
        [
            // A day alone at its end is within.
            (
                "Fair",
                Scope::Phase(2),
                date(2026, 1, 12).at(0, 0, 0, 0),
                date(2026, 1, 15).at(0, 0, 0, 0)
            ),
            (
                "Weekends",
                Scope::Migration,
                date(2026, 1, 9).at(18, 0, 0, 0),
                date(2026, 1, 12).at(6, 0, 0, 0)
            ),
        ]
    );
    assert!(
        plan.windows
            .iter()
            .all(|one| one.kind == WindowKind::Freeze)
    );
    assert_eq!(
        plan.windows[1].recurrence.as_deref(),
        Some("FREQ=WEEKLY;COUNT=8")
    );
    let needs: Vec<_> = plan
        .phases
        .iter()
        .map(|phase| phase.needs.clone())
        .collect();
    assert_eq!(needs, [None, Some(vec![1]), Some(vec![1, 2]), None]);
    assert_eq!(plan.phases[3].notes[0].text, "Needs: the weather");
    let left: Vec<u32> = plan.unrecognised.iter().map(|one| one.line).collect();
    assert_eq!(left, [10, 18], "{:?}", plan.unrecognised);
}

#[test]
fn an_export_that_is_edited_is_read_to_the_letter() {
    let export = to_markdown(&read(WRITTEN));
    assert!(
        export.contains("Needs: Phase 1: Core, Phase 2: Rest"),
        "{export}"
    );
    assert!(export.contains("`FREQ=WEEKLY;COUNT=8`"), "{export}");
    let edited = export
        .replace("Needs: Phase 1: Core, Phase 2: Rest", "Needs: \\#2, Nobody")
        .replace("phase Phase 2: Rest", "phase Nobody")
        .replace("Board review", "Roll out `billing` to 25 %");
    let plan = read(&edited);
    assert!(plan.complete);
    assert_eq!(plan.phases[2].needs, Some(vec![2]));
    assert_eq!(plan.milestones[0].name, "Roll out billing to 25 %");
    // Nothing is made of words, and a freeze of a phase that is not there does not become one of everything.
    assert_eq!((plan.windows.len(), plan.steps.len()), (1, 0));
    assert_eq!(plan.windows[0].name, "Weekends");
    assert_eq!(plan.unrecognised.len(), 2);
}
