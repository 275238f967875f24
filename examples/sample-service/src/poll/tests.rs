//! The poller against a stub server that answers what a test tells it to.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap as Headers;
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::get;

use super::*;
use crate::view::View;

/// What the stub answers, and what it was asked.
#[derive(Default)]
struct Script {
    status: StatusCode,
    body: String,
    etag: String,
    retry_after: Option<&'static str>,
    asked: Vec<Headers>,
}

struct Stub {
    script: Arc<Mutex<Script>>,
    address: String,
    task: tokio::task::JoinHandle<()>,
}

impl Stub {
    async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/api/v1/flags", get(answer))
            .with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            script,
            address,
            task,
        }
    }

    fn says(&self, status: StatusCode, body: impl Into<String>, etag: &str) {
        let mut script = self.script.lock().unwrap();
        script.status = status;
        script.body = body.into();
        script.etag = format!("\"{etag}\"");
    }

    fn last_asked(&self, header: HeaderName) -> Option<String> {
        let script = self.script.lock().unwrap();
        let value = script.asked.last()?.get(header)?;
        Some(value.to_str().unwrap().to_owned())
    }
}

/// As the real server: 304 where the reader has it already.
async fn answer(State(script): State<Arc<Mutex<Script>>>, headers: Headers) -> Answer {
    let mut script = script.lock().unwrap();
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|etag| *etag == *script.etag);
    script.asked.push(headers);
    if known && script.status == StatusCode::OK {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let etag = [(ETAG, script.etag.clone())];
    let retry = script.retry_after.map(|after| [(RETRY_AFTER, after)]);
    (script.status, etag, retry, script.body.clone()).into_response()
}

fn snapshot(epoch: &str, revision: u64, mode: &str) -> String {
    let exposure = if mode == "new_only" { 10_000 } else { 0 };
    format!(
        r#"{{"format":1,"migration":"atlas","environment":"production","epoch":"{epoch}","revision":{revision},"killSwitch":false,
        "flags":[{{"key":"order_intake","mode":"{mode}","exposure":{exposure},"retired":false}}]}}"#
    )
}

fn at(second: i64) -> impl Fn() -> Timestamp {
    move || Timestamp::from_second(second).unwrap()
}

async fn setup() -> (Stub, Poller, Service) {
    let stub = Stub::start().await;
    let poller = Poller::new(&stub.address, "sb_sdk_secret", None).unwrap();
    let service = Service::new(stub.address.clone(), "order_intake".parse().unwrap());
    (stub, poller, service)
}

/// What users get, and by which revision.
fn serves(service: &Service) -> (&'static str, Option<String>) {
    let order = service.order("user-1");
    (order.serve, order.revision)
}

#[tokio::test]
async fn a_change_is_applied_and_what_is_known_is_not_sent_again() {
    let (stub, mut poller, service) = setup().await;
    stub.says(StatusCode::OK, snapshot("e1", 1, "old_only"), "e1:1");
    assert!(matches!(
        poller.poll(&service, at(1)).await,
        Outcome::Applied
    ));
    assert_eq!(
        stub.last_asked(AUTHORIZATION).unwrap(),
        "Bearer sb_sdk_secret"
    );
    assert_eq!(stub.last_asked(IF_NONE_MATCH), None);

    assert!(matches!(
        poller.poll(&service, at(2)).await,
        Outcome::Unchanged
    ));
    assert_eq!(stub.last_asked(IF_NONE_MATCH).unwrap(), "\"e1:1\"");
    let view = View::of(&service);
    assert_eq!(
        view.last_applied_at.as_deref(),
        Some("1970-01-01T00:00:01.000Z")
    );
    assert!(view.server_reachable);

    stub.says(StatusCode::OK, snapshot("e1", 2, "new_only"), "e1:2");
    let outcome = poller.poll(&service, at(3)).await;
    assert!(matches!(outcome, Outcome::Applied));
    assert_eq!(poller.pause(&outcome, 0.5), EVERY);
    assert_eq!(serves(&service), ("new", Some("e1:2".to_owned())));
}

#[tokio::test]
async fn while_the_server_is_away_the_last_known_snapshot_serves_and_pauses_grow_to_five_seconds() {
    let (stub, mut poller, service) = setup().await;
    stub.says(StatusCode::OK, snapshot("e1", 4, "new_only"), "e1:4");
    poller.poll(&service, at(1)).await;
    stub.says(StatusCode::BAD_GATEWAY, "", "");

    let mut bounds = Vec::new();
    for second in 10..17 {
        let outcome = poller.poll(&service, at(second)).await;
        assert!(matches!(
            outcome,
            Outcome::Failed(Problem::Unavailable { .. })
        ));
        assert_eq!(poller.pause(&outcome, 0.0), Duration::ZERO);
        bounds.push(poller.pause(&outcome, 1.0).as_millis());
    }
    assert_eq!(bounds, [400, 800, 1600, 3200, 5000, 5000, 5000]);
    assert_eq!(serves(&service), ("new", Some("e1:4".to_owned())));
    let view = View::of(&service);
    assert!(!view.server_reachable);
    let trouble = view.trouble.unwrap();
    assert!(trouble.contains("since 00:00:10 UTC"), "{trouble}");

    stub.says(StatusCode::OK, snapshot("e1", 5, "old_only"), "e1:5");
    let outcome = poller.poll(&service, at(20)).await;
    assert_eq!(poller.pause(&outcome, 1.0), EVERY);
    assert_eq!(serves(&service), ("old", Some("e1:5".to_owned())));
    assert_eq!(View::of(&service).trouble, None);
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_away_and_old_is_served_from_the_start() {
    let (stub, mut poller, service) = setup().await;
    stub.task.abort();
    assert!(stub.task.await.unwrap_err().is_cancelled());
    let outcome = poller.poll(&service, at(1)).await;
    assert!(
        matches!(outcome, Outcome::Failed(Problem::Away(_))),
        "{outcome:?}"
    );
    assert_eq!(serves(&service), ("old", None));
    let trouble = View::of(&service).trouble.unwrap();
    assert!(trouble.contains("compiled-in default"), "{trouble}");
}

#[tokio::test]
async fn a_bad_snapshot_is_refused_whole_and_the_old_one_stays() {
    let (stub, mut poller, service) = setup().await;
    stub.says(StatusCode::OK, snapshot("e1", 4, "new_only"), "e1:4");
    poller.poll(&service, at(1)).await;

    let good = snapshot("e1", 5, "old_only");
    let one_bad_flag = good.replace(
        "\"flags\":[",
        r#""flags":[{"key":"order_ledger","mode":"sideways","exposure":0,"retired":false},"#,
    );
    let torn = good[..good.len() - 3].to_owned();
    let newer_format = good.replace("\"format\":1", "\"format\":2");
    for bad in [one_bad_flag, torn, newer_format, String::new()] {
        stub.says(StatusCode::OK, bad.clone(), "e1:5");
        let outcome = poller.poll(&service, at(2)).await;
        assert!(
            matches!(outcome, Outcome::Failed(Problem::Invalid(_))),
            "{bad}"
        );
        assert_eq!(serves(&service), ("new", Some("e1:4".to_owned())), "{bad}");
        assert_eq!(View::of(&service).modules.len(), 1);
    }
    let view = View::of(&service);
    assert!(view.server_reachable && view.trouble.is_some());

    stub.says(StatusCode::OK, good, "e1:5");
    poller.poll(&service, at(3)).await;
    assert_eq!(serves(&service), ("old", Some("e1:5".to_owned())));
}

#[tokio::test]
async fn an_older_revision_is_refused_within_an_epoch_and_taken_from_another() {
    let (stub, mut poller, service) = setup().await;
    stub.says(StatusCode::OK, snapshot("e1", 4, "new_only"), "e1:4");
    poller.poll(&service, at(1)).await;
    stub.says(StatusCode::OK, snapshot("e1", 3, "old_only"), "e1:3");
    let outcome = poller.poll(&service, at(2)).await;
    assert!(matches!(outcome, Outcome::Failed(Problem::Older { .. })));
    assert_eq!(serves(&service), ("new", Some("e1:4".to_owned())));

    stub.says(StatusCode::OK, snapshot("e2", 1, "old_only"), "e2:1");
    poller.poll(&service, at(3)).await;
    assert_eq!(serves(&service), ("old", Some("e2:1".to_owned())));
}

#[tokio::test]
async fn flags_of_another_migration_are_refused() {
    let (stub, _, service) = setup().await;
    let arche = Some("arche".parse().unwrap());
    let mut poller = Poller::new(&stub.address, "sb_sdk_secret", arche).unwrap();
    stub.says(StatusCode::OK, snapshot("e1", 4, "new_only"), "e1:4");
    let outcome = poller.poll(&service, at(1)).await;
    assert!(matches!(
        outcome,
        Outcome::Failed(Problem::OtherMigration { .. })
    ));
    assert_eq!(serves(&service), ("old", None));
}

#[tokio::test]
async fn a_refused_token_is_tried_once_a_minute_and_a_busy_server_when_it_asks() {
    let (stub, mut poller, service) = setup().await;
    stub.says(StatusCode::UNAUTHORIZED, "", "");
    let outcome = poller.poll(&service, at(1)).await;
    assert_eq!(poller.pause(&outcome, 0.0), AFTER_DENIAL);
    let trouble = View::of(&service).trouble.unwrap();
    assert!(trouble.contains("refuses the token"), "{trouble}");

    stub.says(StatusCode::TOO_MANY_REQUESTS, "", "");
    stub.script.lock().unwrap().retry_after = Some("7");
    let outcome = poller.poll(&service, at(2)).await;
    assert_eq!(poller.pause(&outcome, 0.0), Duration::from_secs(7));
}

#[test]
fn addresses_and_tokens_that_cannot_work_are_refused_at_the_start() {
    for (server, token) in [
        ("127.0.0.1:3000", "t"),
        ("https://example.org", "t"),
        ("http://127.0.0.1:3000", ""),
        ("http://127.0.0.1:3000", "two\nlines"),
    ] {
        assert!(
            Poller::new(server, token, None).is_err(),
            "{server} {token:?}"
        );
    }
}
