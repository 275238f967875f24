//! What became of one call, once both sides have ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use flags::report::{Example, MOST_EXAMPLES};
use serde_json::Value;

use super::Comparer;
use super::difference::{Difference, of_outcome, redacted};
use super::ledger::{Found, New};
use crate::http::milliseconds;
use crate::samples::Module;

pub(super) type Comparator<T> = dyn Fn(&T, &T) -> Option<Vec<Difference>> + Send + Sync;
pub(super) type Redaction = dyn Fn(&str, &Value) -> String + Send + Sync;

/// One module's comparison.
pub(super) struct Inner<T> {
    pub(super) comparer: Comparer,
    pub(super) module: Arc<str>,
    pub(super) comparator: Box<Comparator<T>>,
    pub(super) redact: Box<Redaction>,
    pub(super) sample: f64,
    pub(super) control: f64,
    /// The share of compared calls in which new is set off before old.
    pub(super) new_first: f64,
    pub(super) drops: Arc<AtomicU64>,
    /// Where it is recorded what is served.
    pub(super) served: Option<Module>,
}

/// What the flag and the samples say about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Old,
    New,
    Compare,
    /// Old against old.
    Control,
}

/// What old did in a call that is compared. No answer is an error.
pub(super) struct Seen<T> {
    pub(super) answer: Option<T>,
    pub(super) took: Duration,
    pub(super) decision: Decision,
    /// Whether new was set off before it.
    pub(super) new_first: bool,
}

/// What became of the side that the caller does not wait for. No answer is an error.
pub(super) enum Outcome<T> {
    Ended { answer: Option<T>, took: Duration },
    Panicked,
    TimedOut,
}

impl<T: Clone + Send + 'static> Inner<T> {
    /// On a thread of the pool. What became of it is told once, by whoever knows it first: its end, or the clock.
    pub(super) fn run<E>(
        &self,
        again: impl FnOnce() -> Result<T, E>,
        done: impl FnOnce(Outcome<T>) + Send + 'static,
    ) {
        let shared = &self.comparer.shared;
        let done = Arc::new(Mutex::new(Some(done)));
        let take = |done: &Mutex<Option<_>>| {
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.take()
        };
        let clock = {
            let (done, limit) = (Arc::clone(&done), shared.time_limit);
            shared.client.shared.runtime.spawn(async move {
                tokio::time::sleep(limit).await;
                if let Some(done) = take(&done) {
                    done(Outcome::TimedOut);
                }
            })
        };
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| again().ok()));
        let took = begun.elapsed();
        if let Some(done) = take(&done) {
            done(match ended {
                Ok(answer) => Outcome::Ended { answer, took },
                Err(_panic) => Outcome::Panicked,
            });
        }
        clock.abort();
    }

    /// Compares, after both have ended, and counts.
    pub(super) fn settle(&self, seen: &Seen<T>, outcome: Outcome<T>) {
        let new = match outcome {
            Outcome::Ended { answer, took } => {
                let Some(examples) = self.examples(seen.answer.as_ref(), answer.as_ref()) else {
                    tracing::warn!(
                        module = &*self.module,
                        "switchback: answers cannot be compared"
                    );
                    self.drop_one();
                    return;
                };
                New::Ended {
                    failed: answer.is_none(),
                    took,
                    examples,
                }
            }
            Outcome::Panicked => New::Panicked,
            Outcome::TimedOut => New::TimedOut,
        };
        let found = if seen.decision == Decision::Control {
            of_control(seen, &new)
        } else {
            Found::Both {
                old_failed: seen.answer.is_none(),
                old_took: seen.took,
                new_first: seen.new_first,
                new,
            }
        };
        let now = milliseconds(SystemTime::now());
        let ledger = &self.comparer.shared.ledger;
        ledger.add(&self.module, now, found);
    }

    /// Where the answers differ; nothing when they cannot be compared: a comparator that panics, or an answer that cannot be
    /// written, says nothing of new.
    fn examples(&self, old: Option<&T>, new: Option<&T>) -> Option<Vec<Example>> {
        match (old, new) {
            (Some(old), Some(new)) => {
                let compared = catch_unwind(AssertUnwindSafe(|| self.differences(old, new)));
                compared.ok().flatten()
            }
            (None, None) => Some(Vec::new()),
            (old, _) => Some(vec![of_outcome(old.is_some())]),
        }
    }

    fn differences(&self, old: &T, new: &T) -> Option<Vec<Example>> {
        let found = (self.comparator)(old, new)?;
        let redacted = |difference| redacted(difference, &*self.redact);
        Some(found.iter().take(MOST_EXAMPLES).map(redacted).collect())
    }

    pub(super) fn drop_one(&self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        let ledger = &self.comparer.shared.ledger;
        ledger.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn of_control<T>(seen: &Seen<T>, again: &New) -> Found {
    match again {
        New::Ended {
            failed,
            took,
            examples,
        } => Found::Control {
            agrees: examples.is_empty(),
            took: (seen.answer.is_some() && !failed).then_some((seen.took, *took)),
        },
        // Old that panics or hangs the second time has certainly not done as it did the first.
        New::Panicked | New::TimedOut => Found::Control {
            agrees: false,
            took: None,
        },
    }
}
