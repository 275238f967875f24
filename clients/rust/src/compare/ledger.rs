//! What comparisons found, added up per module and minute until it is reported.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;

use super::difference::{Example, MOST};

const MINUTE: u64 = 60_000;
/// As many modules and minutes wait for a server that is away; the oldest minutes go first.
const ROOM: usize = 2_000;

/// Latencies of one side, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Latency {
    count: u64,
    sum: u64,
    max: u64,
}

/// Old against old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Noise {
    compared: u64,
    mismatches: u64,
}

/// One module in one minute, as it is reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    matches: u64,
    mismatches: u64,
    old_errors: u64,
    new_errors: u64,
    new_panics: u64,
    new_timeouts: u64,
    dropped: u64,
    old_latency_ns: Latency,
    new_latency_ns: Latency,
    noise: Noise,
    examples: Vec<Example>,
}

/// A minute of a module, ordered by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The minute's start, milliseconds since 1970.
    pub(super) at: u64,
    pub(super) module: Arc<str>,
}

/// What became of one call. `None` for an answer is an error.
#[derive(Debug)]
pub(super) enum Found {
    /// Both sides ended in time; no examples mean that they agree.
    Ended {
        old_failed: bool,
        new_failed: bool,
        new_took: Duration,
        examples: Vec<Example>,
    },
    Panicked {
        old_failed: bool,
    },
    TimedOut {
        old_failed: bool,
    },
    /// Old ran twice.
    Control {
        agrees: bool,
    },
}

/// Everything that waits to be reported.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tallies: Mutex<BTreeMap<Place, Tally>>,
    /// Calls there was no room for, by module, since they were last collected: callers only ever add to a counter.
    drops: Mutex<Vec<(Arc<str>, Arc<AtomicU64>)>>,
    pub(super) dropped: AtomicU64,
    pub(super) lost: AtomicU64,
    pending: AtomicUsize,
    idle: Notify,
}

/// Counts as pending while it lives.
#[derive(Debug)]
pub(super) struct Pending(Arc<Ledger>);

impl Drop for Pending {
    fn drop(&mut self) {
        if self.0.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl Latency {
    fn add(&mut self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.merge(Self {
            count: 1,
            sum: nanoseconds,
            max: nanoseconds,
        });
    }

    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

impl Tally {
    fn add(&mut self, old_took: Duration, found: Found) {
        let old_failed = match &found {
            Found::Control { agrees } => {
                self.noise.compared += 1;
                self.noise.mismatches += u64::from(!agrees);
                return;
            }
            Found::Ended { old_failed, .. }
            | Found::Panicked { old_failed }
            | Found::TimedOut { old_failed } => *old_failed,
        };
        self.old_latency_ns.add(old_took);
        self.old_errors += u64::from(old_failed);
        match found {
            Found::Ended {
                new_failed,
                new_took,
                examples,
                ..
            } => {
                self.new_latency_ns.add(new_took);
                self.new_errors += u64::from(new_failed);
                if examples.is_empty() {
                    self.matches += 1;
                } else {
                    self.mismatches += 1;
                }
                self.keep(examples);
            }
            Found::Panicked { .. } => self.new_panics += 1,
            Found::TimedOut { .. } => self.new_timeouts += 1,
            Found::Control { .. } => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.matches += other.matches;
        self.mismatches += other.mismatches;
        self.old_errors += other.old_errors;
        self.new_errors += other.new_errors;
        self.new_panics += other.new_panics;
        self.new_timeouts += other.new_timeouts;
        self.dropped += other.dropped;
        self.old_latency_ns.merge(other.old_latency_ns);
        self.new_latency_ns.merge(other.new_latency_ns);
        self.noise.compared += other.noise.compared;
        self.noise.mismatches += other.noise.mismatches;
        self.keep(other.examples);
    }

    fn keep(&mut self, examples: Vec<Example>) {
        let room = MOST.saturating_sub(self.examples.len());
        self.examples.extend(examples.into_iter().take(room));
    }

    fn calls(&self) -> u64 {
        self.old_latency_ns.count + self.noise.compared
    }
}

impl Ledger {
    pub(super) fn begin(self: &Arc<Self>) -> Pending {
        self.pending.fetch_add(1, Ordering::AcqRel);
        Pending(Arc::clone(self))
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// Returns when nothing is pending.
    pub(super) async fn settled(&self) {
        loop {
            let idle = self.idle.notified();
            if self.pending() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// The counter for calls of a module that there is no room for.
    pub(super) fn drops_of(&self, module: &Arc<str>) -> Arc<AtomicU64> {
        let mut drops = lock(&self.drops);
        let known = drops.iter().find(|(known, _)| known == module);
        if let Some((_, counter)) = known {
            return Arc::clone(counter);
        }
        let counter = Arc::new(AtomicU64::new(0));
        drops.push((Arc::clone(module), Arc::clone(&counter)));
        counter
    }

    /// Adds one call, at `now` in milliseconds since 1970.
    pub(super) fn add(&self, module: &Arc<str>, now: u64, old_took: Duration, found: Found) {
        let mut tallies = lock(&self.tallies);
        tally(&mut tallies, module, now).add(old_took, found);
        self.make_room(&mut tallies);
    }

    /// Takes out what is of minutes that ended before `now`.
    pub(super) fn take_before(&self, now: u64, end: u64) -> Vec<(Place, Tally)> {
        let mut tallies = lock(&self.tallies);
        for (module, counter) in lock(&self.drops).iter() {
            let dropped = counter.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tally(&mut tallies, module, now).dropped += dropped;
            }
        }
        let left = tallies.split_off(&Place {
            at: minute_of(end),
            module: Arc::from(""),
        });
        std::mem::replace(&mut *tallies, left).into_iter().collect()
    }

    /// Puts back what could not be reported.
    pub(super) fn put_back(&self, taken: Vec<(Place, Tally)>) {
        let mut tallies = lock(&self.tallies);
        for (place, tally) in taken {
            tallies.entry(place).or_default().merge(tally);
        }
        self.make_room(&mut tallies);
    }

    /// Throws away what was refused.
    pub(super) fn lose(&self, taken: &[(Place, Tally)]) {
        let calls = taken.iter().map(|(_, tally)| tally.calls()).sum();
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }

    fn make_room(&self, tallies: &mut BTreeMap<Place, Tally>) {
        while tallies.len() > ROOM {
            if let Some((_, oldest)) = tallies.pop_first() {
                self.lost.fetch_add(oldest.calls(), Ordering::Relaxed);
            }
        }
    }
}

fn tally<'a>(
    tallies: &'a mut BTreeMap<Place, Tally>,
    module: &Arc<str>,
    now: u64,
) -> &'a mut Tally {
    let place = Place {
        at: minute_of(now),
        module: Arc::clone(module),
    };
    tallies.entry(place).or_default()
}

const fn minute_of(now: u64) -> u64 {
    now - now % MINUTE
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
