//! What is wrong is refused whole, reported, and changes nothing.

use std::time::Duration;

use serde_json::{Value, json};
use switchback_client::{Part, Problem, Status};
use tokio::time::sleep;

use crate::server::{LONG, Server, change, flags};

const OLD: (&str, &str, u16) = ("memory", "old_only", 0);
const NEW: (&str, &str, u16) = ("memory", "new_only", 10_000);

fn revision(status: &Status) -> Option<String> {
    status.revision.as_ref().map(ToString::to_string)
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_keeps_the_flags_and_is_tried_every_minute() {
    for status in [401, 403] {
        let server = Server::with(flags("e", 1, &[NEW])).await;
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        server.refuse("/stream", status, None);
        server.refuse("/flags", status, None);
        sleep(Duration::from_secs(12)).await;
        server.end_streams();
        for path in ["/stream", "/flags"] {
            let asked = server.wait_until(path, |asked| asked.len() > 4).await;
            for pair in asked.windows(2).skip(1) {
                let pause = pair[1].at - pair[0].at;
                assert!(
                    (60..62).contains(&pause.as_secs()),
                    "{path} after {pause:?}"
                );
            }
        }
        assert!(client.use_new("memory", None));
        let found = client.status();
        assert_eq!(found.last_error(), Some(&Problem::Denied { status }));
        server.accept("/stream");
        server.accept("/flags");
        let minute = Duration::from_secs(65);
        assert!(
            client
                .wait_until(minute, |status| status.troubles.is_empty())
                .await,
            "{client:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_lower_revision_is_refused_and_any_other_epoch_accepted() {
    let server = Server::with(flags("e", 7, &[NEW])).await;
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    server.push("snapshot", &flags("e", 6, &[OLD]));
    let refused =
        |status: &Status| matches!(status.trouble(Part::Snapshot), Some(Problem::Older { .. }));
    assert!(client.wait_until(LONG, refused).await);
    assert_eq!(revision(&client.status()).as_deref(), Some("e:7"));
    assert!(client.use_new("memory", None));

    server.push("snapshot", &flags("a", 2, &[OLD]));
    assert!(
        client
            .wait_until(LONG, |status| revision(status).as_deref() == Some("a:2"))
            .await
    );
    assert!(!client.use_new("memory", None));
    assert_eq!(client.status().trouble(Part::Snapshot), None);
}

#[tokio::test(start_paused = true)]
async fn a_lower_revision_is_refused_by_polls_too() {
    let server = Server::with(flags("e", 7, &[NEW])).await;
    server.refuse("/stream", 404, None);
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    server.set(Some(flags("e", 6, &[OLD])));
    let refused =
        |status: &Status| matches!(status.trouble(Part::Poll), Some(Problem::Older { .. }));
    assert!(client.wait_until(LONG, refused).await);
    assert!(client.use_new("memory", None));
    server.set(Some(flags("f", 1, &[OLD])));
    let taken = client.wait_until(Duration::from_secs(40), |status| status.troubles.len() == 1);
    assert!(taken.await, "{client:?}");
    assert!(!client.use_new("memory", None));
}

fn invalid() -> Vec<Value> {
    let with = |field: &str, value: Value| {
        let mut flags = flags("e", 2, &[OLD]);
        flags[field] = value;
        flags
    };
    let two = flags("e", 2, &[("a-b", "old_only", 0), ("a_b", "old_only", 0)]);
    let mut cut = flags("e", 2, &[OLD]);
    cut.as_object_mut().unwrap().remove("killSwitch");
    vec![
        with("format", json!(2)),
        with("epoch", json!("")),
        with("migration", json!("mode")),
        with("revision", json!(-1)),
        with(
            "flags",
            json!([{"key": "memory", "mode": "later", "exposure": 0, "retired": false}]),
        ),
        two,
        cut,
        flags("e", 2, &[("memory", "gradual_rollout", 0)]),
        flags("e", 2, &[("memory", "new_only", 5)]),
        Value::Null,
    ]
}

#[tokio::test(start_paused = true)]
async fn an_invalid_snapshot_is_refused_whole_from_the_stream() {
    for wrong in invalid() {
        let server = Server::with(flags("e", 1, &[NEW])).await;
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        server.push("snapshot", &wrong);
        let refused =
            |status: &Status| matches!(status.trouble(Part::Snapshot), Some(Problem::Invalid(_)));
        assert!(client.wait_until(LONG, refused).await, "{wrong}");
        assert!(client.use_new("memory", None), "{wrong}");
        assert_eq!(
            revision(&client.status()).as_deref(),
            Some("e:1"),
            "{wrong}"
        );
        // The truth is asked for, and ends the trouble.
        server.set(Some(flags("e", 3, &[OLD])));
        server.push("snapshot", &wrong);
        let mended = |status: &Status| revision(status).as_deref() == Some("e:3");
        assert!(client.wait_until(LONG, mended).await, "{wrong}: {client:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_snapshot_is_refused_whole_from_a_poll() {
    for wrong in invalid() {
        let server = Server::with(flags("e", 1, &[NEW])).await;
        server.refuse("/stream", 404, None);
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        if wrong.is_null() {
            continue;
        }
        server.set(Some(wrong.clone()));
        let refused =
            |status: &Status| matches!(status.trouble(Part::Poll), Some(Problem::Invalid(_)));
        assert!(client.wait_until(LONG, refused).await, "{wrong}");
        assert!(client.use_new("memory", None), "{wrong}");
        assert!(client.status().trouble(Part::Snapshot).is_some(), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_change_is_refused_whole_and_the_truth_asked_for() {
    let mut format = change("e", 1, 2, &[OLD]);
    format["format"] = json!(2);
    let twin = change(
        "e",
        1,
        2,
        &[
            OLD,
            ("memory-x", "old_only", 0),
            ("memory_x", "old_only", 0),
        ],
    );
    let wrong = [
        format,
        twin,
        change("e", 2, 2, &[OLD]),
        change("e", 1, 2, &[OLD, ("tools", "gradual_rollout", 0)]),
        json!({"previous": 1}),
    ];
    for wrong in wrong {
        let server = Server::with(flags("e", 1, &[NEW])).await;
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        server.push("change", &wrong);
        server.wait_for("/flags", 1).await;
        assert!(client.use_new("memory", None), "{wrong}");
        assert_eq!(
            revision(&client.status()).as_deref(),
            Some("e:1"),
            "{wrong}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn flags_of_another_migration_or_environment_are_refused() {
    for (field, other) in [("migration", "other"), ("environment", "staging")] {
        let mut foreign = flags("e", 2, &[OLD]);
        foreign[field] = json!(other);
        // When it was said which are wanted.
        let server = Server::with(foreign.clone()).await;
        let wanting = server.client().migration("arche").environment("production");
        let client = wanting.start().unwrap();
        let refused = |status: &Status| {
            matches!(
                status.trouble(Part::Snapshot),
                Some(Problem::Foreign { .. })
            )
        };
        assert!(client.wait_until(LONG, refused).await, "{client:?}");
        assert!(client.flags().is_none());
        // And when the server gave others before.
        let server = Server::with(flags("e", 1, &[NEW])).await;
        let client = server.client().start().unwrap();
        client.ready(LONG).await.unwrap();
        server.push("snapshot", &foreign);
        assert!(client.wait_until(LONG, refused).await, "{client:?}");
        assert!(client.use_new("memory", None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_with_the_token() {
    let server = Server::with(flags("e", 1, &[NEW])).await;
    server.refuse("/flags", 307, None);
    server.refuse("/stream", 307, None);
    let client = server.client().start().unwrap();
    server.wait_for("/flags", 2).await;
    assert!(server.asked("/elsewhere").is_empty());
    let status = client.status();
    assert_eq!(
        status.trouble(Part::Poll),
        Some(&Problem::Unexpected { status: 307 })
    );
}
