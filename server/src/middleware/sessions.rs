//! Sessions of signed-in people: stored in `evidence.db` under a hash of their id, with a bounded cache in front.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use control::Control;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use crate::public_url::PublicUrl;

/// How long a sign-in lasts, hours.
const LIFETIME_HOURS: i64 = 12;

/// Sessions kept in memory at most; the others are read from disk each time.
const CACHED: usize = 4_096;

/// Where a session keeps the id of its user.
pub const USER: &str = "user";

/// The store behind the session layer.
#[derive(Clone)]
pub struct StoredSessions {
    control: Control,
    cache: Arc<Mutex<Cache>>,
    ended: broadcast::Sender<Id>,
}

/// Sessions in memory.
#[derive(Default)]
struct Cache {
    sessions: HashMap<Id, Cached>,
    /// How many sessions were ended: what was read before one ended is not remembered after it.
    ended: u64,
}

/// A session as it is stored and cached.
#[derive(Clone, Serialize, Deserialize)]
struct Cached {
    data: HashMap<String, serde_json::Value>,
    expires_at: Timestamp,
}

impl StoredSessions {
    /// Sessions in `control`'s store.
    pub fn new(control: Control) -> Self {
        Self {
            control,
            cache: Arc::default(),
            ended: broadcast::channel(256).0,
        }
    }

    /// Hears which sessions end from now on, so that their streams end too.
    pub fn ended(&self) -> broadcast::Receiver<Id> {
        self.ended.subscribe()
    }

    /// Whether a session is there and has not expired.
    pub async fn is_alive(&self, id: &Id) -> bool {
        matches!(self.load(id).await, Ok(Some(_)))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn remember(&mut self, id: Id, session: Cached) {
        if self.sessions.len() >= CACHED {
            self.sessions.clear();
        }
        self.sessions.insert(id, session);
    }

    /// Remembers what was read when `ended` sessions had ended, unless another ended meanwhile: it may be this one.
    fn remember_read(&mut self, ended: u64, id: Id, session: Cached) {
        if self.ended == ended {
            self.remember(id, session);
        }
    }

    fn end(&mut self, id: &Id) {
        self.sessions.remove(id);
        self.ended += 1;
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredSessions")
    }
}

/// What a session is stored under: who reads the file cannot take over a session.
fn stored_id(id: &Id) -> String {
    control::secret::hash(&id.to_string())
}

fn milliseconds(instant: OffsetDateTime) -> Timestamp {
    Timestamp(i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
}

fn backend(error: impl fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for StoredSessions {
    /// An id is 128 random bits: two that collide are not waited for.
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let session = Cached {
            data: record.data.clone(),
            expires_at: milliseconds(record.expiry_date),
        };
        let data =
            serde_json::to_string(&session).map_err(|error| Error::Encode(error.to_string()))?;
        let sessions = self.control.sessions();
        sessions
            .save(stored_id(&record.id), data, session.expires_at)
            .await
            .map_err(backend)?;
        self.cache().remember(record.id, session);
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.control.clock().now();
        let (cached, ended) = {
            let cache = self.cache();
            (cache.sessions.get(id).cloned(), cache.ended)
        };
        if let Some(session) = cached {
            return Ok((session.expires_at > now).then(|| record(*id, session)));
        }
        let Some(stored) = self
            .control
            .sessions()
            .load(&stored_id(id), now)
            .await
            .map_err(backend)?
        else {
            return Ok(None);
        };
        let session: Cached =
            serde_json::from_str(&stored).map_err(|error| Error::Decode(error.to_string()))?;
        self.cache().remember_read(ended, *id, session.clone());
        Ok(Some(record(*id, session)))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.cache().end(id);
        self.control
            .sessions()
            .delete(stored_id(id))
            .await
            .map_err(backend)?;
        // Again: a request may have read it between the two lines before.
        self.cache().end(id);
        let _nobody_listens = self.ended.send(*id);
        Ok(())
    }
}

fn record(id: Id, session: Cached) -> Record {
    let expiry_date = OffsetDateTime::from_unix_timestamp(session.expires_at.0 / 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Record {
        id,
        data: session.data,
        expiry_date,
    }
}

/// Reads the cookie and writes it: `HttpOnly`, `SameSite=Lax` so that a link from a chat arrives signed in, and Secure
/// wherever the server is reached by https.
pub fn session_layer(
    sessions: StoredSessions,
    public_url: &PublicUrl,
) -> SessionManagerLayer<StoredSessions> {
    SessionManagerLayer::new(sessions)
        .with_name(cookie_name(public_url))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(public_url.is_secure())
        .with_path("/")
        // A session is written at sign-in and not again, so this counts from there.
        .with_expiry(Expiry::OnInactivity(Duration::hours(LIFETIME_HOURS)))
}

/// The cookie's name: with https, one that browsers only take from this very host.
fn cookie_name(public_url: &PublicUrl) -> &'static str {
    if public_url.is_secure() {
        "__Host-switchback_session"
    } else {
        "switchback_session"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Cached {
        Cached {
            data: HashMap::new(),
            expires_at: Timestamp(i64::MAX),
        }
    }

    #[test]
    fn a_session_that_was_read_before_it_ended_is_not_remembered_after_it() {
        let (mut cache, id) = (Cache::default(), Id(7));
        let read_at = cache.ended;
        cache.end(&id);
        cache.remember_read(read_at, id, session());
        assert!(!cache.sessions.contains_key(&id));
        let read_at = cache.ended;
        cache.remember_read(read_at, id, session());
        assert!(cache.sessions.contains_key(&id));
    }
}
