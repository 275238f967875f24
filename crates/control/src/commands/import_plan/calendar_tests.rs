//! Freezes, milestones, dependencies and checks through an export and back.

use domain::plan_items::ChecklistItem;
use domain::schedule::checklist::{Due, List, Moment, Threshold};
use domain::schedule::windows::{Scope, WindowKind};

use super::*;
use crate::commands::{
    AddCheck, CreateMilestone, CreateWindow, MovePhase, SetDependencies, TickCheck, WindowInput,
};
use crate::testing::{Server, key, refusal};
use domain::schedule::phases::Following;

const START: &str = "2026-11-23";

const PLAN: &str = "\
# Atlas moves

## Modules

| Key | Name | Phase |
|---|---|---|
| alpha | Alpha | Core |

## Core (2026-11-23 to 2026-12-06)

Validation: 20 days

Same process as before. It takes a while and nobody minds at all, so this stays here as a note of the phase.

## Rest (2026-12-07 to 2026-12-20)

### Day 2: Look around

- [ ] Look at the dashboard

## Daily checklist

- [ ] Check error rates
";

fn command(migration: &str, text: &str) -> ImportPlan {
    ImportPlan {
        migration: key(migration),
        name: None,
        zone: "Europe/Berlin".into(),
        plan: plan::parse_markdown(text.as_bytes(), START.parse().unwrap()).unwrap(),
        document: "d1".into(),
        archive_absent: false,
        overriding: false,
        reason: String::new(),
    }
}

async fn found(server: &Server, text: &str, archive: bool) -> PlanChanges {
    let now = server.control.clock().now();
    let mut connection = server.control.inner().store.read().await.unwrap();
    let existing = Existing::load(&mut connection, &key("atlas"), now)
        .await
        .unwrap();
    plan_changes(&existing, &command("atlas", text).plan, archive)
}

async fn export(server: &Server, migration: &str) -> String {
    crate::queries::export_plan(&server.control, &Server::root(), &key(migration))
        .await
        .unwrap()
}

fn window(name: &str, kind: WindowKind, scope: Scope, starts: &str, ends: &str) -> CreateWindow {
    CreateWindow {
        migration: key("atlas"),
        window: WindowInput {
            name: name.into(),
            kind,
            scope,
            starts: starts.parse().unwrap(),
            ends: ends.parse().unwrap(),
            recurrence: String::new(),
        },
        reason: String::new(),
    }
}

fn check(list: List, title: &str, due: Option<Due>) -> AddCheck {
    AddCheck {
        migration: key("atlas"),
        list,
        title: title.into(),
        owner: "ines".into(),
        due,
        commands: "make smoke\n\nmake more".into(),
        evidence_required: true,
        reason: String::new(),
    }
}

/// The migration of the plan with everything that people added.
async fn worked() -> Server {
    let server = Server::open().await;
    server.admin(command("atlas", PLAN)).await.unwrap();
    let freeze = WindowKind::Freeze;
    // The clock of tests stands at 2026-11-22 14:00 UTC.
    server
        .admin(window(
            "On now",
            freeze,
            Scope::Migration,
            "2026-11-22T12:00",
            "2026-11-30T08:00",
        ))
        .await
        .unwrap();
    let mut weekends = window(
        "Weekends | of `Core`",
        freeze,
        Scope::Phase(1),
        "2026-11-27T18:00",
        "2026-11-30T06:00",
    );
    weekends.window.recurrence = "FREQ=WEEKLY;COUNT=8".into();
    server.admin(weekends).await.unwrap();
    let scope = Scope::Module(key("alpha"));
    server
        .admin(window(
            "Nights",
            WindowKind::Change,
            scope,
            "2026-12-08T22:00",
            "2026-12-09T02:00",
        ))
        .await
        .unwrap();
    for (name, day) in [("Board review", "2026-12-18"), ("Party", "2026-12-21")] {
        let milestone = CreateMilestone {
            migration: key("atlas"),
            name: name.into(),
            day: day.parse().unwrap(),
            reason: String::new(),
        };
        server.admin(milestone).await.unwrap();
    }
    let needs = SetDependencies {
        migration: key("atlas"),
        number: 2,
        needs: vec![1],
        overriding: false,
        expected: Some(1),
        reason: String::new(),
    };
    server.admin(needs).await.unwrap();
    let day = Some(Due::Day("2026-12-01".parse().unwrap()));
    let around = |moment| List::Phase { phase: 1, moment };
    for (list, title, due) in [
        (around(Moment::Before), "Before one", day),
        (around(Moment::During), "During (owner: nobody)", None),
        (around(Moment::Before), "Day 3: before two", None),
        (around(Moment::After), "Roll out `beta` to 25 %", None),
        (
            List::Daily,
            "Read the log",
            Some(Due::Time("09:00".parse().unwrap())),
        ),
        (List::Once, "Order the cake", day),
        (
            List::Conditional(Threshold::Rollback),
            "Tell everybody",
            None,
        ),
        (List::Conditional(Threshold::Hold), "Find the cause", None),
    ] {
        server.admin(check(list, title, due)).await.unwrap();
    }
    server
}

#[tokio::test]
async fn an_export_changes_nothing_and_makes_the_same_migration_elsewhere() {
    let server = worked().await;
    let first = export(&server, "atlas").await;
    let unchanged = found(&server, &first, true).await;
    assert_eq!(unchanged.changes, Vec::<String>::new(), "{first}");
    assert_eq!((unchanged.operations.len(), unchanged.kept.len()), (0, 0));
    // What passes through a file holds limits of conditions as they were chosen, and the process of a phase.
    assert!(first.contains("at the limit to roll back"), "{first}");
    assert!(first.contains("Process: the same as before"), "{first}");
    server.admin(command("other", &first)).await.unwrap();
    assert_eq!(export(&server, "other").await, first);
    let mut connection = server.control.inner().store.read().await.unwrap();
    let now = server.control.clock().now();
    let load = async |connection: &mut _, name| {
        let there = Existing::load(connection, &key(name), now).await.unwrap();
        let windows: Vec<_> = there.windows.into_iter().map(|one| one.window).collect();
        let milestones: Vec<_> = there
            .milestones
            .into_iter()
            .map(|one| (one.name, one.day))
            .collect();
        let mut checks: Vec<ChecklistItem> = there
            .checks
            .into_iter()
            .map(|(_, item)| ChecklistItem {
                position: 0,
                ..item
            })
            .collect();
        checks.sort_by_key(|item| (item.kind.as_str(), item.phase, item.when.clone()));
        let phases: Vec<_> = there
            .phases
            .into_iter()
            .map(|phase| domain::Phase {
                version: 0,
                ..phase
            })
            .collect();
        (
            windows,
            milestones,
            there.needs,
            checks,
            phases,
            there.migration.unwrap().zone,
        )
    };
    let atlas = load(&mut connection, "atlas").await;
    assert_eq!(load(&mut connection, "other").await, atlas);
    assert_eq!((atlas.0.len(), atlas.1.len(), atlas.2.len()), (3, 2, 1));
}

#[tokio::test]
async fn a_check_put_away_from_the_middle_is_no_change_of_order() {
    let server = worked().await;
    let id = server.check(List::Once, "Second").await;
    server.check(List::Once, "Third").await;
    server.archive_check(id, 1).await;
    let file = export(&server, "atlas").await;
    assert_eq!(found(&server, &file, true).await.operations, []);
    let cake = "- [ ] Order the cake (owner: ines; due: 2026-12-01; evidence required)";
    assert!(file.contains(cake), "{file}");
}

#[tokio::test]
async fn what_is_edited_in_the_file_is_what_changes() {
    let server = worked().await;
    let file = export(&server, "atlas").await;
    let edited = file
        .replace("| 2026-12-18 | Board", "| 2026-12-17 | Board")
        .replace("2026-11-30 06:00", "2026-11-30 07:00")
        .replace("owner: ines; due: 09:00", "owner: joan; due: 10:00")
        .replace("Needs: Core", "Needs: nothing")
        .replace(
            "Order the cake (owner: ines; due: 2026-12-01; evidence required)",
            "Order the cake",
        )
        .replace("Time zone: Europe/Berlin", "Time zone: UTC");
    let shown = found(&server, &edited, false).await;
    assert_eq!(
        shown.changes,
        [
            "Changes the time zone of the migration.",
            "Changes the times of the freeze “Weekends | of `Core`”: 2026-11-27 18:00 to 2026-11-30 07:00, phase 1, \
             again by FREQ=WEEKLY;COUNT=8.",
            "Moves the milestone “Board review” from 2026-12-18 to 2026-12-17.",
            "Phase 2 waits for nothing any more, before for phase 1.",
            "Changes the preparation check “Order the cake”.",
            "Changes the daily check “Read the log”.",
        ]
    );
    let done = server.admin(command("atlas", &edited)).await.unwrap();
    let entry = server.entry(done.sequence).await;
    assert_eq!(entry.after["changes"], json!(shown.changes));
    assert!(
        entry.targets.contains(&"phase 2".to_owned()),
        "{:?}",
        entry.targets
    );
    assert_eq!(found(&server, &edited, false).await.operations, []);
    let again = export(&server, "atlas").await;
    assert_eq!(
        again.replace("Needs: nothing\n\n", ""),
        edited.replace("Needs: nothing\n\n", "")
    );
}

#[tokio::test]
async fn nothing_in_use_is_put_away_by_leaving_it_out() {
    let server = worked().await;
    let tick = TickCheck {
        migration: key("atlas"),
        item: server.check(List::Once, "Ticked").await,
        day: None,
        evidence: String::new(),
    };
    server.admin(tick).await.unwrap();
    let file = export(&server, "atlas").await;
    let without = |words: &[&str]| -> String {
        let lines = file
            .lines()
            .filter(|line| !words.iter().any(|word| line.contains(word)));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let left = without(&["| Party |", "Weekends", "] Ticked"]);
    let shown = found(&server, &left, false).await;
    assert_eq!(shown.operations, []);
    assert_eq!(shown.kept.len(), 3, "{:?}", shown.kept);
    for words in [
        "the freeze “Weekends",
        "the milestone “Party”",
        "the preparation check “Ticked”, which somebody ticked",
    ] {
        assert!(
            shown.kept.iter().any(|kept| kept.contains(words)),
            "{words}"
        );
    }
    let asked = found(&server, &left, true).await;
    assert_eq!((asked.operations.len(), asked.kept.len()), (3, 0));
    // A freeze that is on would open promotions: that is done by itself, with a reason.
    let open = ImportPlan {
        archive_absent: true,
        ..command("atlas", &without(&["| On now"]))
    };
    let refused = refusal(server.admin(open).await);
    assert_eq!(refused.code(), "in-use");
    assert!(refused.to_string().contains("it is on now"), "{refused}");
    let archive = ImportPlan {
        archive_absent: true,
        ..command("atlas", &left)
    };
    server.admin(archive).await.unwrap();
    assert_eq!(found(&server, &left, true).await.operations, []);
}

#[tokio::test]
async fn dates_that_break_a_dependency_are_shown_and_need_a_reason() {
    let server = worked().await;
    let file = export(&server, "atlas").await;
    let early = file.replace("(2026-12-07 to", "(2026-12-05 to");
    let shown = found(&server, &early, false).await;
    assert_eq!(shown.broken.len(), 1);
    let refused = refusal(server.admin(command("atlas", &early)).await);
    assert_eq!(refused.code(), "breaks-dependency");
    assert!(refused.to_string().contains("2026-12-07"), "{refused}");
    let overriding = |reason: &str| ImportPlan {
        overriding: true,
        reason: reason.into(),
        ..command("atlas", &early)
    };
    assert_eq!(
        refusal(server.admin(overriding("")).await).code(),
        "invalid"
    );
    let done = server.admin(overriding("they overlap")).await.unwrap();
    assert!(
        done.summary.contains("overridden: Phase 2"),
        "{}",
        done.summary
    );
    // What is broken already stands in no import's way.
    let more = early.replace("Board review", "Board meeting");
    server.admin(command("atlas", &more)).await.unwrap();
}

#[tokio::test]
async fn circles_and_places_that_are_not_there_are_told() {
    let server = worked().await;
    let file = export(&server, "atlas").await;
    let circle = file.replace("Validation: 20 days", "Needs: Rest\n\nValidation: 20 days");
    let shown = found(&server, &circle, false).await;
    assert!(
        shown.changes.iter().any(|change| change.contains("circle")),
        "{:?}",
        shown.changes
    );
    assert_eq!(
        refusal(server.admin(command("atlas", &circle)).await).code(),
        "invalid"
    );
    let nowhere = file.replace("module `alpha`", "module `omega`");
    let shown = found(&server, &nowhere, false).await;
    assert_eq!(
        shown.changes,
        ["Skips the change window “Nights”: there is no open module omega."]
    );
    let endless = file.replace("FREQ=WEEKLY;COUNT=8", "FREQ=WEEKLY");
    let refused = refusal(server.admin(command("atlas", &endless)).await);
    assert_eq!(refused.code(), "invalid");
    assert!(refused.to_string().starts_with("Line "), "{refused}");
}

#[tokio::test]
async fn a_moved_phase_is_exported_where_it_is() {
    let server = worked().await;
    let moved = MovePhase {
        migration: key("atlas"),
        number: 1,
        start: "2026-11-30".parse().unwrap(),
        end: "2026-12-13".parse().unwrap(),
        following: Following::MoveAlong,
        overriding: false,
        expected: Some(1),
        reason: String::new(),
    };
    server.admin(moved).await.unwrap();
    let file = export(&server, "atlas").await;
    assert!(file.contains("Rest (2026-12-14 to 2026-12-27)"), "{file}");
    assert_eq!(found(&server, &file, true).await.operations, []);
}
