//! Calls added up per module, side and minute until they are reported.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flags::report::{MOST_CALLS, Sample};
use flags::{Key, LatencySketch, Side};

const MINUTE: u64 = 60_000;
/// As many modules as a server takes.
const MODULES: usize = 10_000;
/// Minutes that have ended wait here for at most some seconds, until they are written into a report.
const ENDED: usize = 2 * MODULES;

/// Every module's minute under way, and the minutes that have ended.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    modules: Mutex<HashMap<Key, Arc<Pair>>>,
    ended: Mutex<VecDeque<(Place, Tally)>>,
    lost: AtomicU64,
}

/// Both sides of a module, each under a lock of its own.
#[derive(Debug)]
pub(super) struct Pair {
    key: Key,
    old: Mutex<Tally>,
    new: Mutex<Tally>,
}

/// A side within one minute.
#[derive(Debug, Default)]
struct Tally {
    /// The minute's start, milliseconds since 1970.
    minute: u64,
    uses: u64,
    errors: u64,
    latency: LatencySketch,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    minute: u64,
    key: Key,
    is_new: bool,
}

impl Pair {
    const fn side(&self, side: Side) -> &Mutex<Tally> {
        match side {
            Side::New => &self.new,
            Side::Old => &self.old,
        }
    }

    fn place(&self, side: Side, minute: u64) -> Place {
        Place {
            minute,
            key: self.key.clone(),
            is_new: side.is_new(),
        }
    }
}

impl Tally {
    const fn of(minute: u64) -> Self {
        Self {
            minute,
            uses: 0,
            errors: 0,
            latency: LatencySketch::new(),
        }
    }

    /// Whether what happens in `minute` belongs elsewhere. Whoever looked at the clock just before a minute's end, and comes just
    /// after it, is counted with the next.
    const fn is_other(&self, minute: u64) -> bool {
        minute > self.minute || self.minute - minute > MINUTE
    }
}

impl Tallies {
    /// Where a module's calls are counted; nothing where there is no room for another module.
    pub(super) fn pair(&self, key: &Key) -> Option<Arc<Pair>> {
        let mut modules = lock(&self.modules);
        if let Some(known) = modules.get(key) {
            return Some(Arc::clone(known));
        }
        if modules.len() >= MODULES {
            return None;
        }
        let pair = Arc::new(Pair {
            key: key.clone(),
            old: Mutex::default(),
            new: Mutex::default(),
        });
        modules.insert(key.clone(), Arc::clone(&pair));
        Some(pair)
    }

    /// Adds one call, at `now` in milliseconds since 1970.
    pub(super) fn add(&self, pair: &Pair, side: Side, ok: bool, took: Duration, now: u64) {
        let minute = now - now % MINUTE;
        let mut tally = lock(pair.side(side));
        let mut before = None;
        if tally.is_other(minute) {
            before = Some(std::mem::replace(&mut *tally, Tally::of(minute)));
        }
        if tally.uses < MOST_CALLS {
            tally.uses += 1;
            tally.errors += u64::from(!ok);
            tally.latency.record_duration(took);
        }
        drop(tally);
        // Once a minute, and no longer under the lock.
        if let Some(before) = before.filter(|before| before.uses > 0) {
            self.keep(pair.place(side, before.minute), before);
        }
    }

    fn keep(&self, place: Place, tally: Tally) {
        let mut ended = lock(&self.ended);
        ended.push_back((place, tally));
        if ended.len() > ENDED
            && let Some((_, oldest)) = ended.pop_front()
        {
            self.lose(oldest.uses);
        }
    }

    /// Takes out what is of minutes that ended before `end`, in order, each module and side once a minute.
    pub(super) fn take_before(&self, end: u64) -> Vec<Sample> {
        let end = end - end % MINUTE;
        let mut taken: BTreeMap<Place, Tally> = BTreeMap::new();
        let mut take = |place: Place, tally: Tally| {
            let known = taken.entry(place).or_default();
            known.uses += tally.uses;
            known.errors += tally.errors;
            known.latency.merge(&tally.latency);
        };
        let pairs: Vec<Arc<Pair>> = lock(&self.modules).values().map(Arc::clone).collect();
        for pair in pairs {
            for side in [Side::Old, Side::New] {
                let mut tally = lock(pair.side(side));
                if tally.uses > 0 && tally.minute < end {
                    let ended = std::mem::take(&mut *tally);
                    drop(tally);
                    take(pair.place(side, ended.minute), ended);
                }
            }
        }
        let ended = std::mem::take(&mut *lock(&self.ended));
        for (place, tally) in ended {
            take(place, tally);
        }
        taken.into_iter().map(sample).collect()
    }

    /// Counts calls that nobody will hear of.
    pub(super) fn lose(&self, calls: u64) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

fn sample((place, tally): (Place, Tally)) -> Sample {
    Sample {
        module: place.key.as_str().to_owned(),
        side: if place.is_new { Side::New } else { Side::Old },
        minute: i64::try_from(place.minute).unwrap_or_default(),
        uses: tally.uses,
        errors: tally.errors,
        latency: tally.latency.pairs().collect(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
