//! The flags in force and what is known about the way to the server.
//!
//! Evaluation reads one atomic pointer. Whoever brings newer flags takes a lock among the bringers, judges, and swaps
//! that pointer; no reader ever waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use flags::{CannotApply, FlagSet, Key, Revision, Snapshot, SnapshotChange};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Problem;
use crate::heartbeat::Heartbeat;
use crate::status::{Part, Source, Status, Trouble};

/// The flags in force.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) flags: FlagSet,
    pub(crate) source: Source,
    pub(crate) applied_at: SystemTime,
}

/// What the tasks wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// The revision in force, when the server gave or confirmed it.
    pub(crate) confirmed: Option<Revision>,
    /// Whether changes are pushed.
    pub(crate) live: bool,
    /// Whether the flags must be asked for, although changes are pushed.
    pub(crate) behind: bool,
    /// Moved by every snapshot put in force, from wherever.
    applications: u64,
    troubles: [Option<(Problem, Instant)>; Part::ALL.len()],
}

/// What became of something offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is in force now.
    Applied,
    /// What is in force is as new.
    Unchanged,
    /// It builds on a revision that is not in force: ask for all.
    Gap,
}

/// The flags in force, and the way to the server.
#[derive(Debug)]
pub(crate) struct Store {
    current: ArcSwapOption<Current>,
    /// Held by whoever brings flags, while they are judged and put in force. Holds what was in force before: an evaluation
    /// that still looks at it is not the one to free it.
    before: Mutex<Option<Arc<Current>>>,
    health: watch::Sender<Health>,
    migration: Option<Key>,
    environment: Option<Key>,
    stale_after: Duration,
    started: Instant,
    /// Milliseconds from the start to the server's last sign of life.
    heard: AtomicU64,
}

impl Store {
    pub(crate) fn new(
        migration: Option<Key>,
        environment: Option<Key>,
        stale_after: Duration,
    ) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            before: Mutex::default(),
            health: watch::Sender::new(Health::default()),
            migration,
            environment,
            stale_after,
            started: Instant::now(),
            heard: AtomicU64::new(0),
        }
    }

    /// The flags in force: neither a lock nor, after a thread's first call, an allocation.
    #[inline]
    pub(crate) fn load(&self) -> arc_swap::Guard<Option<Arc<Current>>> {
        self.current.load()
    }

    /// What the server gave or confirmed, with the moment it came into force.
    pub(crate) fn confirmed(&self) -> Option<(Revision, SystemTime)> {
        let current = self.load();
        let current = current.as_ref()?;
        (current.source == Source::Network)
            .then(|| (current.flags.revision().clone(), current.applied_at))
    }

    /// Puts a snapshot in force, unless it is foreign or older than what is.
    pub(crate) fn offer(&self, snapshot: Snapshot, source: Source) -> Result<Offer, Problem> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = self.judge(&snapshot, source);
        if offered == Ok(Offer::Applied) {
            *before = self.put_in_force(snapshot, source);
        }
        self.note_refusal(&offered);
        offered
    }

    /// Applies a change to what is in force, if it was made for it.
    pub(crate) fn change(&self, change: &SnapshotChange) -> Result<Offer, Problem> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = self.judge_change(change).map(|(offer, after)| {
            if let Some(snapshot) = after {
                *before = self.put_in_force(snapshot, Source::Network);
            }
            offer
        });
        self.note_refusal(&offered);
        offered
    }

    /// Whether the server knows of flags that are not in force here.
    pub(crate) fn is_behind(&self, heartbeat: &Heartbeat) -> bool {
        let current = self.load();
        current.as_ref().is_none_or(|current| {
            let revision = current.flags.revision();
            current.source != Source::Network
                || revision.epoch != heartbeat.epoch
                || revision.number < heartbeat.revision
        })
    }

    fn judge(&self, snapshot: &Snapshot, source: Source) -> Result<Offer, Problem> {
        wanted(self.migration.as_ref(), &snapshot.migration)?;
        wanted(self.environment.as_ref(), &snapshot.environment)?;
        let current = self.load();
        let Some(current) = current.as_ref() else {
            return Ok(Offer::Applied);
        };
        let known = current.flags.snapshot();
        if known.migration != snapshot.migration || known.environment != snapshot.environment {
            // A file may be left from an earlier token; a token itself never changes what it is for.
            if current.source != Source::Network {
                return Ok(Offer::Applied);
            }
            wanted(Some(&known.migration), &snapshot.migration)?;
            wanted(Some(&known.environment), &snapshot.environment)?;
        }
        let (found, applied) = (&snapshot.revision, &known.revision);
        // What a program was built with says nothing of what a server may have since.
        if current.source == Source::CompiledIn {
            return Ok(Offer::Applied);
        }
        if found.epoch != applied.epoch {
            return Ok(Offer::Applied);
        }
        if found.number < applied.number {
            return Err(Problem::Older {
                found: found.clone(),
                applied: applied.clone(),
            });
        }
        let is_known = found.number == applied.number && current.source == source;
        Ok(if is_known {
            Offer::Unchanged
        } else {
            Offer::Applied
        })
    }

    fn judge_change(&self, change: &SnapshotChange) -> Result<(Offer, Option<Snapshot>), Problem> {
        wanted(self.migration.as_ref(), &change.migration)?;
        wanted(self.environment.as_ref(), &change.environment)?;
        let current = self.load();
        let Some(current) = current
            .as_ref()
            .filter(|current| current.source == Source::Network)
        else {
            return Ok((Offer::Gap, None));
        };
        let known = current.flags.snapshot();
        wanted(Some(&known.migration), &change.migration)?;
        wanted(Some(&known.environment), &change.environment)?;
        if known.revision.epoch == change.epoch && change.revision <= known.revision.number {
            return Ok((Offer::Unchanged, None));
        }
        match change.apply(known) {
            Ok(snapshot) => Ok((Offer::Applied, Some(snapshot))),
            Err(CannotApply::Elsewhere | CannotApply::NotNext { .. }) => Ok((Offer::Gap, None)),
            Err(CannotApply::Invalid(invalid)) => Err(invalid.into()),
        }
    }

    /// Returns what was in force.
    fn put_in_force(&self, snapshot: Snapshot, source: Source) -> Option<Arc<Current>> {
        let confirmed = (source == Source::Network).then(|| snapshot.revision.clone());
        let current = Current {
            flags: FlagSet::compile(snapshot),
            source,
            applied_at: SystemTime::now(),
        };
        let before = self.current.swap(Some(Arc::new(current)));
        self.health.send_modify(|health| {
            health.applications = health.applications.wrapping_add(1);
            health.confirmed = confirmed;
        });
        before
    }

    fn note_refusal(&self, offered: &Result<Offer, Problem>) {
        match offered {
            Ok(Offer::Applied | Offer::Unchanged) => self.works(Part::Snapshot),
            Ok(Offer::Gap) => {}
            Err(problem) => self.report(Part::Snapshot, problem),
        }
    }

    /// The server gave a sign of life.
    pub(crate) fn hear(&self) {
        let since_start = self.started.elapsed().as_millis();
        let since_start = u64::try_from(since_start).unwrap_or(u64::MAX);
        self.heard.store(since_start, Ordering::Relaxed);
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.health.send_if_modified(|health| {
            let before = std::mem::replace(&mut health.live, live);
            before != live
        });
    }

    /// Wants the flags asked for, although changes are pushed; or no longer.
    pub(crate) fn set_behind(&self, behind: bool) {
        self.health.send_if_modified(|health| {
            let before = std::mem::replace(&mut health.behind, behind);
            before != behind
        });
    }

    /// Notes a problem; it is logged when it is another than before.
    pub(crate) fn report(&self, part: Part, problem: &Problem) {
        self.health.send_modify(|health| {
            if let Some(place) = health.troubles.get_mut(part.place()) {
                let is_new = place.as_ref().is_none_or(|(known, _)| known != problem);
                if is_new {
                    tracing::warn!(?part, %problem, "switchback: the last known flags stay in force");
                }
                *place = Some((problem.clone(), Instant::now()));
            }
        });
    }

    /// A part works: what was wrong with it is over.
    pub(crate) fn works(&self, part: Part) {
        self.health.send_if_modified(|health| {
            let before = health.troubles.get_mut(part.place()).and_then(Option::take);
            if before.is_some() {
                tracing::info!(?part, "switchback: works again");
            }
            before.is_some()
        });
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub(crate) fn status(&self) -> Status {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        let silent_for = self.started.elapsed().saturating_sub(heard);
        let current = self.load();
        let health = self.health.borrow();
        let trouble = |(part, trouble): (Part, &Option<(Problem, Instant)>)| {
            let (problem, at) = trouble.as_ref()?;
            Some(Trouble {
                part,
                problem: problem.clone(),
                ago: at.elapsed(),
            })
        };
        Status {
            revision: current
                .as_ref()
                .map(|current| current.flags.revision().clone()),
            source: current
                .as_ref()
                .map_or(Source::CompiledIn, |current| current.source),
            stream_connected: health.live,
            silent_for,
            stale_for: silent_for
                .checked_sub(self.stale_after)
                .filter(|stale| !stale.is_zero()),
            troubles: Part::ALL
                .into_iter()
                .zip(&health.troubles)
                .filter_map(trouble)
                .collect(),
        }
    }
}

fn wanted(wanted: Option<&Key>, found: &Key) -> Result<(), Problem> {
    match wanted {
        Some(wanted) if wanted != found => Err(Problem::Foreign {
            found: found.clone(),
            wanted: wanted.clone(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
