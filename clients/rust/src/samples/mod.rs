//! Uses, errors and latencies of old and new, as they are served: the evidence that promotions and rollbacks are judged by.
//!
//! A [`Module`] asks the flag, runs the side that it says, and records what became of it; or is told what somebody else measured.
//! What is recorded is added up per module, side and minute and sent, each minute's after its end, with a token of kind `ingest`.
//!
//! ```
//! use switchback_client::{Client, Side, Snapshot, samples::Recorder};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let flags = br#"{"format":1,"migration":"shop","environment":"production","epoch":"e","revision":7,"killSwitch":false,
//! #     "flags":[{"key":"order_intake","mode":"new_only","exposure":10000,"retired":false}]}"#;
//! # let client = Client::builder("http://127.0.0.1:1", "sb_sdk_x").initial(Snapshot::from_json(flags)?).start()?;
//! # let ingest_token = "sb_ingest_x";
//! # fn old_intake(order: &str) -> Result<usize, std::io::Error> { Ok(order.len()) }
//! # fn new_intake(order: &str) -> Result<usize, std::io::Error> { Ok(order.len() * 10) }
//! let recorder = Recorder::builder(client, ingest_token).start()?;
//! let intake = recorder.module("order_intake")?; // Keep it.
//!
//! // Asks the flag, runs one side, and records it.
//! let answer = intake.call(Some("user-7"), || old_intake("order"), || new_intake("order"))?;
//! assert_eq!(answer, 50, "the flag says new");
//!
//! // Or records what was measured.
//! let begun = std::time::Instant::now();
//! let answer = new_intake("order");
//! intake.record(Side::New, answer.is_ok(), begun.elapsed());
//! # Ok(())
//! # }
//! ```
//!
//! | promise | how |
//! | --- | --- |
//! | evaluation stays as it is | nothing of this is on its path: no lock, no allocation |
//! | recording is cheap | one short lock of that module and side alone, a search among some dozens of numbers; memory only for a latency not seen in this minute |
//! | memory is bounded | a sketch of at most 1,102 counts per module and side, 8 MiB of reports that wait for the server; the oldest go first |
//! | nothing is counted twice | a report is written once and sent under one name until the server has taken it |
//! | nothing is lost unseen | [`RecorderStatus::lost`] counts the calls whose report was thrown away |
//!
//! Together with comparisons: [`ComparisonBuilder::record`](crate::compare::ComparisonBuilder::record).

mod tallies;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use flags::report::{MOST_SAMPLES, SampleReport};
use flags::{InvalidKey, Key, Side};

use crate::client::Tasks;
use crate::http::milliseconds;
use crate::outbox::{self, Outbox, batch, split};
use crate::{Client, Problem, StartError, http};
use tallies::{Pair, Tallies};

/// Records what is served and reports it. Cheap to clone; the last clone, those of its modules included, ends the reports.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    _tasks: Arc<Tasks>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    tallies: Tallies,
    outbox: Outbox,
}

/// Settings of a [`Recorder`].
#[derive(Debug)]
#[must_use = "a recorder starts with `start`"]
pub struct RecorderBuilder {
    client: Client,
    token: crate::builder::Secret,
}

/// How recording goes, over the whole life of a [`Recorder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecorderStatus {
    /// Calls whose record was thrown away, because the server was away for too long or refused the report, or because there
    /// were too many modules.
    pub lost: u64,
    /// Why the last report was not accepted, when it was not.
    pub problem: Option<Problem>,
}

/// One module's uses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Module {
    recorder: Recorder,
    key: Key,
    /// Nothing beyond the modules there is room for.
    pair: Option<Arc<Pair>>,
}

impl Recorder {
    /// A recorder that asks `client` for modes and reports with a token of kind `ingest`.
    pub fn builder(client: Client, token: impl Into<String>) -> RecorderBuilder {
        RecorderBuilder {
            client,
            token: crate::builder::Secret(token.into()),
        }
    }

    /// The module whose uses are recorded, by its key without the migration's. Ask once and keep it; asked again it is the same.
    ///
    /// # Errors
    /// [`InvalidKey`] when no module can be called so.
    pub fn module(&self, key: &str) -> Result<Module, InvalidKey> {
        let key = Key::parse(key)?;
        Ok(Module {
            recorder: self.clone(),
            pair: self.shared.tallies.pair(&key),
            key,
        })
    }

    /// How recording goes.
    pub fn status(&self) -> RecorderStatus {
        let Shared {
            tallies, outbox, ..
        } = &*self.shared;
        RecorderStatus {
            lost: tallies.lost() + outbox.lost(),
            problem: outbox.problem(),
        }
    }

    /// Sends all that was recorded, the minute under way too: for the end of a process. Otherwise reports are sent by themselves.
    ///
    /// # Errors
    /// The [`Problem`] that kept a report from the server; it is kept and sent later.
    pub async fn flush(&self) -> Result<(), Problem> {
        self.shared.send(u64::MAX).await
    }
}

impl Shared {
    /// Sends what is of minutes before `end`; what is not accepted now is kept for later.
    async fn send(&self, end: u64) -> Result<(), Problem> {
        let (service, instance) = self.outbox.sender();
        for samples in split(self.tallies.take_before(end), MOST_SAMPLES) {
            let uses = samples.iter().map(|sample| sample.uses).sum();
            let report = SampleReport {
                batch: batch(),
                service: Some(service.to_owned()),
                instance: Some(instance.to_owned()),
                samples,
            };
            self.outbox.push(&report, uses);
        }
        self.outbox.send().await
    }
}

impl RecorderBuilder {
    /// Starts the reports.
    ///
    /// # Errors
    /// [`StartError`] when the token cannot be used.
    pub fn start(self) -> Result<Recorder, StartError> {
        let bearer = http::bearer(&self.token.0, "ingest")?;
        let api = self.client.shared.api.with_bearer(bearer);
        let runtime = self.client.shared.runtime.clone();
        let shared = Arc::new(Shared {
            outbox: Outbox::new(api, self.client.clone(), "samples"),
            tallies: Tallies::default(),
            client: self.client,
        });
        let sending = Arc::clone(&shared);
        let task = runtime.spawn(outbox::keep(move |end| {
            let shared = Arc::clone(&sending);
            async move { shared.send(end).await }
        }));
        Ok(Recorder {
            shared,
            _tasks: Arc::new(Tasks(vec![task.abort_handle()])),
        })
    }
}

impl Module {
    /// Its key.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Records one call of a side, which answered (`ok`) or failed and took so long, now.
    pub fn record(&self, side: Side, ok: bool, took: Duration) {
        self.record_at(side, ok, took, SystemTime::now());
    }

    /// As [`record`](Self::record), for a call of another time. A minute that was reported already is added to.
    pub fn record_at(&self, side: Side, ok: bool, took: Duration, at: SystemTime) {
        let tallies = &self.recorder.shared.tallies;
        match &self.pair {
            Some(pair) => tallies.add(pair, side, ok, took, milliseconds(at)),
            None => tallies.lose(1),
        }
    }

    /// Calls old or new, as the flag says, and records it. A panic is recorded as an error and goes on to the caller.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub fn call<T, E>(
        &self,
        subject: Option<&str>,
        old: impl FnOnce() -> Result<T, E>,
        new: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        match self.side(subject) {
            Side::New => self.measure(Side::New, new),
            Side::Old => self.measure(Side::Old, old),
        }
    }

    /// As [`call`](Self::call), for futures. One that is dropped before its end is not recorded.
    ///
    /// # Errors
    /// Those of the side that serves.
    pub async fn call_async<T, E, Old, New>(
        &self,
        subject: Option<&str>,
        old: impl FnOnce() -> Old,
        new: impl FnOnce() -> New,
    ) -> Result<T, E>
    where
        Old: Future<Output = Result<T, E>>,
        New: Future<Output = Result<T, E>>,
    {
        match self.side(subject) {
            Side::New => self.measure_async(Side::New, async { new().await }).await,
            Side::Old => self.measure_async(Side::Old, async { old().await }).await,
        }
    }

    fn side(&self, subject: Option<&str>) -> Side {
        let client = &self.recorder.shared.client;
        if client.use_new(self.key.as_str(), subject) {
            Side::New
        } else {
            Side::Old
        }
    }

    /// Runs a side and records it.
    pub(crate) fn measure<T, E>(
        &self,
        side: Side,
        run: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let call = Call::begin(self, side);
        let answer = run();
        call.end(answer.is_ok());
        answer
    }

    /// Runs a side that is a future and records it.
    pub(crate) async fn measure_async<T, E>(
        &self,
        side: Side,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let call = Call::begin(self, side);
        let answer = run.await;
        call.end(answer.is_ok());
        answer
    }
}

/// A call under way.
struct Call<'a> {
    module: &'a Module,
    side: Side,
    begun: Instant,
    ended: bool,
}

impl<'a> Call<'a> {
    fn begin(module: &'a Module, side: Side) -> Self {
        Self {
            module,
            side,
            begun: Instant::now(),
            ended: false,
        }
    }

    fn end(mut self, ok: bool) {
        self.ended = true;
        self.module.record(self.side, ok, self.begun.elapsed());
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        // A future that is dropped says nothing of its side, a panic does.
        if !self.ended && std::thread::panicking() {
            let took = self.begun.elapsed();
            self.module.record(self.side, false, took);
        }
    }
}
