//! What became of one call, once both sides have ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::Comparer;
use super::difference::{Difference, Example, MOST};
use super::ledger::{Found, Pending};
use crate::http::milliseconds;

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
    pub(super) drops: Arc<AtomicU64>,
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
}

impl<T: Clone + Send + 'static> Inner<T> {
    /// On a thread of the pool.
    pub(super) fn run<E>(
        self: Arc<Self>,
        seen: &Seen<T>,
        again: impl FnOnce() -> Result<T, E>,
        pending: Pending,
    ) {
        let shared = &self.comparer.shared;
        let old_failed = seen.answer.is_none();
        let (took_old, decision) = (seen.took, seen.decision);
        // Whoever is first says what became of the call: its end, or the clock.
        let settled = Arc::new(AtomicBool::new(false));
        let clock = {
            let (settled, inner, limit) =
                (Arc::clone(&settled), Arc::clone(&self), shared.time_limit);
            shared.client.shared.runtime.spawn(async move {
                tokio::time::sleep(limit).await;
                if !settled.swap(true, Ordering::AcqRel) {
                    let seen = Seen::<T> {
                        answer: None,
                        took: took_old,
                        decision,
                    };
                    inner.note(&seen, Found::TimedOut { old_failed });
                    drop(pending);
                }
            })
        };
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| again().ok()));
        let took = begun.elapsed();
        if settled.swap(true, Ordering::AcqRel) {
            return;
        }
        match ended {
            Ok(answer) => self.judge(seen, answer.as_ref(), took),
            Err(_panic) => self.note(seen, Found::Panicked { old_failed }),
        }
        // With it goes what counted as pending.
        clock.abort();
    }

    /// Compares, after both have ended.
    pub(super) fn judge(&self, seen: &Seen<T>, again: Option<&T>, took: Duration) {
        let examples = match (&seen.answer, again) {
            (Some(old), Some(new)) => {
                let compared = catch_unwind(AssertUnwindSafe(|| self.differences(old, new)));
                // A comparator that panics, or an answer that cannot be written, says nothing of new.
                let Ok(Some(examples)) = compared else {
                    tracing::warn!(
                        module = &*self.module,
                        "switchback: answers cannot be compared"
                    );
                    self.drop_one();
                    return;
                };
                examples
            }
            (None, None) => Vec::new(),
            (old, _) => vec![Example::of_outcome(old.is_some())],
        };
        self.note(
            seen,
            Found::Ended {
                old_failed: seen.answer.is_none(),
                new_failed: again.is_none(),
                new_took: took,
                examples,
            },
        );
    }

    fn differences(&self, old: &T, new: &T) -> Option<Vec<Example>> {
        let found = (self.comparator)(old, new)?;
        let redacted = |difference| Example::redacted(difference, &*self.redact);
        Some(found.iter().take(MOST).map(redacted).collect())
    }

    pub(super) fn note(&self, seen: &Seen<T>, found: Found) {
        let found = match (seen.decision, found) {
            (Decision::Control, Found::Ended { examples, .. }) => Found::Control {
                agrees: examples.is_empty(),
            },
            // Old that panics or hangs the second time has certainly not done as it did the first.
            (Decision::Control, _) => Found::Control { agrees: false },
            (_, found) => found,
        };
        let now = milliseconds(SystemTime::now());
        let ledger = &self.comparer.shared.ledger;
        ledger.add(&self.module, now, seen.took, found);
    }

    pub(super) fn drop_one(&self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        let ledger = &self.comparer.shared.ledger;
        ledger.dropped.fetch_add(1, Ordering::Relaxed);
    }
}
