use ::flags::{LatencySketch, Side};
use domain::read::IssueFilter;

use super::*;
use crate::commands::{EditMigration, PressKillSwitch};
use crate::evidence::{Clocked, Point};
use crate::queries;
use crate::testing::{Server, key, refusal};

const MINUTE: i64 = 60_000;

fn place() -> Place {
    (key("atlas"), key("production"))
}

/// New was used so often in the minute that is on, and failed so often; the minute is over afterwards.
async fn seen(server: &Server, module: &str, uses: u64, errors: u64) {
    let point = Point {
        module: key(module),
        side: Side::New,
        at: server.control.clock().now(),
        uses,
        errors,
        latency: LatencySketch::new(),
    };
    server
        .control
        .take_samples(&place(), None, Clocked(None), vec![point])
        .await
        .unwrap();
    server.control.clock().step(MINUTE);
}

async fn ramped(modules: &[&str]) -> Server {
    let server = Server::with_modules(modules).await;
    for module in modules {
        server.set(module, Server::percent(10)).await;
    }
    server.control.clock().step(MINUTE);
    server
}

fn state(server: &Server, module: &str) -> FlagState {
    let published = server
        .control
        .snapshots()
        .get(&key("atlas"), &key("production"))
        .unwrap();
    published
        .set
        .snapshot()
        .flags
        .iter()
        .find(|flag| flag.module == key(module))
        .unwrap()
        .state
}

async fn issues(server: &Server) -> Vec<String> {
    let view = queries::issues(
        &server.control,
        &Server::root(),
        &key("atlas"),
        None,
        &IssueFilter::default(),
    )
    .await
    .unwrap();
    view.rows.into_iter().map(|row| row.title).collect()
}

#[tokio::test]
async fn a_module_that_fails_too_often_goes_back_once_with_an_issue_that_holds_it() {
    let server = ramped(&["billing", "orders"]).await;
    seen(&server, "billing", 200, 40).await;
    seen(&server, "orders", 2_000, 3).await;
    let conducted = server.control.conduct().await.unwrap();
    let (migration, environment) = place();
    assert_eq!(
        conducted.rolled_back,
        [(migration, environment, key("billing"))]
    );
    assert_eq!(state(&server, "billing"), FlagState::OLD_ONLY);
    assert_eq!(state(&server, "orders"), Server::percent(10));
    let titles = issues(&server).await;
    assert_eq!(titles.len(), 1, "{titles:?}");
    assert!(titles[0].contains("billing was rolled back in production"));
    let entry = server.entry(server.control.head_sequence()).await;
    assert_eq!(
        (entry.action.as_str(), entry.actor.id.as_str()),
        ("flag.rollback", "conductor")
    );
    assert!(
        entry.reason.contains("20 % of 200 uses"),
        "{}",
        entry.reason
    );
    // A second look over the same evidence, and a second server's, do nothing.
    assert_eq!(
        server.control.conduct().await.unwrap(),
        Conducted::default()
    );
    assert_eq!(issues(&server).await.len(), 1);
    // It is not promoted before the issue is resolved.
    let refused = refusal(server.try_set("billing", Server::percent(10)).await);
    assert!(
        matches!(refused, Refusal::BlockedByIssue { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_was_seen_before_the_last_change_does_not_count() {
    let server = ramped(&["billing"]).await;
    seen(&server, "billing", 200, 40).await;
    // A person went further before the conductor looked: what follows is judged anew.
    server.set("billing", Server::percent(50)).await;
    server.control.clock().step(MINUTE);
    assert_eq!(
        server.control.conduct().await.unwrap(),
        Conducted::default()
    );
    seen(&server, "billing", 400, 90).await;
    assert_eq!(server.control.conduct().await.unwrap().rolled_back.len(), 1);
}

#[tokio::test]
async fn a_few_errors_are_no_ground_however_large_their_share() {
    let server = ramped(&["billing"]).await;
    seen(&server, "billing", 4, 4).await;
    assert_eq!(
        server.control.conduct().await.unwrap(),
        Conducted::default()
    );
    seen(&server, "billing", 1, 1).await;
    assert_eq!(server.control.conduct().await.unwrap().rolled_back.len(), 1);
}

#[tokio::test]
async fn a_migration_may_leave_it_to_people_and_a_kill_switch_ends_the_question() {
    let server = ramped(&["billing"]).await;
    let edit = |expected, automatic| EditMigration {
        migration: key("atlas"),
        name: None,
        description: None,
        zone: None,
        start: None,
        expected_modules: None,
        thresholds: None,
        automatic_rollback: Some(automatic),
        expected: Some(expected),
        reason: String::new(),
    };
    server.admin(edit(1, false)).await.unwrap();
    seen(&server, "billing", 200, 40).await;
    assert_eq!(
        server.control.conduct().await.unwrap(),
        Conducted::default()
    );
    server.admin(edit(2, true)).await.unwrap();
    let press = PressKillSwitch {
        migration: key("atlas"),
        environment: None,
        reason: "look".into(),
    };
    server.admin(press).await.unwrap();
    assert_eq!(
        server.control.conduct().await.unwrap(),
        Conducted::default()
    );
    assert_eq!(state(&server, "billing"), Server::percent(10));
}
