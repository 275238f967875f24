//! Sending what comparisons found.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::time::sleep;

use super::ledger::{Ledger, Place, Tally};
use crate::backoff::{Backoff, jitter};
use crate::http::{Api, milliseconds};
use crate::{Client, Problem};

/// How often it is looked whether a minute is over.
const EVERY: Duration = Duration::from_secs(10);
/// Comparisons in one report.
const MOST: usize = 1_000;
/// Bytes of one report, about: the server takes 64 KiB.
const LARGEST: usize = 48 << 10;

/// Sends reports, one at a time.
#[derive(Debug)]
pub(super) struct Reporter {
    api: Api,
    client: Client,
    ledger: Arc<Ledger>,
    sending: tokio::sync::Mutex<()>,
    problem: Mutex<Option<Problem>>,
}

#[derive(Serialize)]
struct Report<'a> {
    service: &'a str,
    instance: &'a str,
    comparisons: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    module: &'a str,
    at: u64,
    #[serde(flatten)]
    tally: &'a Tally,
}

impl Reporter {
    pub(super) fn new(api: Api, client: Client, ledger: Arc<Ledger>) -> Self {
        Self {
            api,
            client,
            ledger,
            sending: tokio::sync::Mutex::default(),
            problem: Mutex::default(),
        }
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        problem.clone()
    }

    /// Sends what is of minutes before `end`; what is not accepted now is kept for later.
    pub(super) async fn send(&self, end: u64) -> Result<(), Problem> {
        let _sending = self.sending.lock().await;
        // Only in a mode that flags tell is anything compared, so that the migration is known.
        let Some(migration) = self.client.migration() else {
            return Ok(());
        };
        let path = format!("/api/v1/migrations/{migration}/comparisons");
        let now = milliseconds(SystemTime::now());
        let mut batches = batches(self.ledger.take_before(now, end)).into_iter();
        let mut sent = Ok(());
        for batch in batches.by_ref() {
            sent = self.post(&path, &batch).await;
            match &sent {
                Ok(()) => {}
                // Sent again it would be refused again.
                Err(Problem::Unexpected { .. }) => {
                    self.ledger.lose(&batch);
                }
                Err(_) => {
                    self.ledger.put_back(batch);
                    break;
                }
            }
        }
        batches.for_each(|batch| self.ledger.put_back(batch));
        if let Err(problem) = &sent {
            tracing::warn!(%problem, "switchback: a report of comparisons was not accepted");
        }
        let mut known = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        *known = sent.clone().err();
        sent
    }

    async fn post(&self, path: &str, batch: &[(Place, Tally)]) -> Result<(), Problem> {
        let identity = self.api.identity();
        let entry = |(place, tally)| entry(place, tally);
        let report = Report {
            service: &identity.service,
            instance: &identity.instance,
            comparisons: batch
                .iter()
                .map(|(place, tally)| entry((place, tally)))
                .collect(),
        };
        self.api.post(path, &report).await
    }
}

fn entry<'a>(place: &'a Place, tally: &'a Tally) -> Entry<'a> {
    Entry {
        module: &place.module,
        at: place.at,
        tally,
    }
}

/// Splits into reports the server takes.
fn batches(taken: Vec<(Place, Tally)>) -> Vec<Vec<(Place, Tally)>> {
    let mut batches: Vec<Vec<_>> = Vec::new();
    let mut bytes = usize::MAX;
    for (place, tally) in taken {
        let size = serde_json::to_vec(&entry(&place, &tally)).map_or(0, |json| json.len());
        let fits = bytes.saturating_add(size) <= LARGEST;
        match batches.last_mut() {
            Some(batch) if fits && batch.len() < MOST => {
                bytes += size;
                batch.push((place, tally));
            }
            _ => {
                bytes = size;
                batches.push(vec![(place, tally)]);
            }
        }
    }
    batches
}

/// Sends each minute's findings after its end.
pub(super) async fn keep(reporter: Arc<Reporter>) {
    let mut backoff = Backoff::default();
    loop {
        // Services started together do not all report at the same second.
        sleep(EVERY + jitter(EVERY)).await;
        match reporter.send(milliseconds(SystemTime::now())).await {
            Ok(()) => backoff.reset(),
            Err(problem) => sleep(backoff.after(&problem)).await,
        }
    }
}
