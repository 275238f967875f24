use serde_json::json;

use super::*;
use crate::Snapshot;

/// Nobody listens: nothing is ever taken.
fn outbox() -> Outbox {
    let flags = json!({
        "format": 1, "migration": "shop", "environment": "production", "epoch": "e", "revision": 1, "killSwitch": false, "flags": [],
    });
    let flags = Snapshot::from_json(flags.to_string().as_bytes()).unwrap();
    let builder = Client::builder("http://127.0.0.1:1", "t").initial(flags);
    let client = builder
        .http(reqwest::ClientBuilder::no_proxy)
        .start()
        .unwrap();
    Outbox::new(client.shared.api.clone(), client, "samples")
}

#[tokio::test]
async fn what_waits_is_bounded_and_the_oldest_go_first() {
    let outbox = outbox();
    // A quarter of the room each, with the quotation marks.
    let report = |letter: &str| letter.repeat(ROOM / 4 - 2);
    for (letter, calls) in [("a", 1), ("b", 2), ("c", 4), ("d", 8)] {
        outbox.push(&report(letter), calls);
    }
    assert_eq!(outbox.lost(), 0);
    assert!(matches!(outbox.send().await, Err(Problem::Away(_))));
    assert!(outbox.problem().is_some());
    outbox.push(&report("e"), 16);
    assert_eq!(outbox.lost(), 1);
    outbox.push(&json!("f"), 32);
    assert_eq!(outbox.lost(), 3);
    assert_eq!(outbox.oldest().unwrap().body[1], b'c');
    // Larger than all the room there is.
    outbox.push(&"g".repeat(ROOM), 64);
    assert_eq!((outbox.lost(), outbox.oldest().is_none()), (127, true));
    assert_eq!(lock(&outbox.waiting).bytes, 0);
}

#[test]
fn reports_are_split_by_size_and_by_number() {
    let entries: Vec<String> = (0..100).map(|i| format!("{i:0>1000}")).collect();
    let reports = split(entries.clone(), 1_000);
    assert!(reports.len() > 1 && reports.iter().all(|one| one.len() * 1_002 <= LARGEST));
    assert_eq!(reports.concat(), entries);
    let reports = split(entries, 7);
    assert!(reports.iter().all(|one| one.len() <= 7));
    let large = split(vec!["x".repeat(LARGEST * 2), "y".to_owned()], 10);
    assert_eq!(large.len(), 2);
}
