//! What comparisons found, added up per module and minute until it is reported.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flags::report::{Compared, Comparison, Example, Latency, MOST_EXAMPLES};
use tokio::sync::Notify;

const MINUTE: u64 = 60_000;
/// As many modules and minutes wait for a server that is away; the oldest minutes go first.
const ROOM: usize = 2_000;

/// A minute of a module, ordered by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The minute's start, milliseconds since 1970.
    pub(super) at: u64,
    pub(super) module: Arc<str>,
}

/// What became of one call.
#[derive(Debug)]
pub(super) enum Found {
    /// Old and new.
    Both {
        old_failed: bool,
        old_took: Duration,
        /// Whether new was set off before old.
        new_first: bool,
        new: New,
    },
    /// Old ran twice.
    Control {
        agrees: bool,
        /// How long it took both times, where it answered both times.
        took: Option<(Duration, Duration)>,
    },
}

/// What became of new.
#[derive(Debug)]
pub(super) enum New {
    /// It ended in time; no examples mean that both sides did the same.
    Ended {
        failed: bool,
        took: Duration,
        examples: Vec<Example>,
    },
    Panicked,
    TimedOut,
}

/// Everything that waits to be reported.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tallies: Mutex<BTreeMap<Place, Compared>>,
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

fn add(tally: &mut Compared, found: Found) {
    let (old_failed, old_took, new_first, new) = match found {
        Found::Both {
            old_failed,
            old_took,
            new_first,
            new,
        } => (old_failed, old_took, new_first, new),
        Found::Control { agrees, took } => {
            tally.noise.compared += 1;
            tally.noise.mismatches += u64::from(!agrees);
            let ratios = tally.noise.log_ratio.get_or_insert_default();
            if let Some((first, second)) = took {
                ratios.add(log_ratio(first, second));
            }
            return;
        }
    };
    took(&mut tally.old_latency_ns, old_took);
    tally.old_errors += u64::from(old_failed);
    tally.new_first += u64::from(new_first);
    let new_failed = !matches!(new, New::Ended { failed: false, .. });
    let paired = tally.paired.get_or_insert_default();
    paired.add(old_failed, new_failed);
    let ratios = tally.log_ratio.get_or_insert_default();
    match new {
        New::Ended {
            failed,
            took: new_took,
            examples,
        } => {
            took(&mut tally.new_latency_ns, new_took);
            tally.new_errors += u64::from(failed);
            if !old_failed && !failed {
                ratios.add(log_ratio(old_took, new_took));
            }
            if examples.is_empty() {
                tally.matches += 1;
            } else {
                tally.mismatches += 1;
            }
            let room = MOST_EXAMPLES.saturating_sub(tally.examples.len());
            tally.examples.extend(examples.into_iter().take(room));
        }
        New::Panicked => tally.new_panics += 1,
        New::TimedOut => tally.new_timeouts += 1,
    }
}

fn took(latency: &mut Latency, took: Duration) {
    let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    latency.count += 1;
    latency.sum = latency.sum.saturating_add(nanoseconds);
    latency.max = latency.max.max(nanoseconds);
}

/// The logarithm of the ratio of two latencies. What took no time that a clock could tell took a nanosecond.
fn log_ratio(before: Duration, after: Duration) -> f64 {
    let seconds = |took: Duration| took.max(Duration::from_nanos(1)).as_secs_f64();
    (seconds(after) / seconds(before)).ln()
}

/// Calls that are lost with a report.
pub(super) const fn calls(found: &Compared) -> u64 {
    found.calls().saturating_add(found.noise.compared)
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
    pub(super) fn add(&self, module: &Arc<str>, now: u64, found: Found) {
        let mut tallies = lock(&self.tallies);
        add(tally(&mut tallies, module, now), found);
        self.make_room(&mut tallies);
    }

    /// Takes out what is of minutes that ended before `now`.
    pub(super) fn take_before(&self, now: u64, end: u64) -> Vec<Comparison> {
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
        let taken = std::mem::replace(&mut *tallies, left);
        drop(tallies);
        let comparison = |(place, found): (Place, Compared)| Comparison {
            module: place.module.as_ref().to_owned(),
            at: i64::try_from(place.at).unwrap_or_default(),
            found,
        };
        taken.into_iter().map(comparison).collect()
    }

    fn make_room(&self, tallies: &mut BTreeMap<Place, Compared>) {
        while tallies.len() > ROOM {
            if let Some((_, oldest)) = tallies.pop_first() {
                self.lost.fetch_add(calls(&oldest), Ordering::Relaxed);
            }
        }
    }
}

fn tally<'a>(
    tallies: &'a mut BTreeMap<Place, Compared>,
    module: &Arc<str>,
    now: u64,
) -> &'a mut Compared {
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
