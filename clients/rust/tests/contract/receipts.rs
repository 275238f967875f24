//! The server hears what is in force here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchback_client::{Part, Problem};
use tokio::time::sleep;

use crate::server::{LONG, Server, change, flags};

const OLD: (&str, &str, u16) = ("memory", "old_only", 0);
const NEW: (&str, &str, u16) = ("memory", "new_only", 10_000);

#[tokio::test(start_paused = true)]
async fn each_revision_is_acknowledged_once_it_is_in_force() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    server.wait_for("/acks", 1).await;
    server.push("change", &change("e", 1, 2, &[NEW]));
    let acks = server.wait_for("/acks", 2).await;
    for (ack, revision) in acks.iter().zip(1..) {
        assert_eq!(ack.body["instance"], "orders-1");
        assert_eq!(ack.body["service"], "orders");
        assert!(
            ack.body["sdk"]
                .as_str()
                .unwrap()
                .starts_with("switchback-rust/")
        );
        assert_eq!(ack.body["epoch"], "e");
        assert_eq!(ack.body["revision"], revision);
        let at = Duration::from_millis(ack.body["applied_at"].as_u64().unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(now.abs_diff(at) < Duration::from_mins(1), "{at:?}");
        assert_eq!(ack.header("authorization"), Some("Bearer sb_sdk_test"));
    }
    assert!(client.use_new("memory", None));
    sleep(Duration::from_secs(20)).await;
    assert_eq!(server.asked("/acks").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_stream_says_who_listens() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let _client = server.client().start().unwrap();
    let asked = server.wait_for("/stream", 1).await;
    assert_eq!(asked[0].header("switchback-instance"), Some("orders-1"));
    assert_eq!(asked[0].header("switchback-service"), Some("orders"));
    assert_eq!(asked[0].header("authorization"), Some("Bearer sb_sdk_test"));
    assert_eq!(asked[0].header("last-event-id"), None);
    assert!(
        asked[0]
            .header("switchback-sdk")
            .unwrap()
            .starts_with("switchback-rust/")
    );
}

#[tokio::test(start_paused = true)]
async fn a_poll_carries_the_receipt_for_what_was_applied_before() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/stream", 404, None);
    let _client = server.client().start().unwrap();
    let asked = server.wait_for("/flags", 2).await;
    assert_eq!(asked[0].header("switchback-applied"), None);
    assert_eq!(asked[0].header("switchback-instance"), Some("orders-1"));
    assert_eq!(asked[1].header("switchback-applied"), Some("e:1"));
    let at = asked[1].header("switchback-applied-at").unwrap();
    assert!(at.parse::<u64>().unwrap() > 1_600_000_000_000, "{at}");
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_fails_is_sent_again_and_only_the_newest_is() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/acks", 503, Some(20));
    let client = server.client().start().unwrap();
    server.wait_for("/acks", 1).await;
    server.push("change", &change("e", 1, 2, &[NEW]));
    server.wait_for("/acks", 2).await;
    // While nothing is accepted, the stream brings more.
    for revision in 3..=6 {
        server.push("change", &change("e", revision - 1, revision, &[NEW]));
    }
    assert!(
        client
            .wait_until(LONG, |status| status.revision.as_ref().unwrap().number == 6)
            .await
    );
    assert!(matches!(
        client.status().trouble(Part::Receipt),
        Some(Problem::Unavailable { .. })
    ));
    server
        .wait_until("/acks", |acks| acks.last().unwrap().body["revision"] == 6)
        .await;
    let refused = server.asked("/acks").len();
    server.accept("/acks");
    let acks = server.wait_for("/acks", refused + 1).await;
    assert_eq!(acks[refused].body["revision"], 6);
    assert!(
        client
            .wait_until(LONG, |status| status.trouble(Part::Receipt).is_none())
            .await
    );
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_is_called_wrong_is_not_repeated() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/acks", 400, None);
    let client = server.client().start().unwrap();
    server.wait_for("/acks", 1).await;
    for _ in 0..6 {
        server.push_bytes(": here\n");
        sleep(Duration::from_secs(20)).await;
    }
    assert_eq!(server.asked("/acks").len(), 1);
    assert_eq!(
        client.status().trouble(Part::Receipt),
        Some(&Problem::Unexpected { status: 400 })
    );
}
