//! Old and new side by side while a module is in `both_validate`.
//!
//! A [`Comparison`] asks the flag and does what it says: old, new, or old now and new afterwards. In the last case the caller gets
//! old's answer as soon as old has it; new runs later on a bounded pool, and neither its error, its panic nor its delay ever
//! reaches the caller. What is found is added up per module and minute and sent in batches with a token of kind `ingest`.
//!
//! Only for code without side effects: for some calls both sides run. Old and new should ask for the same thing at about the same
//! time; what changes by itself, such as clocks, belongs into neither answer, or the control below will show it.
//!
//! ```
//! use switchback_client::{Client, Snapshot, compare::Comparer};
//!
//! #[derive(Clone, Debug, PartialEq, serde::Serialize)]
//! struct Total {
//!     cents: u64,
//! }
//! fn old_total(order: &str) -> Result<Total, std::io::Error> {
//!     Ok(Total { cents: 100 * order.len() as u64 })
//! }
//! fn new_total(order: &str) -> Result<Total, std::io::Error> {
//!     Ok(Total { cents: 99 * order.len() as u64 })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let flags = br#"{"format":1,"migration":"shop","environment":"production","epoch":"e","revision":7,"killSwitch":false,
//! #     "flags":[{"key":"order_totals","mode":"both_validate","exposure":0,"retired":false}]}"#;
//! # let client = Client::builder("http://127.0.0.1:1", "sb_sdk_x").initial(Snapshot::from_json(flags)?).start()?;
//! # let ingest_token = "sb_ingest_x";
//! let comparer = Comparer::builder(client, ingest_token).start()?;
//! let totals = comparer.module::<Total>("order_totals").sample(1.0).build();
//!
//! let order = "order-7".to_owned();
//! let copy = order.clone();
//! let total = totals.call(Some("user-7"), || old_total(&order), move || new_total(&copy))?;
//! assert_eq!(total, Total { cents: 700 }, "old's, and at once");
//! # Ok(())
//! # }
//! ```
//!
//! What a call counts as:
//!
//! | old | new | counted |
//! | --- | --- | --- |
//! | answer | the same answer | match |
//! | answer | another answer | mismatch, with up to ten examples a minute |
//! | error | error | match, and an error of each |
//! | one of them an error | | mismatch, and an error of that side |
//! | | panic, or over the time limit | that alone |
//! | | no room in the pool | dropped |
//!
//! With [`Comparison::call_with_control`] a share of the calls runs old against old instead: how often an answer differs from itself.
//!
//! Old runs first, so that what it costs the caller is what it always cost, and new finds what old has left in caches. With
//! [`ComparisonBuilder::random_order`] new is set off before old in half of the calls; the caller waits for old alone as ever.
//!
//! Reported beside the counts: which side failed in the same call, and by how much their latencies differ in the same call, as the
//! mean and spread of ln(new / old). The control's own, ln(second / first), says how much of that is the order's doing.
//!
//! Examples hold no data unless you say so: by default values are described, not shown (see [`hidden`], [`shown`]). A panic is
//! caught, but the process's panic hook still prints it, and with `panic = "abort"` nothing can be caught.

mod comparison;
mod difference;
mod judge;
mod ledger;
mod meeting;
mod pool;
mod report;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(test)]
mod tests;

pub use comparison::{Comparison, ComparisonBuilder};
pub use difference::{Difference, hidden, shown};

use crate::client::Tasks;
use crate::outbox::{self, Outbox};
use crate::{Client, Problem, StartError, http};
use ledger::Ledger;
use pool::Pool;
use report::Reporter;

const WORKERS: usize = 2;
const QUEUE: usize = 64;
const IN_FLIGHT: usize = 64;
const TIME_LIMIT: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(1);

/// Runs new beside old on a bounded pool and reports what it finds. Cheap to clone; the last clone ends pool and reports.
#[derive(Clone, Debug)]
pub struct Comparer {
    shared: Arc<Shared>,
    _tasks: Arc<Tasks>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    pool: Pool,
    /// Room for new implementations that are futures.
    in_flight: Arc<tokio::sync::Semaphore>,
    time_limit: Duration,
    ledger: Arc<Ledger>,
    reporter: Arc<Reporter>,
}

/// Settings of a [`Comparer`].
#[derive(Debug)]
#[must_use = "a comparer starts with `start`"]
pub struct ComparerBuilder {
    client: Client,
    token: crate::builder::Secret,
    workers: usize,
    queue: usize,
    in_flight: usize,
    time_limit: Duration,
}

/// How comparing goes, over the whole life of a [`Comparer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparerStatus {
    /// Comparisons under way or waiting.
    pub pending: usize,
    /// Calls that were not compared because there was no room.
    pub dropped: u64,
    /// Calls whose result was thrown away, because the server was away for too long or refused the report.
    pub lost: u64,
    /// Why the last report was not accepted, when it was not.
    pub problem: Option<Problem>,
}

impl Comparer {
    /// A comparer that asks `client` for modes and reports with a token of kind `ingest`.
    pub fn builder(client: Client, token: impl Into<String>) -> ComparerBuilder {
        ComparerBuilder {
            client,
            token: crate::builder::Secret(token.into()),
            workers: WORKERS,
            queue: QUEUE,
            in_flight: IN_FLIGHT,
            time_limit: TIME_LIMIT,
        }
    }

    /// Comparison of one module's answers. Answers are compared field by field, as they would be written in JSON.
    pub fn module<T: serde::Serialize + Clone + Send + 'static>(
        &self,
        module: impl Into<String>,
    ) -> ComparisonBuilder<T> {
        ComparisonBuilder::new(self.clone(), module.into(), difference::of_json)
    }

    /// Comparison of one module's answers by a comparator: no difference means a match.
    pub fn module_with<T: Clone + Send + 'static>(
        &self,
        module: impl Into<String>,
        differences: impl Fn(&T, &T) -> Vec<Difference> + Send + Sync + 'static,
    ) -> ComparisonBuilder<T> {
        let comparator = move |old: &T, new: &T| Some(differences(old, new));
        ComparisonBuilder::new(self.clone(), module.into(), comparator)
    }

    /// How comparing goes.
    pub fn status(&self) -> ComparerStatus {
        let (ledger, outbox) = (&self.shared.ledger, &self.shared.reporter.outbox);
        ComparerStatus {
            pending: ledger.pending(),
            dropped: ledger.dropped.load(Ordering::Relaxed),
            lost: ledger.lost.load(Ordering::Relaxed) + outbox.lost(),
            problem: outbox.problem(),
        }
    }

    /// Waits until nothing is pending, at most a second more than the time limit of one comparison, and sends what there is: for the end of
    /// a process. Otherwise reports are sent by themselves, each minute's after its end.
    ///
    /// # Errors
    /// The [`Problem`] that kept a report from the server; it is kept and sent later.
    pub async fn flush(&self) -> Result<(), Problem> {
        let shared = &self.shared;
        let settled = shared.ledger.settled();
        // Somewhat more than the limit, so that what meets it is counted.
        let limit = shared.time_limit.saturating_add(SLACK);
        let _settled_or_not = tokio::time::timeout(limit, settled).await.is_ok();
        shared.reporter.send(u64::MAX).await
    }
}

impl ComparerBuilder {
    /// How many threads run new implementations that block; 2 unless set.
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count.clamp(1, 64);
        self
    }

    /// How many of those may wait for a thread; 64 unless set. What comes on top is dropped and counted.
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length.clamp(1, 1 << 16);
        self
    }

    /// How many new implementations that are futures may be under way; 64 unless set. What comes on top is dropped and counted.
    pub fn in_flight(mut self, count: usize) -> Self {
        self.in_flight = count.clamp(1, 1 << 16);
        self
    }

    /// How long new may take, 5 s unless set. A future is dropped then. A thread cannot be stopped: it is counted as timed out and
    /// has its place back when it returns.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Starts the pool and the reports.
    ///
    /// # Errors
    /// [`StartError`] when the token cannot be used or a thread cannot be started.
    pub fn start(self) -> Result<Comparer, StartError> {
        let bearer = http::bearer(&self.token.0, "ingest")?;
        let api = self.client.shared.api.with_bearer(bearer);
        let pool = Pool::start(self.workers, self.queue)
            .map_err(|error| StartError::Thread(error.to_string()))?;
        let ledger = Arc::new(Ledger::default());
        let reports = Outbox::new(api, self.client.clone(), "comparisons");
        let reporter = Arc::new(Reporter::new(reports, Arc::clone(&ledger)));
        let runtime = &self.client.shared.runtime;
        let sending = Arc::clone(&reporter);
        let task = runtime.spawn(outbox::keep(move |end| {
            let reporter = Arc::clone(&sending);
            async move { reporter.send(end).await }
        }));
        Ok(Comparer {
            _tasks: Arc::new(Tasks(vec![task.abort_handle()])),
            shared: Arc::new(Shared {
                client: self.client,
                pool,
                in_flight: Arc::new(tokio::sync::Semaphore::new(self.in_flight)),
                time_limit: self.time_limit,
                ledger,
                reporter,
            }),
        })
    }
}
