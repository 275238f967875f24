//! A call whose sides run at the same time: whoever ends last has both ends in hand, and neither waits for the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::judge::{Inner, Outcome, Seen};
use super::ledger::Pending;
use super::pool::Job;

/// Where old's end, known to the caller, and new's, known to the pool, meet.
pub(super) struct Meeting<T> {
    inner: Arc<Inner<T>>,
    halves: Mutex<Halves<T>>,
}

enum Halves<T> {
    /// Both are still under way.
    Neither(Pending),
    Old(Seen<T>, Pending),
    New(Outcome<T>, Pending),
    /// They have met, or the caller gave up: there is nothing more to say.
    Over,
}

/// Old's half. Dropped without old's end (the caller panicked, or dropped its future), it ends the meeting.
pub(super) struct OldHalf<T>(Arc<Meeting<T>>);

impl<T: Clone + Send + 'static> Meeting<T> {
    pub(super) fn new(inner: Arc<Inner<T>>, pending: Pending) -> (Arc<Self>, OldHalf<T>) {
        let meeting = Arc::new(Self {
            inner,
            halves: Mutex::new(Halves::Neither(pending)),
        });
        let old = OldHalf(Arc::clone(&meeting));
        (meeting, old)
    }

    /// New has ended, on the pool or in its task, where there is time to compare.
    pub(super) fn new_ended(&self, outcome: Outcome<T>) {
        let mut halves = self.halves();
        match std::mem::replace(&mut *halves, Halves::Over) {
            Halves::Neither(pending) => *halves = Halves::New(outcome, pending),
            Halves::Old(seen, pending) => {
                drop(halves);
                self.inner.settle(&seen, outcome);
                drop(pending);
            }
            Halves::New(..) | Halves::Over => {}
        }
    }
}

impl<T> Meeting<T> {
    fn halves(&self) -> MutexGuard<'_, Halves<T>> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Send + 'static> OldHalf<T> {
    /// Old has ended, on the caller's path, where there is no time to compare: what is to be done elsewhere, if new has ended too.
    pub(super) fn ended(self, seen: Seen<T>) -> Option<Job> {
        let mut halves = self.0.halves();
        match std::mem::replace(&mut *halves, Halves::Over) {
            Halves::Neither(pending) => {
                *halves = Halves::Old(seen, pending);
                None
            }
            Halves::New(outcome, pending) => {
                let inner = Arc::clone(&self.0.inner);
                Some(Box::new(move || {
                    inner.settle(&seen, outcome);
                    drop(pending);
                }))
            }
            Halves::Old(..) | Halves::Over => None,
        }
    }
}

impl<T> Drop for OldHalf<T> {
    fn drop(&mut self) {
        let mut halves = self.0.halves();
        if !matches!(*halves, Halves::Old(..)) {
            let left = std::mem::replace(&mut *halves, Halves::Over);
            // What is dropped may be the caller's; not under the lock.
            drop(halves);
            drop(left);
        }
    }
}
