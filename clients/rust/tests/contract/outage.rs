//! Without the server, the last known flags are served for ever, and the way back is looked for with patience.

use std::time::Duration;

use switchback_client::{EvaluationError, Mode, Part, Problem, Source, Status};
use tokio::time::{Instant, sleep};

use crate::server::{LONG, Server, change, client_of, flags, nobody};

const OLD: (&str, &str, u16) = ("memory", "old_only", 0);
const NEW: (&str, &str, u16) = ("memory", "new_only", 10_000);
const DAY: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn a_day_without_the_server_changes_no_answer() {
    let server = Server::start_unpaced().await;
    server.set(Some(flags(
        "e",
        1,
        &[NEW, ("tools", "gradual_rollout", 5_000)],
    )));
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    let answers = |client: &switchback_client::Client| -> Vec<bool> {
        let subjects = (0..50).map(|i| format!("user-{i}"));
        let ask = |subject: String| client.evaluate("tools", Some(&subject)).unwrap().serve;
        subjects.map(|subject| ask(subject).is_new()).collect()
    };
    let before = answers(&client);

    server.refuse("/flags", 500, None);
    server.refuse("/stream", 500, None);
    server.end_streams();
    let start = Instant::now();
    let count = server.asked("").len();
    while start.elapsed() < DAY {
        sleep(Duration::from_mins(10)).await;
        assert!(client.use_new("memory", None));
        assert_eq!(answers(&client), before);
    }
    let status = client.status();
    assert_eq!(status.revision.unwrap().to_string(), "e:1");
    assert!(status.stale_for.unwrap() > Duration::from_hours(23));
    assert!(!status.stream_connected);
    // Two tasks, each about every 15 s: neither given up nor hammering.
    let asked = server.asked("").len() - count;
    assert!((8_000..16_000).contains(&asked), "{asked} questions");

    server.accept("/flags");
    server.accept("/stream");
    server.set(Some(flags("e", 2, &[OLD])));
    let found = client.wait_until(Duration::from_mins(10), |status| {
        status.stream_connected && status.stale_for.is_none() && status.troubles.is_empty()
    });
    assert!(found.await, "{client:?}");
    assert!(!client.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn an_hour_with_nobody_at_the_address_is_old_for_everybody() {
    let client = client_of(&nobody().await).start().unwrap();
    assert!(client.ready(Duration::from_secs(3)).await.is_err());
    for _ in 0..60 {
        sleep(Duration::from_mins(1)).await;
        assert!(!client.use_new("memory", Some("user-1")));
        assert_eq!(
            client.evaluate("memory", None),
            Err(EvaluationError::NotReady)
        );
    }
    let status = client.status();
    assert_eq!((status.source, status.revision), (Source::CompiledIn, None));
    let away = |part| matches!(client.status().trouble(part), Some(Problem::Away(_)));
    assert!(away(Part::Stream) && away(Part::Poll), "{client:?}");
}

#[tokio::test(start_paused = true)]
async fn flags_are_stale_after_thirty_silent_seconds_and_served_all_the_same() {
    let server = Server::with(flags("e", 1, &[NEW])).await;
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    server.refuse("", 503, None);
    server.end_streams();
    sleep(Duration::from_secs(29)).await;
    assert_eq!(client.status().stale_for, None, "{client:?}");
    sleep(Duration::from_secs(2)).await;
    assert!(client.status().stale_for.is_some(), "{client:?}");
    assert!(client.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn while_there_is_no_stream_the_flags_are_asked_for() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/stream", 404, None);
    let client = server
        .client()
        .poll_interval(Duration::from_secs(2))
        .start()
        .unwrap();
    client.ready(LONG).await.unwrap();
    server.set(Some(flags("e", 2, &[NEW])));
    let start = Instant::now();
    assert!(
        client
            .wait_until(LONG, |status| status.revision.as_ref().unwrap().number == 2)
            .await
    );
    assert!(
        start.elapsed() < Duration::from_millis(2500),
        "{:?}",
        start.elapsed()
    );
    assert!(client.use_new("memory", None));
    assert!(matches!(
        client.status().trouble(Part::Stream),
        Some(Problem::Unexpected { status: 404 })
    ));
    // It is the server's flags that are asked for, and only news of them.
    let asked = server.wait_for("/flags", 4).await;
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(asked[3].header("if-none-match"), Some("\"e:2\""));
    assert_eq!(asked[3].header("authorization"), Some("Bearer sb_sdk_test"));

    server.accept("/stream");
    assert!(
        client
            .wait_until(Duration::from_secs(31), |status| status.stream_connected)
            .await
    );
    sleep(Duration::from_secs(3)).await;
    let asked = server.asked("/flags").len();
    for _ in 0..12 {
        server.push(
            "heartbeat",
            &serde_json::json!({"epoch": "e", "revision": 2, "time": 0}),
        );
        sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(
        server.asked("/flags").len(),
        asked,
        "a healthy stream needs no questions"
    );
    assert!(client.status().troubles.is_empty(), "{client:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_silent_for_twenty_five_seconds_is_dead() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    assert!(
        client
            .wait_until(LONG, |status| status.stream_connected)
            .await
    );
    // Any byte is a sign of life, a comment too.
    for _ in 0..5 {
        sleep(Duration::from_secs(20)).await;
        server.push_bytes(": still here\n");
        assert_eq!(server.asked("/stream").len(), 1);
    }
    let start = Instant::now();
    let asked = server.wait_for("/stream", 2).await;
    let after = asked[1].at - start;
    assert!((24..35).contains(&after.as_secs()), "{after:?}");
    assert_eq!(asked[1].header("last-event-id"), Some("e:1"));
    // The new stream goes on where the old one ended.
    assert!(
        client
            .wait_until(LONG, |status| status.stream_connected)
            .await
    );
    server.push("change", &change("e", 1, 2, &[NEW]));
    assert!(
        client
            .wait_until(LONG, |status| status.revision.as_ref().unwrap().number == 2)
            .await
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_the_server_ends_is_opened_again_after_its_retry() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    let mut opened = 1;
    for _ in 0..5 {
        sleep(Duration::from_secs(15)).await;
        let ended = Instant::now();
        server.end_streams();
        opened += 1;
        let asked = server.wait_for("/stream", opened).await;
        let after = asked[opened - 1].at - ended;
        assert!(after <= Duration::from_millis(2500), "{after:?}");
        assert!(
            client
                .wait_until(LONG, |status| status.stream_connected)
                .await
        );
    }
    assert_eq!(client.status().trouble(Part::Stream), None);
}

#[tokio::test(start_paused = true)]
async fn streams_that_end_at_once_are_not_opened_in_a_hurry() {
    let server = Server::start_unpaced().await;
    server.set(Some(flags("e", 1, &[OLD])));
    let client = server.client().start().unwrap();
    client.ready(LONG).await.unwrap();
    for _ in 0..3600 {
        server.end_streams();
        sleep(Duration::from_secs(1)).await;
    }
    let asked = server.asked("/stream").len();
    assert!((100..500).contains(&asked), "{asked} streams in an hour");
    assert_eq!(client.mode("memory"), Ok(Mode::OldOnly));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_room_is_left_alone_as_long_as_it_asks() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/stream", 503, Some(17));
    server.refuse("/flags", 429, Some(40));
    let client = server.client().start().unwrap();
    let streams = server.wait_for("/stream", 4).await;
    for pair in streams.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!((17..48).contains(&pause.as_secs()), "{pause:?}");
    }
    let polls = server.wait_for("/flags", 3).await;
    for pair in polls.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!((40..71).contains(&pause.as_secs()), "{pause:?}");
    }
    let found = client.status();
    assert!(matches!(
        found.trouble(Part::Poll),
        Some(Problem::Unavailable { status: 429, retry_after: Some(asked) }) if asked.as_secs() == 40
    ));
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_with_asking_is_over_with_the_stream_and_the_pause_is_kept() {
    let server = Server::with(flags("e", 1, &[OLD])).await;
    server.refuse("/stream", 503, None);
    server.refuse("/flags", 503, Some(200));
    let client = server.client().start().unwrap();
    let is_refused = |status: &Status| status.trouble(Part::Poll).is_some();
    assert!(client.wait_until(LONG, is_refused).await, "{client:?}");
    let refused_at = server.wait_for("/flags", 1).await[0].at;

    server.accept("/stream");
    server.accept("/flags");
    let found = client.wait_until(Duration::from_mins(2), |status| status.stream_connected);
    assert!(found.await, "{client:?}");
    sleep(Duration::from_secs(1)).await;
    assert!(client.status().troubles.is_empty(), "{client:?}");

    server.refuse("/stream", 503, None);
    server.end_streams();
    let asked = server.wait_for("/flags", 2).await;
    let pause = asked[1].at - refused_at;
    assert!(pause >= Duration::from_secs(200), "{pause:?}");
}
