//! The last known flags survive the process.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use switchback_client::{Part, Problem, Source};
use tempfile::TempDir;

use crate::server::{LONG, Server, change, client_of, flags, nobody};

const OLD: (&str, &str, u16) = ("memory", "old_only", 0);
const NEW: (&str, &str, u16) = ("memory", "new_only", 10_000);

/// A file that an earlier process left.
async fn left_behind() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flags");
    let server = Server::with(flags("e", 4, &[OLD])).await;
    let client = server.client().disk(&path).start().unwrap();
    client.ready(LONG).await.unwrap();
    server.push("change", &change("e", 4, 5, &[NEW]));
    until(|| fs::read_to_string(&path).is_ok_and(|text| text.contains("\"revision\":5"))).await;
    (directory, path)
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to pass");
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_without_the_server_serves_what_the_disk_holds() {
    let (_directory, path) = left_behind().await;
    let client = client_of(&nobody().await).disk(&path).start().unwrap();
    // Before anything was awaited.
    assert!(client.use_new("memory", None));
    client.ready(Duration::ZERO).await.unwrap();
    let status = client.status();
    assert_eq!(status.source, Source::Disk);
    assert_eq!(status.revision.unwrap().to_string(), "e:5");
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(client.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn the_server_confirms_or_replaces_what_the_disk_held() {
    let (_directory, path) = left_behind().await;
    let confirmed = Server::with(flags("e", 5, &[NEW])).await;
    let client = confirmed.client().disk(&path).start().unwrap();
    assert!(
        client
            .wait_until(LONG, |status| status.source == Source::Network)
            .await
    );
    let asked = confirmed.asked("/stream");
    assert_eq!(
        asked[0].header("last-event-id"),
        None,
        "changes build on the server's own"
    );
    assert_eq!(confirmed.wait_for("/acks", 1).await[0].body["revision"], 5);
    // Two clients do not write one file.
    drop(client);

    // A restored server begins a new epoch, with whatever number.
    let restored = Server::with(flags("f", 1, &[OLD])).await;
    let client = restored.client().disk(&path).start().unwrap();
    assert!(client.use_new("memory", None));
    assert!(
        client
            .wait_until(LONG, |status| status.source == Source::Network)
            .await
    );
    assert!(!client.use_new("memory", None));
    until(|| fs::read_to_string(&path).is_ok_and(|text| text.contains("\"epoch\":\"f\""))).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_behind_what_the_disk_holds_is_refused() {
    let (_directory, path) = left_behind().await;
    let server = Server::with(flags("e", 3, &[OLD])).await;
    let client = server.client().disk(&path).start().unwrap();
    let refused = client.wait_until(LONG, |status| {
        matches!(status.trouble(Part::Snapshot), Some(Problem::Older { .. }))
    });
    assert!(refused.await);
    assert!(client.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_is_refused_reported_and_replaced() {
    let (_directory, path) = left_behind().await;
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let wrong = [
        &whole[..whole.len() - 5],
        &changed,
        b"",
        b"{}",
        b"\xff\xfe\n\n",
    ];
    for bytes in wrong {
        fs::write(&path, bytes).unwrap();
        let client = client_of(&nobody().await).disk(&path).start().unwrap();
        assert!(!client.use_new("memory", None));
        let status = client.status();
        assert!(
            matches!(status.trouble(Part::Disk), Some(Problem::Disk(_))),
            "{status:?}"
        );
        assert_eq!(status.source, Source::CompiledIn);
    }
    let server = Server::with(flags("e", 6, &[NEW])).await;
    let client = server.client().disk(&path).start().unwrap();
    assert!(
        client
            .wait_until(LONG, |status| status.troubles.is_empty())
            .await
    );
    let restarted = client_of(&nobody().await).disk(&path).start().unwrap();
    assert!(restarted.use_new("memory", None));
}

#[tokio::test(start_paused = true)]
async fn a_file_of_another_migration_is_refused() {
    let (_directory, path) = left_behind().await;
    let other = client_of(&nobody().await)
        .disk(&path)
        .migration("other")
        .start()
        .unwrap();
    assert!(matches!(
        other.status().trouble(Part::Disk),
        Some(Problem::Foreign { .. })
    ));
    assert_eq!(other.status().source, Source::CompiledIn);
    let other = client_of(&nobody().await)
        .disk(&path)
        .environment("staging")
        .start()
        .unwrap();
    assert!(matches!(
        other.status().trouble(Part::Disk),
        Some(Problem::Foreign { .. })
    ));

    // Where it was not said which is wanted, the server's word counts, whatever its number.
    let mut flags = flags("e", 2, &[OLD]);
    flags["migration"] = "other".into();
    let server = Server::with(flags).await;
    let client = server.client().disk(&path).start().unwrap();
    assert!(
        client
            .wait_until(LONG, |status| status.source == Source::Network)
            .await
    );
    assert_eq!(client.migration().unwrap().as_str(), "other");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_cannot_be_written_is_reported_and_nothing_else_suffers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("flags");
    let server = Server::with(flags("e", 1, &[NEW])).await;
    let client = server.client().disk(&path).start().unwrap();
    let reported = client.wait_until(LONG, |status| status.trouble(Part::Disk).is_some());
    assert!(reported.await);
    assert!(client.use_new("memory", None));
    fs::create_dir(path.parent().unwrap()).unwrap();
    let minute = Duration::from_secs(90);
    assert!(
        client
            .wait_until(minute, |status| status.trouble(Part::Disk).is_none())
            .await
    );
    assert!(path.exists());
}
