//! When calendar programs last read an address: noted in memory on every read, written down now and then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

/// Last reads by feed, as far as this process knows. There are no more of them than there are feeds.
#[derive(Debug, Default)]
pub(crate) struct FeedReads {
    by_feed: Mutex<HashMap<String, Timestamp>>,
}

impl FeedReads {
    /// Notes that a feed was read at `now`.
    pub(crate) fn note(&self, id: &str, now: Timestamp) {
        let mut by_feed = self.by_feed.lock().unwrap_or_else(PoisonError::into_inner);
        by_feed.insert(id.to_owned(), now);
    }

    /// When a feed was read last.
    pub(crate) fn of(&self, id: &str) -> Option<Timestamp> {
        let by_feed = self.by_feed.lock().unwrap_or_else(PoisonError::into_inner);
        by_feed.get(id).copied()
    }

    /// Feeds read at or after `since`.
    pub(crate) fn since(&self, since: Timestamp) -> Vec<(String, Timestamp)> {
        let by_feed = self.by_feed.lock().unwrap_or_else(PoisonError::into_inner);
        by_feed
            .iter()
            .filter(|(_, at)| **at >= since)
            .map(|(id, at)| (id.clone(), *at))
            .collect()
    }
}
