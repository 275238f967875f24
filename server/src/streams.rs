//! Places for event streams: so many at once, so many for one token or session, counted before anything is allocated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use prometheus_client::metrics::gauge::Gauge;
use rand::Rng as _;

use crate::http::problem::Problem;

/// Streams at once.
pub const MOST_STREAMS: usize = 12_000;
/// Streams of one token at once.
pub const MOST_OF_TOKEN: usize = 4_000;
/// Streams of one signed-in session at once: one a tab.
pub const MOST_OF_SESSION: usize = 50;

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_owner: HashMap<String, usize>,
}

/// Who has how many streams open.
#[derive(Debug, Clone)]
pub struct Streams {
    counts: Arc<Mutex<Counts>>,
    open: Gauge,
}

/// A place for one stream, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    streams: Streams,
    owner: String,
}

impl Streams {
    /// With nobody in; `open` shows how many there are.
    pub fn new(open: Gauge) -> Self {
        Self {
            counts: Arc::default(),
            open,
        }
    }

    /// Takes a place for `owner`, who may have `most`.
    ///
    /// # Errors
    /// 503 with a time to come back that differs from one to the next, so that not all come at once.
    pub fn enter(&self, owner: String, most: usize) -> Result<Place, Problem> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= MOST_STREAMS {
            return Err(full("This server has as many streams open as it can."));
        }
        let mine = counts.by_owner.entry(owner.clone()).or_default();
        if *mine >= most {
            return Err(full(
                "This token, or session, has as many streams open as it may.",
            ));
        }
        *mine += 1;
        counts.all += 1;
        self.open.inc();
        Ok(Place {
            streams: self.clone(),
            owner,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .streams
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        if let Some(mine) = counts.by_owner.get_mut(&self.owner) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                counts.by_owner.remove(&self.owner);
            }
        }
        self.streams.open.dec();
    }
}

fn full(why: &str) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        format!("{why} Flags can be read without one: ask GET /api/v1/flags now and then."),
    )
    .retry_after(rand::rng().random_range(5..=30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_cannot_take_every_place_and_a_place_comes_back() {
        let streams = Streams::new(Gauge::default());
        let mine: Vec<_> = (0..3)
            .map(|_| streams.enter("a".into(), 3).unwrap())
            .collect();
        let refused = streams.enter("a".into(), 3).unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!((5..=30).contains(&refused.retry_after.unwrap()));
        let other = streams.enter("b".into(), 3).unwrap();
        assert_eq!(streams.open.get(), 4);
        drop(mine);
        streams.enter("a".into(), 3).unwrap();
        drop(other);
        assert_eq!(streams.open.get(), 0);
        assert!(streams.counts.lock().unwrap().by_owner.is_empty());
    }

    #[test]
    fn there_is_an_end_to_places() {
        let streams = Streams::new(Gauge::default());
        let all: Vec<_> = (0..MOST_STREAMS)
            .map(|number| streams.enter(number.to_string(), 1).unwrap())
            .collect();
        assert!(streams.enter("more".into(), 1).is_err());
        drop(all);
        streams.enter("more".into(), 1).unwrap();
    }
}
