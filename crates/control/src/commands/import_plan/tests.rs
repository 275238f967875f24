use domain::{Committed, FlagState};

use super::*;
use crate::CommandError;
use crate::testing::{Server, key, refusal};

const PLAN: &str = "\
# Atlas moves

Expected modules: 3

## Modules

| Key | Name | Phase | Owner | Old path | New path |
|---|---|---|---|---|---|
| alpha | Alpha | Core | core | old/a | new/a |
| beta | Beta | Rest |  |  |  |

## Rollout

| Step | Mode | Exposure | Soak |
|---|---|---|---|
| Compare | both_validate | 0 % | 24 hours |
| All | new_only | 100 % | 168 hours |

## Core (2026-11-23 to 2026-12-06)

Expected modules: 2

### Day 1: Create the structure

- [ ] Look at the dashboard

## Rest (2026-12-07 to 2026-12-20)

## Daily checklist

- [ ] Check error rates
- [ ] Check the backlog
";

fn read(text: &str) -> Plan {
    plan::parse_markdown(text.as_bytes(), "2026-11-23".parse().unwrap()).unwrap()
}

fn command(plan: Plan) -> ImportPlan {
    ImportPlan {
        migration: key("atlas"),
        name: None,
        zone: "Europe/Berlin".into(),
        plan,
        document: "d1".into(),
        archive_absent: false,
        overriding: false,
        reason: String::new(),
    }
}

async fn import(server: &Server, text: &str) -> Result<Committed, CommandError> {
    server.admin(command(read(text))).await
}

async fn existing(server: &Server) -> Existing {
    let mut connection = server.control.inner().store.read().await.unwrap();
    Existing::load(&mut connection, &key("atlas"), server.control.clock().now())
        .await
        .unwrap()
}

async fn preview(server: &Server, text: &str, archive_absent: bool) -> PlanChanges {
    plan_changes(&existing(server).await, &read(text), archive_absent)
}

async fn rename_phase(server: &Server, number: u32, name: &str) {
    let edit = crate::commands::EditPhase {
        migration: key("atlas"),
        number,
        name: Some(name.into()),
        start: None,
        end: None,
        expected_modules: None,
        validation_days: None,
        notes: None,
        overriding: false,
        expected: Some(1),
        reason: String::new(),
    };
    server.admin(edit).await.unwrap();
}

#[tokio::test]
async fn a_plan_makes_the_whole_migration_with_every_flag_old() {
    let server = Server::open().await;
    let done = import(&server, PLAN).await.unwrap();
    let there = existing(&server).await;
    let migration = there.migration.unwrap();
    assert_eq!(
        (migration.name.as_str(), migration.expected_modules),
        ("Atlas moves", Some(3))
    );
    assert_eq!(
        (migration.zone.as_str(), migration.start),
        ("Europe/Berlin", Some("2026-11-23".parse().unwrap()))
    );
    let phases: Vec<&str> = there
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(phases, ["Core", "Rest"]);
    assert_eq!(there.modules[0].owner, "core");
    assert_eq!(there.modules[1].phase, Some(2));
    assert_eq!(there.steps.len(), 2);
    assert!(
        there
            .checks
            .iter()
            .filter(|(_, item)| item.kind.as_str() == "daily")
            .count()
            == 2
    );
    let published = server
        .control
        .snapshots()
        .get(&key("atlas"), &key("production"))
        .unwrap();
    let snapshot = published.set.snapshot();
    assert_eq!(Some(snapshot.revision.number), done.revision_number);
    assert!(
        snapshot
            .flags
            .iter()
            .all(|flag| flag.state == FlagState::OLD_ONLY)
    );
    assert_eq!(snapshot.flags.len(), 2);
    let entry = server.entry(done.sequence).await;
    assert_eq!(
        (
            entry.action.as_str(),
            &entry.after["digest"],
            &entry.after["modules"]
        ),
        ("plan.import", &json!("d1"), &json!(2))
    );
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let server = Server::open().await;
    let first = import(&server, PLAN).await.unwrap().sequence;
    let found = preview(&server, PLAN, true).await;
    assert_eq!(
        (found.migration_exists, found.changes, found.absent),
        (true, vec![], vec![])
    );
    let again = refusal(import(&server, PLAN).await);
    assert_eq!(
        (again.code(), again.other_change().unwrap().sequence),
        ("no-change", first)
    );
}

#[tokio::test]
async fn importing_again_makes_exactly_the_changes_that_were_shown() {
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    server.set("alpha", FlagState::BOTH_VALIDATE).await;
    let revision = server.control.revision();
    let next = PLAN
        .replace("| beta | Beta | Rest |  |", "| beta | Beta | Core | data |")
        .replace("to 2026-12-20", "to 2026-12-27")
        .replace("- [ ] Check the backlog", "- [ ] Check the queue")
        .replace("168 hours", "200 hours");
    let shown = preview(&server, &next, false).await.changes;
    assert_eq!(
        shown,
        [
            "Changes the last day of phase 2, Rest, 2026-12-07 to 2026-12-27.",
            "Changes the phase and owner of the module beta.",
            "Replaces the 2 rollout steps by the 2 of the plan.",
            "Adds the daily check “Check the queue”.",
            "Archives the daily check “Check the backlog”.",
        ]
    );
    let done = import(&server, &next).await.unwrap();
    let entry = server.entry(done.sequence).await;
    assert_eq!(entry.after["changes"], json!(shown));
    assert_eq!(entry.targets, ["phase 2", "beta"]);
    // No module came or went: no revision, and the flag stays where it was.
    assert_eq!((done.revision, server.control.revision()), (None, revision));
    assert_eq!(server.flag_states().await[0].1, FlagState::BOTH_VALIDATE);
    assert_eq!(
        preview(&server, &next, false).await.changes,
        Vec::<String>::new()
    );
    assert_eq!(server.module("beta").await.owner, "data");
}

#[tokio::test]
async fn what_a_plan_does_not_say_blanks_nothing() {
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    let silent = "# Atlas moves\n\n## Modules\n\n| Key | Name | Owner |\n|---|---|---|\n| alpha | Alpha |  |\n| beta | Beta | |\n";
    let found = preview(&server, silent, false).await;
    assert_eq!(found.changes, Vec::<String>::new());
    let alpha = server.module("alpha").await;
    assert_eq!(
        (alpha.owner.as_str(), alpha.phase, alpha.old_path.as_str()),
        ("core", Some(1), "old/a")
    );
}

#[tokio::test]
async fn absent_modules_stay_unless_they_are_to_go() {
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    let without = PLAN.replace("| beta | Beta | Rest |  |  |  |\n", "");
    let found = preview(&server, &without, false).await;
    assert_eq!((found.changes, found.absent), (vec![], vec![key("beta")]));
    let archive = ImportPlan {
        archive_absent: true,
        ..command(read(&without))
    };
    // Not while it serves new.
    server.set("beta", FlagState::NEW_ONLY).await;
    let found = preview(&server, &without, true).await;
    assert_eq!(found.stuck, [key("beta")]);
    let stuck = refusal(server.admin(archive.clone()).await);
    assert_eq!(stuck.code(), "in-use");
    assert!(stuck.to_string().contains("The module beta"), "{stuck}");
    server.set("beta", FlagState::OLD_ONLY).await;
    let done = server.admin(archive).await.unwrap();
    let published = server
        .control
        .snapshots()
        .get(&key("atlas"), &key("production"))
        .unwrap();
    assert_eq!(published.set.snapshot().flags.len(), 1);
    assert_eq!(
        Some(published.set.snapshot().revision.number),
        done.revision_number
    );
}

#[tokio::test]
async fn what_was_archived_is_named_and_not_brought_back() {
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    server.archive_module("beta").await;
    let archive = crate::commands::ArchivePhase {
        migration: key("atlas"),
        number: 2,
        expected: Some(1),
        reason: "merged".into(),
    };
    server.admin(archive).await.unwrap();
    let found = preview(&server, PLAN, false).await;
    assert_eq!(
        found.changes,
        [
            "Skips phase 2, Rest: it was archived, and its number is not used again.",
            "Skips the module beta: it was archived, and its key is not used again.",
        ]
    );
    assert_eq!(refusal(import(&server, PLAN).await).code(), "no-change");
    // A new module of that phase comes without one.
    let more = PLAN.replace("| beta | Beta | Rest |", "| gamma | Gamma | Rest |");
    import(&server, &more).await.unwrap();
    assert_eq!(server.module("gamma").await.phase, None);
}

#[tokio::test]
async fn an_edit_after_an_import_is_shown_with_the_import_when_it_is_stale() {
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    rename_phase(&server, 1, "Kern").await;
    assert_eq!(
        preview(&server, PLAN, false).await.changes,
        ["Changes the name of phase 1, Core."]
    );
    let second = import(&server, PLAN).await.unwrap().sequence;
    let edit = crate::commands::EditPhase {
        migration: key("atlas"),
        number: 1,
        name: Some("Kern".into()),
        start: None,
        end: None,
        expected_modules: None,
        validation_days: None,
        notes: None,
        overriding: false,
        expected: Some(2),
        reason: String::new(),
    };
    let stale = refusal(server.admin(edit).await);
    assert_eq!(
        (stale.code(), stale.other_change().unwrap().sequence),
        ("stale", second)
    );
}

#[tokio::test]
async fn roles_zones_keys_and_plans_are_checked() {
    let server = Server::open().await;
    let only_here = Server::admin_of("atlas");
    let refused = server
        .control
        .execute(&only_here, command(read(PLAN)))
        .await;
    assert_eq!(refusal(refused).code(), "forbidden");
    let nowhere = ImportPlan {
        zone: "nowhere".into(),
        ..command(read(PLAN))
    };
    assert_eq!(refusal(server.admin(nowhere).await).code(), "invalid");
    let mut twice = read(PLAN);
    twice.modules[1].key = key("alpha");
    twice.phases[1].end = "2026-01-01".parse().unwrap();
    let Refusal::Invalid { fields } = refusal(server.admin(command(twice)).await) else {
        panic!()
    };
    assert_eq!(fields.len(), 2);
    assert!(
        fields.iter().all(|field| field.field.starts_with("line ")),
        "{fields:?}"
    );
    server.admin(command(read(PLAN))).await.unwrap();
    let more = PLAN.replace("| beta |", "| gamma |");
    server
        .control
        .execute(&only_here, command(read(&more)))
        .await
        .unwrap();
    let operator = Server::operator_of("atlas");
    assert_eq!(
        refusal(server.control.execute(&operator, command(read(PLAN))).await).code(),
        "forbidden"
    );
    let folded = ImportPlan {
        migration: key("at-las"),
        ..command(read(PLAN))
    };
    server.admin(folded).await.unwrap();
    let taken = ImportPlan {
        migration: key("at_las"),
        ..command(read(PLAN))
    };
    assert_eq!(refusal(server.admin(taken).await).code(), "key-taken");
    server.archive_migration().await;
    assert_eq!(refusal(import(&server, PLAN).await).code(), "archived");
}

#[tokio::test]
async fn what_was_exported_changes_nothing_when_it_is_imported_again() {
    let server = Server::open().await;
    let text = PLAN.replace(
        "## Rest (2026-12-07 to 2026-12-20)",
        "## Rest (2026-12-07 to 2026-12-09)\n\nProcess: the same as before",
    );
    let text = text.replace(
        "- [ ] Look at the dashboard",
        "- [ ] Look at the dashboard\n\n### Day 13: Watch it\n\nSoak: 96 hours",
    );
    import(&server, &text).await.unwrap();
    let markdown = crate::queries::export_plan(&server.control, &Server::root(), &key("atlas"))
        .await
        .unwrap();
    let phases = read(&text).phases;
    assert!(
        phases.iter().all(|phase| phase.overrun_days > 0),
        "{phases:?}"
    );
    let found = preview(&server, &markdown, true).await;
    assert_eq!(found.changes, Vec::<String>::new(), "{markdown}");
}

#[tokio::test]
async fn what_a_plan_lists_before_a_phase_keeps_its_first_promotion() {
    let server = Server::open().await;
    let before = "## Core (2026-11-23 to 2026-12-06)\n\nBefore:\n\n- [ ] Coverage is 90 %\n";
    let plan = PLAN.replace("## Core (2026-11-23 to 2026-12-06)\n", before);
    import(&server, &plan).await.unwrap();
    let lists = server.checklists().await;
    let core = &lists.phases[0];
    assert_eq!(core.before.len(), 1);
    assert_eq!(core.before[0].title, "Coverage is 90 %");
    let refused = refusal(server.try_set("alpha", FlagState::BOTH_VALIDATE).await);
    assert_eq!(refused.code(), "checklist-open");
    // The phase after it has no such list.
    server.set("beta", FlagState::BOTH_VALIDATE).await;
    let tick = crate::commands::TickCheck {
        migration: key("atlas"),
        item: core.before[0].id,
        day: None,
        evidence: String::new(),
    };
    server.admin(tick).await.unwrap();
    server.set("alpha", FlagState::BOTH_VALIDATE).await;
    // What comes again keeps its tick.
    let changed = plan.replace("Check the backlog", "Check the whole backlog");
    import(&server, &changed).await.unwrap();
    let lists = server.checklists().await;
    assert!(lists.phases[0].before[0].tick.is_some());
}

#[tokio::test]
async fn what_people_added_is_not_put_away_by_a_plan_that_does_not_name_it() {
    use domain::schedule::checklist::List;
    let server = Server::open().await;
    import(&server, PLAN).await.unwrap();
    let own = server.check(List::Daily, "Ask the shift lead").await;
    let fewer = PLAN.replace("- [ ] Check the backlog\n", "");
    import(&server, &fewer).await.unwrap();
    let lists = server.checklists().await;
    let titles: Vec<&str> = lists.daily.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(lists.begins.as_deref(), Some("2026-11-23"));
    assert_eq!(titles, [] as [&str; 0]);
    server.control.clock().step(86_400_000);
    let lists = server.checklists().await;
    let titles: Vec<&str> = lists.daily.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["Check error rates", "Ask the shift lead"]);
    assert!(lists.daily.iter().any(|row| row.id == own));
}
