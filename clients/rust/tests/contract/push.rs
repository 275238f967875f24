//! What the server pushes is in force.

use serde_json::json;
use switchback_client::{Client, Mode, Part, Source};

use crate::server::{LONG, Server, change, flags};

const OLD: (&str, &str, u16) = ("memory", "old_only", 0);
const NEW: (&str, &str, u16) = ("memory", "new_only", 10_000);

async fn applied(client: &Client, revision: u64) {
    let there = client
        .wait_until(LONG, |status| {
            status.revision.as_ref().map(|known| known.number) == Some(revision)
        })
        .await;
    assert!(there, "{client:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_snapshot_and_each_change_come_into_force() {
    let server = Server::with(flags("e", 1, &[OLD, ("tools", "both_validate", 0)])).await;
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    assert!(!client.use_new("memory", Some("user-1")));
    assert_eq!(client.mode("tools"), Ok(Mode::BothValidate));
    assert_eq!(client.mode("arche.tools.mode"), Ok(Mode::BothValidate));
    assert_eq!(client.migration().unwrap().as_str(), "arche");

    server.push(
        "change",
        &change("e", 1, 2, &[NEW, ("added", "new_only", 10_000)]),
    );
    applied(&client, 2).await;
    assert!(client.use_new("memory", None));
    assert!(client.use_new("arche.added", None));
    assert_eq!(client.mode("tools"), Ok(Mode::BothValidate));

    let mut removal = change("e", 2, 3, &[]);
    removal["removed"] = json!(["added"]);
    removal["killSwitch"] = json!(true);
    server.push("change", &removal);
    applied(&client, 3).await;
    assert!(!client.use_new("added", None));
    let found = client.evaluate("memory", None).unwrap();
    assert!(!found.serve.is_new() && found.kill_switch, "{found:?}");
    assert_eq!(found.stored.mode(), Mode::NewOnly);
    assert_eq!(found.revision, 3);

    let status = client.status();
    assert_eq!(status.source, Source::Network);
    assert!(
        status.stream_connected && status.troubles.is_empty(),
        "{status:?}"
    );
    assert_eq!(status.epoch().unwrap().as_str(), "e");
    assert!(
        server.asked("/flags").is_empty(),
        "nothing was asked for beside the stream"
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_in_place_of_changes_comes_into_force() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    applied(&client, 1).await;
    server.push("snapshot", &flags("e", 9, &[NEW]));
    applied(&client, 9).await;
    assert!(client.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_builds_on_another_revision_makes_the_client_ask_for_all() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    applied(&client, 1).await;
    server.set(Some(flags("e", 4, &[NEW])));
    server.push(
        "change",
        &change("e", 3, 4, &[("tools", "new_only", 10_000)]),
    );
    applied(&client, 4).await;
    assert!(client.use_new("memory", None));
    assert!(
        !client.use_new("tools", None),
        "the change itself was not applied"
    );
    // What builds on that is taken from the stream again.
    server.push("change", &change("e", 4, 5, &[OLD]));
    applied(&client, 5).await;
    assert_eq!(server.asked("/flags").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_in_force_already_is_passed_over() {
    let server = Server::with(flags("e", 5, &[OLD])).await;
    let client = server.client().start().unwrap();
    applied(&client, 5).await;
    server.push("change", &change("e", 3, 4, &[NEW]));
    server.push(
        "change",
        &change("e", 5, 6, &[("tools", "new_only", 10_000)]),
    );
    applied(&client, 6).await;
    assert!(!client.use_new("memory", None));
    assert!(server.asked("/flags").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_ahead_of_the_client_makes_it_ask() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    applied(&client, 1).await;
    server.push(
        "heartbeat",
        &json!({"epoch": "e", "revision": 1, "time": 0}),
    );
    server.set(Some(flags("e", 2, &[NEW])));
    server.push(
        "heartbeat",
        &json!({"epoch": "e", "revision": 2, "time": 0}),
    );
    applied(&client, 2).await;
    server.set(Some(flags("f", 1, &[OLD])));
    server.push(
        "heartbeat",
        &json!({"epoch": "f", "revision": 1, "time": 0}),
    );
    applied(&client, 1).await;
    assert_eq!(client.status().epoch().unwrap().as_str(), "f");
    assert_eq!(server.asked("/flags").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_in_pieces_and_events_of_kinds_to_come_are_understood() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    applied(&client, 1).await;
    server.push("weather", &json!({"sun": true}));
    let text = format!("event: change\ndata: {}\n\n", change("e", 1, 2, &[NEW]));
    for piece in text.as_bytes().chunks(7) {
        server.push_bytes(std::str::from_utf8(piece).unwrap());
        tokio::task::yield_now().await;
    }
    applied(&client, 2).await;
    assert_eq!(client.status().trouble(Part::Snapshot), None);
}

#[tokio::test(start_paused = true)]
async fn every_clone_sees_the_same_flags_and_the_last_one_ends_the_tasks() {
    let server = Server::with(flags("e", 1, &[NEW])).await;
    let client = server.client().start().unwrap();
    let clone = client.clone();
    client.ready(LONG).await.unwrap();
    drop(client);
    server.push("change", &change("e", 1, 2, &[OLD]));
    applied(&clone, 2).await;
    let kept = clone.flags().unwrap();
    server.push("change", &change("e", 2, 3, &[NEW]));
    applied(&clone, 3).await;
    assert!(!kept.evaluate("memory", None).unwrap().serve.is_new());
    assert_eq!(server.streams(), 1);
    drop(clone);
    while server.streams() > 0 {
        tokio::task::yield_now().await;
    }
    let asked = server.asked("").len();
    tokio::time::sleep(std::time::Duration::from_mins(2)).await;
    assert_eq!(server.asked("").len(), asked);
}
