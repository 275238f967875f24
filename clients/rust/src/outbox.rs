//! Reports on their way: each is written once and sent until it is taken, always under the same name, so that the server can
//! tell one that it has already.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::time::sleep;

use crate::backoff::{Backoff, jitter};
use crate::http::{Api, milliseconds};
use crate::{Client, Problem};

/// How often it is looked whether a minute is over.
const EVERY: Duration = Duration::from_secs(10);
/// Bytes of one report, about: the server takes 64 KiB.
const LARGEST: usize = 48 << 10;
/// Bytes that wait for a server that is away: more than an hour of a service with a hundred modules. The oldest go first.
const ROOM: usize = 8 << 20;

/// Reports of one kind, sent one at a time.
#[derive(Debug)]
pub(crate) struct Outbox {
    api: Api,
    client: Client,
    /// The last part of the path they are sent to.
    kind: &'static str,
    waiting: Mutex<Waiting>,
    sending: tokio::sync::Mutex<()>,
    problem: Mutex<Option<Problem>>,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    reports: VecDeque<Arc<Report>>,
    bytes: usize,
}

/// A report as it is sent.
#[derive(Debug)]
struct Report {
    body: Vec<u8>,
    /// How many calls are lost with it.
    calls: u64,
}

impl Outbox {
    pub(crate) fn new(api: Api, client: Client, kind: &'static str) -> Self {
        Self {
            api,
            client,
            kind,
            waiting: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            problem: Mutex::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// Who sends.
    pub(crate) fn sender(&self) -> (&str, &str) {
        let identity = self.api.identity();
        (&identity.service, &identity.instance)
    }

    /// Queues a report that stands for so many calls.
    pub(crate) fn push(&self, report: &impl Serialize, calls: u64) {
        let Ok(body) = serde_json::to_vec(report) else {
            self.lose(calls);
            return;
        };
        let mut waiting = lock(&self.waiting);
        waiting.bytes += body.len();
        waiting.reports.push_back(Arc::new(Report { body, calls }));
        while waiting.bytes > ROOM {
            let Some(oldest) = waiting.reports.pop_front() else {
                break;
            };
            waiting.bytes -= oldest.body.len();
            self.lose(oldest.calls);
        }
    }

    /// Sends all that waits, from the oldest on, until one is not taken. That one waits on, unless it was refused: sent again it
    /// would be refused again.
    pub(crate) async fn send(&self) -> Result<(), Problem> {
        let _sending = self.sending.lock().await;
        // Before flags are known nobody knows where to send to.
        let Some(migration) = self.client.migration() else {
            return Ok(());
        };
        let path = format!("/api/v1/migrations/{migration}/{}", self.kind);
        let mut sent = Ok(());
        while let Some(oldest) = self.oldest() {
            match self.api.post_json(&path, oldest.body.clone()).await {
                Ok(()) => self.remove(&oldest),
                Err(problem @ Problem::Unexpected { .. }) => {
                    self.remove(&oldest);
                    self.lose(oldest.calls);
                    sent = Err(problem);
                }
                Err(problem) => {
                    sent = Err(problem);
                    break;
                }
            }
        }
        if let Err(problem) = &sent {
            tracing::warn!(%problem, "switchback: a report of {} was not accepted", self.kind);
        }
        *lock(&self.problem) = sent.clone().err();
        sent
    }

    /// Why the last report was not accepted, when it was not.
    pub(crate) fn problem(&self) -> Option<Problem> {
        lock(&self.problem).clone()
    }

    /// Calls whose report was thrown away.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn lose(&self, calls: u64) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
    }

    fn oldest(&self) -> Option<Arc<Report>> {
        lock(&self.waiting).reports.front().map(Arc::clone)
    }

    /// Takes it out, unless it had to make room meanwhile.
    fn remove(&self, report: &Arc<Report>) {
        let mut waiting = lock(&self.waiting);
        let is_oldest = |oldest: &Arc<Report>| Arc::ptr_eq(oldest, report);
        if waiting.reports.front().is_some_and(is_oldest) {
            waiting.reports.pop_front();
            waiting.bytes -= report.body.len();
        }
    }
}

/// Sends each minute's findings after its end, for ever: `send` is given the time that minutes must have ended before.
pub(crate) async fn keep<Sent>(send: impl Fn(u64) -> Sent)
where
    Sent: Future<Output = Result<(), Problem>>,
{
    let mut backoff = Backoff::default();
    loop {
        // Services started together do not all report at the same second.
        sleep(EVERY + jitter(EVERY)).await;
        match send(milliseconds(SystemTime::now())).await {
            Ok(()) => backoff.reset(),
            Err(problem) => sleep(backoff.after(&problem)).await,
        }
    }
}

/// A name for a report, unlike that of any other.
pub(crate) fn batch() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Splits entries into as many reports as the server wants them in, with `most` entries in one.
pub(crate) fn split<T: Serialize>(entries: Vec<T>, most: usize) -> Vec<Vec<T>> {
    let mut reports: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0_usize;
    for entry in entries {
        let size = serde_json::to_vec(&entry).map_or(0, |json| json.len());
        match reports.last_mut() {
            Some(report) if bytes + size <= LARGEST && report.len() < most => {
                bytes += size;
                report.push(entry);
            }
            _ => {
                bytes = size;
                reports.push(vec![entry]);
            }
        }
    }
    reports
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
