//! Running instances of services, and the receipts of changes: which of them said that they obey, and when.
//!
//! An instance is known by its acknowledgements and its open streams. A change expects every instance that was connected,
//! or heard from within [`LISTENING_MILLISECONDS`], when it was stored; nobody is taken off that list because they fell
//! silent afterwards.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::read::{InstanceRow, ReceiptView};
use domain::{Key, Timestamp};
use flags::Revision;

mod receipt;
#[cfg(test)]
mod tests;

pub(crate) use receipt::Receipt;

/// Who was heard from this long ago still counts as listening, milliseconds.
pub const LISTENING_MILLISECONDS: i64 = 30_000;
/// An instance is forgotten this long after it was last heard from, milliseconds.
pub const KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;
/// A connected instance that is behind for longer needs a hand, milliseconds.
pub const BEHIND_MILLISECONDS: i64 = 10_000;
/// Instances remembered of one environment: as many as there may be streams.
const MOST_INSTANCES: usize = 12_000;
/// Laggards that a warning names.
const MOST_LAGGARDS_NAMED: usize = 3;
/// Receipts of one environment that still wait in memory.
const MOST_RECEIPTS: usize = 256;
/// A receipt that waits longer than this is written down as it is, milliseconds.
const RECEIPT_OPEN_MILLISECONDS: i64 = 10 * 60 * 1_000;

/// A migration's environment.
pub(crate) type Place = (Key, Key);

/// What an instance says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its own name, unique in its environment.
    pub instance: String,
    /// The service it is an instance of.
    pub service: String,
    /// The client library and its version.
    pub sdk: String,
}

/// An instance as last heard from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) hello: Hello,
    /// Name of the token it reads with.
    pub(crate) token: String,
    /// What it applied last; `None` before its first acknowledgement.
    pub(crate) applied: Option<Revision>,
    /// When it says it did.
    pub(crate) applied_at: Option<Timestamp>,
    pub(crate) last_seen_at: Timestamp,
    /// Streams it has open now.
    pub(crate) streams: u32,
    /// When the first of those was opened.
    pub(crate) connected_at: Timestamp,
}

impl Known {
    fn new(hello: Hello, token: &str, now: Timestamp) -> Self {
        Self {
            hello,
            token: token.to_owned(),
            applied: None,
            applied_at: None,
            last_seen_at: now,
            streams: 0,
            connected_at: now,
        }
    }

    fn listens(&self, now: Timestamp) -> bool {
        self.streams > 0 || now.since(self.last_seen_at) <= LISTENING_MILLISECONDS
    }

    /// Whether it is connected and has not applied `head`, stored at `since`, for too long: it had as much time since it
    /// connected, too.
    fn lags(&self, head: &Revision, since: Option<Timestamp>, now: Timestamp) -> bool {
        let since = since.unwrap_or(self.connected_at).max(self.connected_at);
        self.streams > 0
            && self.applied.as_ref() != Some(head)
            && now.since(since) > BEHIND_MILLISECONDS
    }
}

#[derive(Debug, Default)]
struct Environment {
    known: HashMap<String, Known>,
    receipts: VecDeque<Receipt>,
    /// An announcement is under way.
    announcing: bool,
    /// How many lagged when pages were told last.
    lagging: usize,
}

/// Instances that are connected and have not applied the newest revision for more than [`BEHIND_MILLISECONDS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Laggards {
    /// How many there are.
    pub(crate) count: usize,
    /// Names of some, sorted.
    pub(crate) names: Vec<String>,
}

/// Why an instance is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {MOST_INSTANCES} instances in this environment already")]
pub struct TooMany;

/// Instances and receipts, by environment.
#[derive(Debug, Default)]
pub struct Instances {
    environments: RwLock<HashMap<Place, Arc<Mutex<Environment>>>>,
}

fn locked(environment: &Mutex<Environment>) -> MutexGuard<'_, Environment> {
    environment.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Instances {
    fn at(&self, place: &Place) -> Arc<Mutex<Environment>> {
        {
            let environments = self
                .environments
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(environment) = environments.get(place) {
                return Arc::clone(environment);
            }
        }
        let mut environments = self
            .environments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(environments.entry(place.clone()).or_default())
    }

    fn look<T>(&self, place: &Place, of: impl FnOnce(&Environment) -> T) -> Option<T> {
        let environment = self
            .environments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(place)
            .cloned()?;
        Some(of(&locked(&environment)))
    }

    /// An instance opened a stream; [`Instances::left`] is called when it closes.
    pub(crate) fn joined(
        &self,
        place: &Place,
        hello: Hello,
        token: &str,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let environment = self.at(place);
        let mut environment = locked(&environment);
        let known = known(&mut environment, hello, token, now)?;
        if known.streams == 0 {
            known.connected_at = now;
        }
        known.streams += 1;
        Ok(())
    }

    /// A stream of an instance closed.
    pub(crate) fn left(&self, place: &Place, instance: &str, now: Timestamp) {
        let environment = self.at(place);
        if let Some(known) = locked(&environment).known.get_mut(instance) {
            known.streams = known.streams.saturating_sub(1);
            known.last_seen_at = now;
        }
    }

    /// An instance says what it applied. True when pages should hear of it and nobody has begun to tell them.
    pub(crate) fn acknowledged(
        &self,
        place: &Place,
        hello: Hello,
        token: &str,
        applied: Option<(Revision, Timestamp)>,
        now: Timestamp,
    ) -> Result<bool, TooMany> {
        let environment = self.at(place);
        let mut environment = locked(&environment);
        let name = hello.instance.clone();
        let known = known(&mut environment, hello, token, now)?;
        let Some((revision, at)) = applied else {
            return Ok(false);
        };
        let news = known.applied.as_ref() != Some(&revision);
        known.applied_at = Some(at);
        known.applied = Some(revision.clone());
        for receipt in &mut environment.receipts {
            receipt.acknowledged(&name, &revision, now);
        }
        let announce = news && !environment.announcing;
        environment.announcing |= announce;
        Ok(announce)
    }

    /// Pages were told; what comes from now on is told anew.
    pub(crate) fn announced(&self, place: &Place) {
        let environment = self.at(place);
        locked(&environment).announcing = false;
    }

    /// A change was stored and is pushed now: expects everybody who listens.
    pub(crate) fn expect(
        &self,
        place: &Place,
        sequence: u64,
        revision: Revision,
        stored_at: Timestamp,
        pushed_at: Timestamp,
    ) {
        let environment = self.at(place);
        let mut environment = locked(&environment);
        let expected = environment
            .known
            .values()
            .filter(|known| known.listens(stored_at))
            .map(|known| known.hello.instance.clone())
            .collect();
        let receipt = Receipt::new(sequence, revision, stored_at, pushed_at, expected);
        environment.receipts.push_back(receipt);
    }

    /// The receipt of a change, as far as memory holds it.
    pub(crate) fn receipt(&self, place: &Place, sequence: u64) -> Option<ReceiptView> {
        self.look(place, |environment| {
            environment
                .receipts
                .iter()
                .rev()
                .find(|receipt| receipt.sequence == sequence)
                .map(Receipt::view)
        })?
    }

    /// Every instance of an environment, by service and name. `head` is the environment's revision, stored at `since`
    /// where that is known.
    pub(crate) fn rows(&self, place: &Place, head: &Revision, now: Timestamp) -> Vec<InstanceRow> {
        let rows = self.look(place, |environment| {
            let since = environment.stored_at(head);
            let row = |known: &Known| row(known, head, since, now);
            environment.known.values().map(row).collect::<Vec<_>>()
        });
        let mut rows = rows.unwrap_or_default();
        rows.sort_by(|a, b| (&a.service, &a.instance).cmp(&(&b.service, &b.instance)));
        rows
    }

    /// Who is behind for too long. `head` is the environment's revision.
    pub(crate) fn laggards(&self, place: &Place, head: &Revision, now: Timestamp) -> Laggards {
        self.look(place, |environment| environment.laggards(head, now))
            .unwrap_or_default()
    }

    /// Whether the number of laggards is another one than when this was asked last: pages are to hear of it.
    pub(crate) fn laggards_changed(&self, place: &Place, head: &Revision, now: Timestamp) -> bool {
        let environment = self
            .environments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(place)
            .cloned();
        let Some(environment) = environment else {
            return false;
        };
        let mut environment = locked(&environment);
        let count = environment.laggards(head, now).count;
        std::mem::replace(&mut environment.lagging, count) != count
    }

    /// The environments that were heard of.
    pub(crate) fn places(&self) -> Vec<Place> {
        let environments = self
            .environments
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        environments.keys().cloned().collect()
    }

    /// What has to be written down: instances heard from since `since`, and receipts that changed. Forgets what is old.
    pub(crate) fn to_write(&self, since: Timestamp, now: Timestamp) -> Vec<(Place, Written)> {
        let environments: Vec<_> = self
            .environments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(place, environment)| (place.clone(), Arc::clone(environment)))
            .collect();
        let write = |(place, environment): (Place, Arc<Mutex<Environment>>)| {
            let written = locked(&environment).take_unwritten(since, now);
            (place, written)
        };
        environments.into_iter().map(write).collect()
    }

    /// Takes back what could not be written.
    pub(crate) fn not_written(&self, place: &Place, sequences: &[u64]) {
        let environment = self.at(place);
        for receipt in &mut locked(&environment).receipts {
            receipt.changed |= sequences.contains(&receipt.sequence);
        }
    }

    /// Remembers an instance of an earlier run.
    pub(crate) fn restore(&self, place: &Place, known: Known) {
        let environment = self.at(place);
        locked(&environment)
            .known
            .entry(known.hello.instance.clone())
            .or_insert(known);
    }
}

/// What is written down of one environment.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) instances: Vec<Known>,
    pub(crate) receipts: Vec<(u64, Revision, ReceiptView)>,
}

impl Environment {
    /// When a revision was stored; `None` when that is longer ago than memory goes.
    fn stored_at(&self, revision: &Revision) -> Option<Timestamp> {
        let of_it = |receipt: &&Receipt| receipt.revision == *revision;
        let receipt = self.receipts.iter().rev().find(of_it)?;
        Some(receipt.stored_at)
    }

    fn laggards(&self, head: &Revision, now: Timestamp) -> Laggards {
        let since = self.stored_at(head);
        let lagging = |known: &&Known| known.lags(head, since, now);
        let mut names: Vec<&str> = self
            .known
            .values()
            .filter(lagging)
            .map(|known| known.hello.instance.as_str())
            .collect();
        names.sort_unstable();
        Laggards {
            count: names.len(),
            names: names
                .into_iter()
                .take(MOST_LAGGARDS_NAMED)
                .map(ToOwned::to_owned)
                .collect(),
        }
    }

    fn take_unwritten(&mut self, since: Timestamp, now: Timestamp) -> Written {
        self.known.retain(|_, known| {
            known.streams > 0 || now.since(known.last_seen_at) < KEPT_MILLISECONDS
        });
        for known in self.known.values_mut().filter(|known| known.streams > 0) {
            known.last_seen_at = now;
        }
        let instances = self
            .known
            .values()
            .filter(|known| known.last_seen_at >= since)
            .cloned()
            .collect();
        let mut receipts = Vec::new();
        for receipt in self.receipts.iter_mut().filter(|receipt| receipt.changed) {
            receipt.changed = false;
            receipts.push((receipt.sequence, receipt.revision.clone(), receipt.view()));
        }
        while self.receipts.len() > MOST_RECEIPTS
            || self.receipts.len() > 1
                && self.receipts.front().is_some_and(|receipt| {
                    receipt.is_complete()
                        || now.since(receipt.stored_at) > RECEIPT_OPEN_MILLISECONDS
                })
        {
            self.receipts.pop_front();
        }
        Written {
            instances,
            receipts,
        }
    }
}

fn known<'a>(
    environment: &'a mut Environment,
    hello: Hello,
    token: &str,
    now: Timestamp,
) -> Result<&'a mut Known, TooMany> {
    let count = environment.known.len();
    let is_new = !environment.known.contains_key(&hello.instance);
    if is_new && count >= MOST_INSTANCES {
        return Err(TooMany);
    }
    let known = environment
        .known
        .entry(hello.instance.clone())
        .or_insert_with(|| Known::new(hello.clone(), token, now));
    known.hello = hello;
    token.clone_into(&mut known.token);
    known.last_seen_at = now;
    Ok(known)
}

fn row(known: &Known, head: &Revision, since: Option<Timestamp>, now: Timestamp) -> InstanceRow {
    let behind = known.applied.as_ref() != Some(head);
    InstanceRow {
        instance: known.hello.instance.clone(),
        service: known.hello.service.clone(),
        sdk: known.hello.sdk.clone(),
        token: known.token.clone(),
        revision: known.applied.as_ref().map(|revision| revision.number),
        other_epoch: known
            .applied
            .as_ref()
            .is_some_and(|applied| applied.epoch != head.epoch),
        applied_at: known.applied_at,
        last_seen_at: known.last_seen_at,
        connected: known.streams > 0,
        listens: known.listens(now),
        behind,
        lags: known.lags(head, since, now),
    }
}
