//! One call of old and new.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use serde_json::Value;
use tokio::time::timeout;

use super::Comparer;
use super::difference::{Difference, hidden};
use super::judge::{Comparator, Decision, Inner, Redaction, Seen};
use super::ledger::Found;

/// Settings of a [`Comparison`].
#[must_use = "a comparison is made with `build`"]
pub struct ComparisonBuilder<T> {
    comparer: Comparer,
    module: String,
    comparator: Box<Comparator<T>>,
    redact: Box<Redaction>,
    sample: f64,
    control: f64,
}

/// Calls of one module, old or new or both, as its flag says. Cheap to clone.
pub struct Comparison<T> {
    inner: Arc<Inner<T>>,
}

impl<T: Clone + Send + 'static> ComparisonBuilder<T> {
    pub(super) fn new(
        comparer: Comparer,
        module: String,
        comparator: impl Fn(&T, &T) -> Option<Vec<Difference>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            comparer,
            module,
            comparator: Box::new(comparator),
            redact: Box::new(hidden),
            sample: 1.0,
            control: 0.01,
        }
    }

    /// The share of calls that are compared, 0 to 1; all of them unless set.
    pub fn sample(mut self, share: f64) -> Self {
        self.sample = share;
        self
    }

    /// The share of compared calls that run old against old, 0 to 1; a hundredth unless set. Only calls with control can.
    pub fn control(mut self, share: f64) -> Self {
        self.control = share;
        self
    }

    /// What may be said of a value, given its place; [`hidden`](super::hidden) unless set.
    pub fn redact(
        mut self,
        redact: impl Fn(&str, &Value) -> String + Send + Sync + 'static,
    ) -> Self {
        self.redact = Box::new(redact);
        self
    }

    /// Makes the comparison; keep it and call it.
    pub fn build(self) -> Comparison<T> {
        let module: Arc<str> = self.module.into();
        let drops = self.comparer.shared.ledger.drops_of(&module);
        Comparison {
            inner: Arc::new(Inner {
                comparer: self.comparer,
                module,
                comparator: self.comparator,
                redact: self.redact,
                sample: self.sample,
                control: self.control,
                drops,
            }),
        }
    }
}

impl<T> Clone for Comparison<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<T: Clone + Send + 'static> Comparison<T> {
    /// Calls old, new, or old now and new later, as the flag says. An error of the side that serves is the caller's.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub fn call<E: 'static>(
        &self,
        subject: Option<&str>,
        old: impl FnOnce() -> Result<T, E>,
        new: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let decision = match self.decide(subject) {
            Decision::New => return new(),
            Decision::Old => return old(),
            Decision::Compare | Decision::Control => Decision::Compare,
        };
        let (answer, seen) = observe(decision, old);
        self.run_later(seen, new);
        answer
    }

    /// As [`call`](Self::call), and in a share of the calls that are compared old runs again in new's place: how often old differs
    /// from itself is what a comparison cannot blame on new.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub fn call_with_control<E: 'static>(
        &self,
        subject: Option<&str>,
        old: impl Fn() -> Result<T, E> + Send + 'static,
        new: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let decision = match self.decide(subject) {
            Decision::New => return new(),
            Decision::Old => return old(),
            decision => decision,
        };
        let (answer, seen) = observe(decision, &old);
        if decision == Decision::Control {
            self.run_later(seen, old);
        } else {
            self.run_later(seen, new);
        }
        answer
    }

    /// As [`call`](Self::call), for futures. New is spawned, and dropped at its time limit.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub async fn call_async<E, Old, New>(
        &self,
        subject: Option<&str>,
        old: impl FnOnce() -> Old,
        new: impl FnOnce() -> New + Send + 'static,
    ) -> Result<T, E>
    where
        E: 'static,
        Old: Future<Output = Result<T, E>>,
        New: Future<Output = Result<T, E>> + Send + 'static,
    {
        let decision = match self.decide(subject) {
            Decision::New => return new().await,
            Decision::Old => return old().await,
            Decision::Compare | Decision::Control => Decision::Compare,
        };
        let (answer, seen) = observe_async(decision, old()).await;
        self.spawn_later(seen, new);
        answer
    }

    /// As [`call_with_control`](Self::call_with_control), for futures.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub async fn call_async_with_control<E, Old, New>(
        &self,
        subject: Option<&str>,
        old: impl Fn() -> Old + Send + 'static,
        new: impl FnOnce() -> New + Send + 'static,
    ) -> Result<T, E>
    where
        E: 'static,
        Old: Future<Output = Result<T, E>> + Send + 'static,
        New: Future<Output = Result<T, E>> + Send + 'static,
    {
        let decision = match self.decide(subject) {
            Decision::New => return new().await,
            Decision::Old => return old().await,
            decision => decision,
        };
        let (answer, seen) = observe_async(decision, old()).await;
        if decision == Decision::Control {
            self.spawn_later(seen, old);
        } else {
            self.spawn_later(seen, new);
        }
        answer
    }

    fn decide(&self, subject: Option<&str>) -> Decision {
        let inner = &self.inner;
        match inner
            .comparer
            .shared
            .client
            .evaluate(&inner.module, subject)
        {
            Ok(found) if found.serve.is_new() => Decision::New,
            Ok(found) if found.state.compare() && chance(inner.sample) => {
                if chance(inner.control) {
                    Decision::Control
                } else {
                    Decision::Compare
                }
            }
            _ => Decision::Old,
        }
    }

    /// Runs something that blocks on the pool, or drops it where there is no room.
    fn run_later<E: 'static>(
        &self,
        seen: Seen<T>,
        again: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) {
        let shared = &self.inner.comparer.shared;
        let inner = Arc::clone(&self.inner);
        let pending = shared.ledger.begin();
        let job = move || inner.run(&seen, again, pending);
        if shared.pool.try_run(Box::new(job)).is_err() {
            self.inner.drop_one();
        }
    }

    /// Spawns a future, or drops it where there is no room.
    fn spawn_later<E, Again>(&self, seen: Seen<T>, again: impl FnOnce() -> Again + Send + 'static)
    where
        E: 'static,
        Again: Future<Output = Result<T, E>> + Send + 'static,
    {
        let shared = &self.inner.comparer.shared;
        let Ok(place) = Arc::clone(&shared.in_flight).try_acquire_owned() else {
            self.inner.drop_one();
            return;
        };
        let inner = Arc::clone(&self.inner);
        let pending = shared.ledger.begin();
        let limit = shared.time_limit;
        let task = async move {
            let (_place, _pending) = (place, pending);
            let begun = Instant::now();
            // Making the future is new's work too.
            let again = AssertUnwindSafe(async move { again().await.ok() }).catch_unwind();
            let ended = timeout(limit, again).await;
            let took = begun.elapsed();
            let old_failed = seen.answer.is_none();
            match ended {
                Ok(Ok(answer)) => inner.judge(&seen, answer.as_ref(), took),
                Ok(Err(_panic)) => inner.note(&seen, Found::Panicked { old_failed }),
                Err(_) => inner.note(&seen, Found::TimedOut { old_failed }),
            }
        };
        shared.client.shared.runtime.spawn(task);
    }
}

fn observe<T: Clone, E>(
    decision: Decision,
    old: impl FnOnce() -> Result<T, E>,
) -> (Result<T, E>, Seen<T>) {
    let begun = Instant::now();
    let answer = old();
    let seen = Seen {
        took: begun.elapsed(),
        answer: answer.as_ref().ok().cloned(),
        decision,
    };
    (answer, seen)
}

async fn observe_async<T: Clone, E>(
    decision: Decision,
    old: impl Future<Output = Result<T, E>>,
) -> (Result<T, E>, Seen<T>) {
    let begun = Instant::now();
    let answer = old.await;
    let seen = Seen {
        took: begun.elapsed(),
        answer: answer.as_ref().ok().cloned(),
        decision,
    };
    (answer, seen)
}

/// True for about such a share of calls.
fn chance(share: f64) -> bool {
    share >= 1.0 || (share > 0.0 && rand::random::<f64>() < share)
}

impl<T> fmt::Debug for Comparison<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("module", &self.inner.module)
            .field("sample", &self.inner.sample)
            .field("control", &self.inner.control)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ComparisonBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComparisonBuilder")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}
