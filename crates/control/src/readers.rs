//! Who reads flags: noted in memory on every read without a lock that readers wait for, written down now and then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Key, Timestamp};

use crate::directory::Identity;

/// Names of clients remembered for one token; beyond it they share the name `others`.
const MAX_CLIENTS: usize = 1_000;
/// The name that further clients share.
const OTHERS: &str = "others";
/// Longest name of a client that is kept, in bytes.
const MAX_CLIENT_NAME: usize = 120;

#[derive(Debug)]
struct Seen {
    first_at: Timestamp,
    at: AtomicI64,
    revision: AtomicU64,
}

#[derive(Debug)]
struct TokenReaders {
    identity: Arc<Identity>,
    last_used: AtomicI64,
    clients: HashMap<String, Arc<Seen>>,
}

impl TokenReaders {
    /// Where a client is noted; with too many of them, where all others are.
    fn seen(&self, client: &str) -> Option<&Arc<Seen>> {
        self.clients.get(client).or_else(|| {
            let full = self.clients.len() >= MAX_CLIENTS;
            full.then(|| self.clients.get(OTHERS)).flatten()
        })
    }
}

/// A reader as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The token's id.
    pub token_id: String,
    /// The token's name.
    pub token_name: String,
    /// The client's name for itself.
    pub client: String,
    /// When it first read, as far as this process remembers.
    pub first_read_at: Timestamp,
    /// When it last read.
    pub last_read_at: Timestamp,
    /// The revision it was given.
    pub revision: u64,
}

/// Readers by token and client.
#[derive(Debug, Default)]
pub struct Readers {
    by_token: RwLock<HashMap<String, TokenReaders>>,
}

impl Readers {
    /// Notes that a token's client was given `revision` at `now`.
    pub fn saw(&self, identity: &Arc<Identity>, client: &str, revision: u64, now: Timestamp) {
        let client = shorten(client);
        {
            let by_token = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(readers) = by_token.get(&identity.token_id)
                && let Some(seen) = readers.seen(client)
            {
                readers.last_used.store(now.0, Ordering::Relaxed);
                seen.at.store(now.0, Ordering::Relaxed);
                seen.revision.store(revision, Ordering::Relaxed);
                return;
            }
        }
        let mut by_token = self
            .by_token
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let readers = by_token
            .entry(identity.token_id.clone())
            .or_insert_with(|| TokenReaders {
                identity: Arc::clone(identity),
                last_used: AtomicI64::new(now.0),
                clients: HashMap::new(),
            });
        readers.last_used.store(now.0, Ordering::Relaxed);
        let client = if readers.clients.len() < MAX_CLIENTS {
            client
        } else {
            OTHERS
        };
        readers.clients.insert(
            client.to_owned(),
            Arc::new(Seen {
                first_at: now,
                at: AtomicI64::new(now.0),
                revision: AtomicU64::new(revision),
            }),
        );
    }

    /// Notes that a token was used for something else than reading flags.
    pub fn token_used(&self, identity: &Arc<Identity>, now: Timestamp) {
        {
            let by_token = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(readers) = by_token.get(&identity.token_id) {
                readers.last_used.store(now.0, Ordering::Relaxed);
                return;
            }
        }
        self.by_token
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(identity.token_id.clone())
            .or_insert_with(|| TokenReaders {
                identity: Arc::clone(identity),
                last_used: AtomicI64::new(now.0),
                clients: HashMap::new(),
            });
    }

    /// Readers of an environment seen at or after `since`, newest first.
    pub fn of_environment(
        &self,
        migration: &Key,
        environment: &Key,
        since: Timestamp,
    ) -> Vec<Reader> {
        let by_token = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
        let mut readers: Vec<Reader> = by_token
            .values()
            .filter(|readers| {
                readers.identity.migration.as_ref() == Some(migration)
                    && readers.identity.environment.as_ref() == Some(environment)
            })
            .flat_map(all_of)
            .filter(|reader| reader.last_read_at >= since)
            .collect();
        readers.sort_by_key(|reader| std::cmp::Reverse(reader.last_read_at));
        readers
    }

    /// When tokens were last used, as far as this process knows.
    pub(crate) fn token_uses(&self) -> Vec<(String, Timestamp)> {
        let by_token = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
        by_token
            .iter()
            .map(|(id, readers)| {
                (
                    id.clone(),
                    Timestamp(readers.last_used.load(Ordering::Relaxed)),
                )
            })
            .collect()
    }

    /// All readers seen at or after `since`.
    pub(crate) fn all(&self, since: Timestamp) -> Vec<Reader> {
        let by_token = self.by_token.read().unwrap_or_else(PoisonError::into_inner);
        by_token
            .values()
            .flat_map(all_of)
            .filter(|reader| reader.last_read_at >= since)
            .collect()
    }

    /// Forgets clients not seen since `before`.
    pub(crate) fn forget(&self, before: Timestamp) {
        let mut by_token = self
            .by_token
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for readers in by_token.values_mut() {
            readers
                .clients
                .retain(|_, seen| seen.at.load(Ordering::Relaxed) >= before.0);
        }
        by_token.retain(|_, readers| {
            !readers.clients.is_empty() || readers.last_used.load(Ordering::Relaxed) >= before.0
        });
    }
}

fn all_of(readers: &TokenReaders) -> impl Iterator<Item = Reader> + '_ {
    readers.clients.iter().map(|(client, seen)| Reader {
        token_id: readers.identity.token_id.clone(),
        token_name: readers.identity.name.clone(),
        client: client.clone(),
        first_read_at: seen.first_at,
        last_read_at: Timestamp(seen.at.load(Ordering::Relaxed)),
        revision: seen.revision.load(Ordering::Relaxed),
    })
}

fn shorten(client: &str) -> &str {
    let mut end = client.len().min(MAX_CLIENT_NAME);
    while !client.is_char_boundary(end) {
        end -= 1;
    }
    client.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use domain::read::TokenKind;

    use super::*;

    fn identity() -> Arc<Identity> {
        Arc::new(Identity {
            token_id: "t".into(),
            name: "service".into(),
            kind: TokenKind::Sdk,
            migration: Some(Key::parse("atlas").unwrap()),
            environment: Some(Key::parse("production").unwrap()),
            actor: None,
        })
    }

    #[test]
    fn beyond_the_names_that_are_kept_a_read_waits_for_no_other() {
        let (readers, identity) = (Arc::new(Readers::default()), identity());
        for number in 0..=MAX_CLIENTS {
            readers.saw(&identity, &format!("c{number}"), 1, Timestamp(1));
        }
        // Whoever lists readers holds the lock that reads share.
        let listing = readers.by_token.read().unwrap();
        let (done, finished) = mpsc::channel();
        let reading = std::thread::spawn({
            let readers = Arc::clone(&readers);
            move || {
                readers.saw(&identity, "one more", 7, Timestamp(2));
                done.send(()).unwrap();
            }
        });
        let waited = finished.recv_timeout(Duration::from_secs(10));
        drop(listing);
        reading.join().unwrap();
        assert!(waited.is_ok(), "the read took the lock for writing");
        let all = readers.all(Timestamp(2));
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].client.as_str(), all[0].revision), (OTHERS, 7));
    }
}
