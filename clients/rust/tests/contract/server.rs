//! A server for tests: it answers what it is told to and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures::StreamExt;
use serde_json::{Value, json};
use switchback_client::{Builder, Client};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::UnboundedReceiverStream;

pub const TOKEN: &str = "sb_sdk_test";
/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(20);

/// A question the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[derive(Default)]
struct Inner {
    flags: Option<Value>,
    asked: Vec<Asked>,
    /// Status and `Retry-After` by the end of a path; without an entry it answers as it should.
    refusals: Vec<(String, u16, Option<u64>)>,
    streams: Vec<mpsc::UnboundedSender<Bytes>>,
}

struct Shared {
    inner: Mutex<Inner>,
    moved: watch::Sender<u64>,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

#[derive(Clone)]
pub struct Server {
    pub address: String,
    shared: Arc<Shared>,
}

/// Moves the paused clock on, some hundred times as fast as the real one.
///
/// Left to itself a paused clock jumps to the next time limit as soon as everybody waits, also for what the kernel is about
/// to deliver. While a blocking task is under way it does not.
async fn pace() {
    loop {
        let moment = || std::thread::sleep(Duration::from_micros(100));
        tokio::task::spawn_blocking(moment).await.unwrap();
        tokio::time::advance(Duration::from_millis(100)).await;
    }
}

impl Server {
    pub async fn start() -> Self {
        tokio::spawn(pace());
        Self::start_unpaced().await
    }

    /// For tests of hours, in which a time limit that is met too early does not matter.
    pub async fn start_unpaced() -> Self {
        let shared = Arc::new(Shared {
            inner: Mutex::default(),
            moved: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        // Else the kernel may hold back the end of an answer for 40 ms, which is long on a paused clock.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// A server with these flags.
    pub async fn with(flags: Value) -> Self {
        let server = Self::start().await;
        server.set(Some(flags));
        server
    }

    /// A client that talks to it directly.
    pub fn client(&self) -> Builder {
        client_of(&self.address)
    }

    /// What it serves from now on, to whoever asks; streams hear nothing of it.
    pub fn set(&self, flags: Option<Value>) {
        self.shared.inner().flags = flags;
    }

    /// Answers questions whose path ends so with a status.
    pub fn refuse(&self, path: &str, status: u16, retry_after: Option<u64>) {
        let mut inner = self.shared.inner();
        inner.refusals.retain(|(known, _, _)| known != path);
        inner.refusals.push((path.to_owned(), status, retry_after));
    }

    /// Answers such questions again.
    pub fn accept(&self, path: &str) {
        let mut inner = self.shared.inner();
        inner.refusals.retain(|(known, _, _)| known != path);
    }

    /// Sends an event to every open stream.
    pub fn push(&self, event: &str, data: &Value) {
        self.push_bytes(&format!("event: {event}\ndata: {data}\n\n"));
    }

    pub fn push_bytes(&self, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let mut inner = self.shared.inner();
        inner
            .streams
            .retain(|stream| stream.send(bytes.clone()).is_ok());
    }

    /// Ends every open stream.
    pub fn end_streams(&self) {
        self.shared.inner().streams.clear();
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        let mut inner = self.shared.inner();
        inner.streams.retain(|stream| !stream.is_closed());
        inner.streams.len()
    }

    /// What was asked below a path so far.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let inner = self.shared.inner();
        let those = inner
            .asked
            .iter()
            .filter(|asked| asked.path.ends_with(path));
        those.cloned().collect()
    }

    /// Waits until so many questions below a path were asked, and returns all of them.
    pub async fn wait_for(&self, path: &str, count: usize) -> Vec<Asked> {
        self.wait_until(path, |asked| asked.len() >= count).await
    }

    /// Waits until what was asked below a path is as wanted.
    pub async fn wait_until(&self, path: &str, wanted: impl Fn(&[Asked]) -> bool) -> Vec<Asked> {
        let mut moved = self.shared.moved.subscribe();
        let waiting = async {
            loop {
                let asked = self.asked(path);
                if wanted(&asked) {
                    return asked;
                }
                moved.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_hours(1), waiting)
            .await
            .unwrap_or_else(|_| panic!("{path} was asked {:?}", self.asked(path)))
    }
}

/// A client for tests: no proxy stands between it and this machine, and no roots of trust are read.
pub fn client_of(address: &str) -> Builder {
    Client::builder(address, TOKEN)
        .service("orders")
        .instance("orders-1")
        .http(|http| http.no_proxy().tls_certs_only([]))
}

/// An address where nobody listens.
pub async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        at: Instant::now(),
    };
    let response = respond(&shared, &asked);
    shared.inner().asked.push(asked);
    shared.moved.send_modify(|moves| *moves += 1);
    response
}

fn respond(shared: &Shared, asked: &Asked) -> Response {
    let mut inner = shared.inner();
    let refusal = inner
        .refusals
        .iter()
        .find(|(path, _, _)| asked.path.ends_with(path));
    if let Some(&(_, status, retry_after)) = refusal {
        let status = StatusCode::from_u16(status).unwrap();
        return match retry_after {
            Some(seconds) => (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response(),
            None if status.is_redirection() => {
                (status, [(header::LOCATION, "/elsewhere")]).into_response()
            }
            None => status.into_response(),
        };
    }
    match asked.path.rsplit('/').next() {
        Some("flags") => {
            let Some(flags) = &inner.flags else {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            };
            let etag = format!("\"{}\"", revision_of(flags));
            if asked.header("if-none-match") == Some(&etag) {
                return StatusCode::NOT_MODIFIED.into_response();
            }
            ([(header::ETAG, etag)], flags.to_string()).into_response()
        }
        Some("stream") => {
            let (sender, receiver) = mpsc::unbounded_channel();
            let mut first = "retry: 2000\n\n".to_owned();
            if let Some(flags) = &inner.flags {
                let head = revision_of(flags);
                if asked.header("last-event-id") != Some(&head) {
                    let event = format!("event: snapshot\nid: {head}\ndata: {flags}\n\n");
                    first.push_str(&event);
                }
            }
            sender.send(first.into()).unwrap();
            inner.streams.push(sender);
            let body = UnboundedReceiverStream::new(receiver).map(Ok::<_, Infallible>);
            (
                [(header::CONTENT_TYPE, "text/event-stream")],
                Body::from_stream(body),
            )
                .into_response()
        }
        Some("acks") => StatusCode::NO_CONTENT.into_response(),
        Some("comparisons" | "samples") => {
            (StatusCode::ACCEPTED, "{\"accepted\":1}").into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Flags `module` to a mode and exposure, of migration `arche` in `production`.
pub fn flags(epoch: &str, revision: u64, modes: &[(&str, &str, u16)]) -> Value {
    let flags: Vec<Value> = modes.iter().map(flag).collect();
    json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": epoch,
        "revision": revision, "killSwitch": false, "flags": flags,
    })
}

/// What leads from revision `previous` to `revision`.
pub fn change(epoch: &str, previous: u64, revision: u64, modes: &[(&str, &str, u16)]) -> Value {
    let mut change = flags(epoch, revision, modes);
    change["previous"] = previous.into();
    change["removed"] = json!([]);
    change
}

fn flag((key, mode, exposure): &(&str, &str, u16)) -> Value {
    json!({"key": key, "mode": mode, "exposure": exposure, "retired": false})
}

fn revision_of(flags: &Value) -> String {
    format!("{}:{}", flags["epoch"].as_str().unwrap(), flags["revision"])
}
