//! `GET /api/v1/stream`: the flags of the token's environment as they change. `GET /ofrep/v1/stream`: only that they did.
//!
//! A stream has no queue. It remembers what it sent last, and when its reader can take more it sends what is newer.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use control::broadcast::Broadcast;
use control::directory::Identity;
use control::receipts::Joined;
use flags::Revision;
use flags::replay::last_event_id;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use rand::Rng as _;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::acks::{hello, too_many};
use super::data_plane::Reader;
use super::ofrep;
use super::problem::Problem;
use crate::middleware::request::text;
use crate::state::AppState;
use crate::streams::{MOST_OF_TOKEN, Place};

/// How often a stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a stream lives, seconds: 15 minutes, a fifth more or less, so that not all come back at once.
const LIFE: std::ops::RangeInclusive<u64> = 720..=1_080;
/// How long a reader waits before it comes back, milliseconds.
const RETRY: std::ops::RangeInclusive<u32> = 2_000..=6_000;

/// `GET /api/v1/stream`
pub async fn native(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::recognise(&state, &request)?;
    let headers = request.headers();
    let hello = hello(headers)?;
    let stream = Stream::open(&state, reader.identity, headers, Kind::Native)?;
    let joined = hello
        .map(|hello| state.control.joined(&stream.identity, hello))
        .transpose()
        .map_err(too_many)?
        .flatten();
    Ok(stream.answer(joined))
}

/// The ticket a bulk answer announced.
#[derive(Debug, Deserialize)]
pub struct Ticket {
    #[serde(default)]
    ticket: String,
}

/// `GET /ofrep/v1/stream?ticket=...`
pub async fn of_ofrep(
    State(state): State<AppState>,
    Query(ticket): Query<Ticket>,
    request: Request,
) -> Response {
    let opened = state
        .tickets
        .redeem(&ticket.ticket, state.control.clock().now())
        .and_then(|token| state.control.directory().by_id(&token))
        .ok_or_else(|| {
            Problem::unauthenticated(
                "This ticket is not known here, or is older than it may be. Evaluate all flags again: the answer has a new one.",
            )
        })
        .and_then(|identity| Stream::open(&state, identity, request.headers(), Kind::Ofrep));
    match opened {
        Ok(stream) => stream.answer(None),
        Err(problem) => ofrep::refuse(None, &problem),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Native,
    Ofrep,
}

/// One open stream.
struct Stream {
    state: AppState,
    kind: Kind,
    identity: Arc<Identity>,
    client: String,
    broadcast: Arc<Broadcast>,
    bell: watch::Receiver<u64>,
    sent: Option<Revision>,
    begun: bool,
    heartbeat: Interval,
    end: Instant,
    /// Kept, not made anew for each wait: ten thousand streams wait on one token.
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Place,
    joined: Option<Joined>,
}

impl Stream {
    fn open(
        state: &AppState,
        identity: Arc<Identity>,
        headers: &HeaderMap,
        kind: Kind,
    ) -> Result<Self, Problem> {
        let place = state
            .streams
            .enter(identity.token_id.clone(), MOST_OF_TOKEN)?;
        let broadcast = broadcast_of(state, &identity).ok_or_else(|| {
            Problem::new(
                StatusCode::FORBIDDEN,
                "archived",
                "This token's environment is archived: it has no flags any more.",
            )
        })?;
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sent = headers
            .get("last-event-id")
            .and_then(|id| last_event_id(id.as_bytes()));
        Ok(Self {
            client: text(headers, &USER_AGENT).unwrap_or_default().to_owned(),
            // Before anything is looked at: what changes from here on rings.
            bell: broadcast.subscribe(),
            state: state.clone(),
            kind,
            identity,
            broadcast,
            sent,
            begun: false,
            heartbeat,
            end: Instant::now() + Duration::from_secs(rand::rng().random_range(LIFE)),
            shutdown: Box::pin(state.shutdown.clone().cancelled_owned()),
            _place: place,
            joined: None,
        })
    }

    fn answer(mut self, joined: Option<Joined>) -> Response {
        self.joined = joined;
        let events = futures::stream::unfold(self, |mut stream| async move {
            let bytes = stream.next().await?;
            Some((Ok::<_, Infallible>(bytes), stream))
        });
        let mut response = Response::new(Body::from_stream(events));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    /// What goes out next, as soon as there is something; `None` when the stream is over.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(self.beginning());
        }
        loop {
            tokio::select! {
                biased;
                () = &mut self.shutdown => return None,
                rung = self.bell.changed() => {
                    if rung.is_err() || !self.may_go_on() {
                        return None;
                    }
                    if let Some(bytes) = self.news() {
                        return Some(bytes);
                    }
                }
                now = self.heartbeat.tick() => {
                    return (now < self.end && self.may_go_on()).then(|| self.alive());
                }
            }
        }
    }

    fn beginning(&mut self) -> Bytes {
        let retry = rand::rng().random_range(RETRY);
        let mut begin = BytesMut::new();
        let _writing_to_memory = write!(begin, "retry: {retry}\n\n");
        if let Some(news) = self.news() {
            begin.extend_from_slice(&news);
        }
        begin.freeze()
    }

    /// What is newer than what was sent; `None` when nothing is.
    fn news(&mut self) -> Option<Bytes> {
        let news = self.broadcast.news(self.sent.as_ref())?;
        self.note(news.revision.number);
        let bytes = match self.kind {
            Kind::Native => joined_up(news.events),
            Kind::Ofrep => refetch(&news.revision, self.state.control.clock().now().0),
        };
        self.sent = Some(news.revision);
        Some(bytes)
    }

    fn alive(&self) -> Bytes {
        let now = self.state.control.clock().now();
        let published = self.broadcast.published();
        let head = published.set.revision();
        self.note(head.number);
        match self.kind {
            Kind::Native => {
                let data = json!({ "epoch": head.epoch, "revision": head.number, "time": now.0 });
                format!("event: heartbeat\ndata: {data}\n\n").into()
            }
            Kind::Ofrep => Bytes::from_static(b": alive\n\n"),
        }
    }

    /// A stream whose reader does not acknowledge counts as a reader like any other.
    fn note(&self, revision: u64) {
        if self.joined.is_none() {
            let now = self.state.control.clock().now();
            self.state
                .control
                .readers()
                .saw(&self.identity, &self.client, revision, now);
        }
    }

    /// Whether the token is still good and the environment still there.
    fn may_go_on(&self) -> bool {
        self.state
            .control
            .directory()
            .by_id(&self.identity.token_id)
            .is_some()
            && broadcast_of(&self.state, &self.identity)
                .is_some_and(|broadcast| Arc::ptr_eq(&broadcast, &self.broadcast))
    }
}

fn broadcast_of(state: &AppState, identity: &Identity) -> Option<Arc<Broadcast>> {
    let (migration, environment) = (identity.migration.as_ref()?, identity.environment.as_ref()?);
    state.control.snapshots().broadcast(migration, environment)
}

/// One event as it is, shared with all other streams; several in one piece.
fn joined_up(mut events: Vec<Bytes>) -> Bytes {
    if events.len() == 1 {
        return events.pop().unwrap_or_default();
    }
    events.concat().into()
}

/// OFREP's event: no name, so that a browser hears it as `message`.
fn refetch(revision: &Revision, now: i64) -> Bytes {
    let data = json!({
        "type": "refetchEvaluation",
        "etag": revision.to_string(),
        "lastModified": now,
    });
    format!("id: {revision}\ndata: {data}\n\n").into()
}
