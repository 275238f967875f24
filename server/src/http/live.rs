//! `GET /m/{migration}/live`: tells a page that something changed. It fetches the truth itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use control::Caller;
use control::feed::{self, Topic};
use domain::{Key, Permission};
use futures::Stream;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;
use crate::streams::{MOST_OF_SESSION, Place};

/// How often a quiet stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a stream looks whether its session has expired.
const SESSION_CHECK: Duration = Duration::from_mins(1);

/// Opens the stream. One that missed something, by its `Last-Event-ID`, is told at once.
pub async fn stream(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    session: Session,
    Path(migration): Path<Key>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    control::queries::migration(&state.control, &caller, &migration).await?;
    let session = session
        .id()
        .ok_or_else(|| Problem::unauthenticated("Sign in."))?;
    let place = state.streams.enter(session.to_string(), MOST_OF_SESSION)?;
    let last_seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let watch = Watch::begin(state, place, caller, session, migration, last_seen);
    let keep_alive = KeepAlive::new().interval(HEARTBEAT);
    let mut response = Sse::new(events(watch))
        .keep_alive(keep_alive)
        .into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What one stream waits for.
struct Watch {
    state: AppState,
    caller: Caller,
    session: Id,
    migration: Key,
    missed: Option<u64>,
    feed: Receiver<Arc<feed::Event>>,
    ended: Receiver<Id>,
    check: Interval,
    _place: Place,
}

impl Watch {
    fn begin(
        state: AppState,
        place: Place,
        caller: Caller,
        session: Id,
        migration: Key,
        last_seen: Option<u64>,
    ) -> Self {
        let mut check = interval(SESSION_CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let feed = state.control.feed().subscribe();
        let head = state.control.head_sequence();
        Self {
            missed: last_seen.filter(|seen| *seen < head).map(|_| head),
            feed,
            ended: state.sessions.ended(),
            check,
            _place: place,
            state,
            caller,
            session,
            migration,
        }
    }

    /// The next event for this page; `None` when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if let Some(head) = self.missed.take() {
            return Some(everything(head));
        }
        loop {
            tokio::select! {
                () = self.state.shutdown.cancelled() => return None,
                ended = self.ended.recv() => if self.is_over(ended).await { return None },
                _ = self.check.tick() => if !self.state.sessions.is_alive(&self.session).await { return None },
                heard = self.feed.recv() => match heard {
                    Ok(event) => {
                        if event.topics.contains(&Topic::Access) && !self.may_still_look().await {
                            return None;
                        }
                        if event.migration.as_ref().is_none_or(|migration| *migration == self.migration) {
                            return Some(told(event.sequence, &event.topics));
                        }
                    }
                    Err(RecvError::Lagged(_)) => return Some(everything(self.state.control.head_sequence())),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    async fn is_over(&self, ended: Result<Id, RecvError>) -> bool {
        match ended {
            Ok(id) => id == self.session,
            Err(RecvError::Lagged(_)) => !self.state.sessions.is_alive(&self.session).await,
            Err(RecvError::Closed) => true,
        }
    }

    async fn may_still_look(&self) -> bool {
        let actor = self.state.control.user_actor(&self.caller.actor.id).await;
        matches!(actor, Ok(Some(actor)) if actor.may(Permission::View(&self.migration)))
    }
}

fn events(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(watch, |mut watch| async move {
        watch.next().await.map(|event| (Ok(event), watch))
    })
}

fn told(sequence: u64, topics: &[Topic]) -> Event {
    Event::default()
        .id(sequence.to_string())
        .data(json!({ "topics": topics }).to_string())
}

/// Something was missed, so anything may have changed.
fn everything(sequence: u64) -> Event {
    told(
        sequence,
        &[
            Topic::Flags,
            Topic::Structure,
            Topic::Plan,
            Topic::Issues,
            Topic::Access,
            Topic::Audit,
            Topic::Receipts,
        ],
    )
}
