//! One call of old and new.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use flags::Side;
use futures_util::FutureExt;
use serde_json::Value;
use tokio::time::timeout;

use super::Comparer;
use super::difference::{Difference, hidden};
use super::judge::{Comparator, Decision, Inner, Outcome, Redaction, Seen};
use super::meeting::{Meeting, OldHalf};
use super::pool::Job;
use crate::samples::Module;

/// Settings of a [`Comparison`].
#[must_use = "a comparison is made with `build`"]
pub struct ComparisonBuilder<T> {
    comparer: Comparer,
    module: String,
    comparator: Box<Comparator<T>>,
    redact: Box<Redaction>,
    sample: f64,
    control: f64,
    pub(super) new_first: f64,
    served: Option<Module>,
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
            new_first: 0.0,
            served: None,
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

    /// In half of the compared calls new is set off on the pool (or spawned) before old runs, and the two run at the same time: what
    /// the second run gains from caches that the first one filled, new no longer gains in every call. The caller still waits for old
    /// alone, and control keeps its order.
    ///
    /// Without it old always runs alone, and first. With it new's load falls into the time in which the caller waits, and where old
    /// panics or its future is dropped nothing is counted, though new was begun. How many calls ran so is reported (`new_first`).
    pub fn random_order(mut self) -> Self {
        self.new_first = 0.5;
        self
    }

    /// Records what is served, in every mode, for this module of a [`Recorder`](crate::samples::Recorder). What new does beside old is
    /// a comparison's and no use: nobody is served by it.
    pub fn record(mut self, served: Module) -> Self {
        self.served = Some(served);
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
                new_first: self.new_first,
                drops,
                served: self.served,
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
            Decision::New => return self.serve(Side::New, new),
            Decision::Old => return self.serve(Side::Old, old),
            Decision::Compare | Decision::Control => Decision::Compare,
        };
        if self.new_goes_first(decision) {
            return self.new_first(old, new);
        }
        let (answer, seen) = observe(decision, false, || self.serve(Side::Old, old));
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
            Decision::New => return self.serve(Side::New, new),
            Decision::Old => return self.serve(Side::Old, old),
            decision => decision,
        };
        if self.new_goes_first(decision) {
            return self.new_first(old, new);
        }
        let (answer, seen) = observe(decision, false, || self.serve(Side::Old, &old));
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
            Decision::New => return self.serve_async(Side::New, new()).await,
            Decision::Old => return self.serve_async(Side::Old, old()).await,
            Decision::Compare | Decision::Control => Decision::Compare,
        };
        if self.new_goes_first(decision) {
            return self.new_first_async(old, new).await;
        }
        let (answer, seen) =
            observe_async(decision, false, self.serve_async(Side::Old, old())).await;
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
            Decision::New => return self.serve_async(Side::New, new()).await,
            Decision::Old => return self.serve_async(Side::Old, old()).await,
            decision => decision,
        };
        if self.new_goes_first(decision) {
            return self.new_first_async(old, new).await;
        }
        let (answer, seen) =
            observe_async(decision, false, self.serve_async(Side::Old, old())).await;
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

    /// Runs the side that serves.
    fn serve<E>(&self, side: Side, run: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match &self.inner.served {
            Some(served) => served.measure(side, run),
            None => run(),
        }
    }

    /// Runs the side that serves, a future.
    async fn serve_async<E>(
        &self,
        side: Side,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match &self.inner.served {
            Some(served) => served.measure_async(side, run).await,
            None => run.await,
        }
    }

    fn new_goes_first(&self, decision: Decision) -> bool {
        decision == Decision::Compare && chance(self.inner.new_first)
    }

    /// New on the pool and old here, at the same time.
    fn new_first<E: 'static>(
        &self,
        old: impl FnOnce() -> Result<T, E>,
        new: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (meeting, half) = self.meeting();
        let inner = Arc::clone(&self.inner);
        let job = move || inner.run(new, move |outcome| meeting.new_ended(outcome));
        self.on_pool(Box::new(job));
        let (answer, seen) = observe(Decision::Compare, true, || self.serve(Side::Old, old));
        if let Some(judging) = half.ended(seen) {
            self.on_pool(judging);
        }
        answer
    }

    /// New spawned and old here, at the same time.
    async fn new_first_async<E, Old, New>(
        &self,
        old: impl FnOnce() -> Old,
        new: impl FnOnce() -> New + Send + 'static,
    ) -> Result<T, E>
    where
        E: 'static,
        Old: Future<Output = Result<T, E>>,
        New: Future<Output = Result<T, E>> + Send + 'static,
    {
        let (meeting, half) = self.meeting();
        self.spawn(new, move |outcome| meeting.new_ended(outcome));
        let (answer, seen) =
            observe_async(Decision::Compare, true, self.serve_async(Side::Old, old())).await;
        if let Some(judging) = half.ended(seen) {
            let runtime = &self.inner.comparer.shared.client.shared.runtime;
            runtime.spawn(async move { judging() });
        }
        answer
    }

    fn meeting(&self) -> (Arc<Meeting<T>>, OldHalf<T>) {
        let pending = self.inner.comparer.shared.ledger.begin();
        Meeting::new(Arc::clone(&self.inner), pending)
    }

    /// Runs something that blocks on the pool, after old.
    fn run_later<E: 'static>(
        &self,
        seen: Seen<T>,
        again: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) {
        let done = self.settling(seen);
        let inner = Arc::clone(&self.inner);
        self.on_pool(Box::new(move || inner.run(again, done)));
    }

    /// Spawns a future, after old.
    fn spawn_later<E, Again>(&self, seen: Seen<T>, again: impl FnOnce() -> Again + Send + 'static)
    where
        E: 'static,
        Again: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn(again, self.settling(seen));
    }

    /// Compares what comes with what old did. The call is pending until then.
    fn settling(&self, seen: Seen<T>) -> impl FnOnce(Outcome<T>) + Send + use<T> + 'static {
        let pending = self.inner.comparer.shared.ledger.begin();
        let inner = Arc::clone(&self.inner);
        move |outcome| {
            inner.settle(&seen, outcome);
            drop(pending);
        }
    }

    /// Queues a job, or drops it where there is no room.
    fn on_pool(&self, job: Job) {
        if self.inner.comparer.shared.pool.try_run(job).is_err() {
            self.inner.drop_one();
        }
    }

    /// Spawns a future, or drops it where there is no room.
    fn spawn<E, Again>(
        &self,
        again: impl FnOnce() -> Again + Send + 'static,
        done: impl FnOnce(Outcome<T>) + Send + 'static,
    ) where
        E: 'static,
        Again: Future<Output = Result<T, E>> + Send + 'static,
    {
        let shared = &self.inner.comparer.shared;
        let Ok(place) = Arc::clone(&shared.in_flight).try_acquire_owned() else {
            self.inner.drop_one();
            return;
        };
        let limit = shared.time_limit;
        let task = async move {
            let _place = place;
            let begun = Instant::now();
            // Making the future is new's work too.
            let again = AssertUnwindSafe(async move { again().await.ok() }).catch_unwind();
            let ended = timeout(limit, again).await;
            let took = begun.elapsed();
            done(match ended {
                Ok(Ok(answer)) => Outcome::Ended { answer, took },
                Ok(Err(_panic)) => Outcome::Panicked,
                Err(_) => Outcome::TimedOut,
            });
        };
        shared.client.shared.runtime.spawn(task);
    }
}

fn observe<T: Clone, E>(
    decision: Decision,
    new_first: bool,
    old: impl FnOnce() -> Result<T, E>,
) -> (Result<T, E>, Seen<T>) {
    let begun = Instant::now();
    let answer = old();
    let seen = Seen {
        took: begun.elapsed(),
        answer: answer.as_ref().ok().cloned(),
        decision,
        new_first,
    };
    (answer, seen)
}

async fn observe_async<T: Clone, E>(
    decision: Decision,
    new_first: bool,
    old: impl Future<Output = Result<T, E>>,
) -> (Result<T, E>, Seen<T>) {
    let begun = Instant::now();
    let answer = old.await;
    let seen = Seen {
        took: begun.elapsed(),
        answer: answer.as_ref().ok().cloned(),
        decision,
        new_first,
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
