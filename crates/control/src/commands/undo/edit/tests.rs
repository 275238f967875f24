use std::collections::BTreeMap;

use domain::{Committed, Thresholds};
use serde_json::json;

use super::*;
use crate::commands::undo;
use crate::testing::{Server, key, refusal};
use crate::{Caller, CommandError};

fn module_edit(expected: i64) -> EditModule {
    EditModule {
        migration: key("atlas"),
        module: key("a"),
        name: None,
        phase: None,
        owner: None,
        old_path: None,
        new_path: None,
        expected: Some(expected),
        reason: String::new(),
    }
}

fn environment_edit(environment: &str) -> EditEnvironment {
    EditEnvironment {
        migration: key("atlas"),
        environment: key(environment),
        name: None,
        deciding: None,
        expected: Some(1),
        reason: String::new(),
    }
}

async fn undo_as(
    server: &Server,
    caller: &Caller,
    sequence: u64,
) -> Result<Committed, CommandError> {
    let wanted = Undo {
        migration: key("atlas"),
        sequence,
        reason: "mistaken".into(),
        expected: BTreeMap::new(),
    };
    undo(&server.control, caller, wanted).await
}

#[tokio::test]
async fn an_edit_is_undone_by_an_edit_that_can_be_undone() {
    let server = Server::with_modules(&["a"]).await;
    server.phase(2).await;
    let edit = EditModule {
        phase: Some(Some(2)),
        owner: Some("core".into()),
        ..module_edit(1)
    };
    let done = server.admin(edit).await.unwrap().sequence;
    // Another field is changed since, and the flag moved: neither is in the way.
    let path = EditModule {
        old_path: Some("old.py".into()),
        ..module_edit(2)
    };
    server.admin(path).await.unwrap();
    server.set("a", domain::FlagState::BOTH_VALIDATE).await;
    let root = Server::root();
    let undone = undo_as(&server, &root, done).await.unwrap();
    let module = server.module("a").await;
    assert_eq!((module.phase, module.owner.as_str()), (None, ""));
    assert_eq!(module.old_path, "old.py");
    let entry = server.entry(undone.sequence).await;
    assert_eq!(entry.action, "module.edit");
    assert!(entry.summary.starts_with(&format!("undid entry {done}: ")));
    assert_eq!(
        (entry.before, entry.reason.as_str()),
        (json!({ "phase": 2, "owner": "core" }), "mistaken")
    );
    let again = refusal(undo_as(&server, &root, done).await);
    assert_eq!(
        (again.code(), again.other_change().unwrap().sequence),
        ("no-change", undone.sequence)
    );
    undo_as(&server, &root, undone.sequence).await.unwrap();
    assert_eq!(server.module("a").await.phase, Some(2));
}

#[tokio::test]
async fn what_others_changed_since_is_shown_and_not_gone_back_over() {
    let server = Server::with_modules(&["a"]).await;
    let rename = |expected, name: &str| EditModule {
        name: Some(name.into()),
        ..module_edit(expected)
    };
    let first = server.admin(rename(1, "B")).await.unwrap().sequence;
    let second = server.admin(rename(2, "C")).await.unwrap().sequence;
    let owner = EditModule {
        owner: Some("core".into()),
        ..module_edit(3)
    };
    server.admin(owner).await.unwrap();
    let refused = refusal(undo_as(&server, &Server::root(), first).await);
    assert_eq!(
        (refused.code(), refused.other_change().unwrap().sequence),
        ("stale", second)
    );
    assert_eq!(
        refused.to_string(),
        "The name of module a was changed since that entry (it is version 4 now). Look at the change, then try again."
    );
    assert_eq!(server.module("a").await.name, "C");
}

#[tokio::test]
async fn phases_and_migrations_go_back_to_what_they_were() {
    let server = Server::with_modules(&["a"]).await;
    server.phase(1).await;
    let phase = EditPhase {
        migration: key("atlas"),
        number: 1,
        name: Some("Core".into()),
        start: Some(Some("2026-11-30".parse().unwrap())),
        end: None,
        expected_modules: Some(Some(3)),
        validation_days: None,
        notes: None,
        overriding: false,
        expected: Some(1),
        reason: String::new(),
    };
    let migration = EditMigration {
        migration: key("atlas"),
        name: None,
        description: None,
        zone: Some("Europe/Berlin".into()),
        start: None,
        expected_modules: Some(Some(9)),
        thresholds: Some(Thresholds {
            hold_basis_points: 1,
            rollback_basis_points: 2,
        }),
        automatic_rollback: Some(false),
        expected: Some(1),
        reason: String::new(),
    };
    let phase = server.admin(phase).await.unwrap().sequence;
    let migration = server.admin(migration).await.unwrap().sequence;
    for sequence in [phase, migration] {
        let undone = undo_as(&server, &Server::root(), sequence).await.unwrap();
        let (edit, back) = (
            server.entry(sequence).await,
            server.entry(undone.sequence).await,
        );
        assert_eq!((&back.before, &back.after), (&edit.after, &edit.before));
        assert_eq!((back.action, undone.version), (edit.action, Some(3)));
    }
}

#[tokio::test]
async fn which_environment_decides_goes_back_too() {
    let server = Server::with_modules(&["a"]).await;
    server.environment("staging").await;
    let decide = EditEnvironment {
        deciding: Some(true),
        ..environment_edit("staging")
    };
    let done = server.admin(decide).await.unwrap().sequence;
    let root = Server::root();
    let undone = undo_as(&server, &root, done).await.unwrap();
    assert!(undone.summary.starts_with(&format!("undid entry {done}")));
    let deciding = server
        .control
        .snapshots()
        .get_or_deciding(&key("atlas"), None)
        .unwrap();
    assert_eq!(deciding.set.snapshot().environment, key("production"));
    let again = refusal(undo_as(&server, &root, done).await);
    assert_eq!(again.code(), "no-change");
    let rename = EditEnvironment {
        name: Some("Rehearsal".into()),
        expected: Some(3),
        ..environment_edit("staging")
    };
    let renamed = server.admin(rename).await.unwrap().sequence;
    let undone = undo_as(&server, &root, renamed).await.unwrap();
    assert_eq!(
        server.entry(undone.sequence).await.after,
        json!({ "name": "staging" })
    );
}

#[tokio::test]
async fn the_checks_of_the_edit_hold() {
    let server = Server::with_modules(&["a"]).await;
    server.phase(1).await;
    server.move_to_phase("a", Some(1)).await;
    let away = EditModule {
        phase: Some(None),
        ..module_edit(2)
    };
    let done = server.admin(away).await.unwrap().sequence;
    let refused = undo_as(&server, &Server::operator_of("atlas"), done).await;
    assert_eq!(refusal(refused).code(), "forbidden");
    let archive = crate::commands::ArchivePhase {
        migration: key("atlas"),
        number: 1,
        expected: Some(1),
        reason: "merged".into(),
    };
    server.admin(archive).await.unwrap();
    let root = Server::root();
    assert_eq!(
        refusal(undo_as(&server, &root, done).await).code(),
        "invalid"
    );
    server.archive_module("a").await;
    assert_eq!(
        refusal(undo_as(&server, &root, done).await).code(),
        "archived"
    );
    let created = server.try_module("b").await.unwrap().sequence;
    assert_eq!(
        refusal(undo_as(&server, &root, created).await).code(),
        "invalid"
    );
}
