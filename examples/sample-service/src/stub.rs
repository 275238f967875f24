//! A server for tests that has flags and takes receipts; it has no stream, so that clients poll.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use switchback_client::reqwest::ClientBuilder;
use switchback_client::{Client, Side, Status};
use tokio::sync::watch;

use crate::traffic::Work;

/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(20);

pub struct Stub {
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    flags: watch::Sender<Value>,
    acks: watch::Sender<Vec<Value>>,
    samples: Mutex<Vec<Value>>,
}

impl Stub {
    pub async fn start(flags: Value) -> Self {
        let shared = Arc::new(Shared {
            flags: watch::Sender::new(flags),
            acks: watch::Sender::default(),
            samples: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/api/v1/flags", get(flags_now))
            .route("/api/v1/acks", post(acknowledged))
            .route("/api/v1/migrations/atlas/samples", post(sampled))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// A client that has its flags.
    pub async fn client(&self) -> Client {
        let client = Client::builder(&self.address, "t")
            .http(ClientBuilder::no_proxy)
            .poll_interval(Duration::from_millis(100))
            .start()
            .unwrap();
        client.ready(LONG).await.unwrap();
        client
    }

    /// Serves other flags, and waits until a client has them.
    pub async fn serves(&self, flags: Value, client: &Client) {
        let revision = flags["revision"].as_u64();
        self.shared.flags.send_replace(flags);
        let has =
            |status: &Status| status.revision.as_ref().map(|revision| revision.number) == revision;
        assert!(client.wait_until(LONG, has).await, "{client:?}");
    }

    /// Uses and errors of a module's side, in all reports.
    pub fn sampled(&self, module: &str, side: &str) -> (u64, u64) {
        let samples = self.shared.samples.lock().unwrap();
        let those = samples
            .iter()
            .filter(|one| one["module"] == module && one["side"] == side);
        those.fold((0, 0), |(uses, errors), one| {
            let count = |name: &str| one[name].as_u64().unwrap();
            (uses + count("uses"), errors + count("errors"))
        })
    }

    /// The first receipt of an instance.
    pub async fn ack_of(&self, instance: &str) -> Value {
        let mut acks = self.shared.acks.subscribe();
        let of_instance = |ack: &&Value| ack["instance"] == instance;
        let some = acks.wait_for(|acks| acks.iter().any(|ack| of_instance(&ack)));
        let acks = tokio::time::timeout(LONG, some).await.unwrap().unwrap();
        acks.iter().find(of_instance).unwrap().clone()
    }
}

async fn sampled(State(shared): State<Arc<Shared>>, Json(report): Json<Value>) -> StatusCode {
    let samples = report["samples"].as_array().unwrap();
    shared.samples.lock().unwrap().extend_from_slice(samples);
    StatusCode::ACCEPTED
}

/// An address where nobody listens.
pub async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A request that is answered.
pub fn well(_: Side) -> Work {
    Work {
        ok: true,
        took: Duration::from_millis(20),
    }
}

/// Two modules of `atlas` in `production`.
pub fn snapshot(revision: u64, kill_switch: bool) -> Value {
    json!({
        "format": 1, "migration": "atlas", "environment": "production", "epoch": "e1", "revision": revision,
        "killSwitch": kill_switch, "flags": [
            {"key": "order_intake", "mode": "gradual_rollout", "exposure": 5_000, "retired": false},
            {"key": "order_ledger", "mode": "new_only", "exposure": 10_000, "retired": false},
        ],
    })
}

async fn flags_now(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.flags.borrow().clone())
}

async fn acknowledged(State(shared): State<Arc<Shared>>, Json(ack): Json<Value>) -> StatusCode {
    shared.acks.send_modify(|acks| acks.push(ack));
    StatusCode::NO_CONTENT
}
