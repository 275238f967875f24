//! What services report of old and new, as JSON: samples of what was served, and comparisons of both side by side.
//!
//! `POST /api/v1/migrations/{migration}/samples` takes a [`SampleReport`]:
//!
//! ```json
//! {"batch": "5f0c61f2", "service": "orders", "instance": "orders-1", "samples": [
//!   {"module": "order_intake", "side": "new", "minute": 1800000000000, "uses": 412, "errors": 2, "latency": [[12.4, 409], [80.1, 3]]}]}
//! ```
//!
//! `POST /api/v1/migrations/{migration}/comparisons` takes a [`ComparisonReport`]:
//!
//! ```json
//! {"batch": "5f0c61f3", "service": "orders", "instance": "orders-1", "comparisons": [
//!   {"module": "order_intake", "at": 1800000000000, "matches": 98, "mismatches": 2,
//!    "old_errors": 0, "new_errors": 1, "new_panics": 0, "new_timeouts": 0, "dropped": 3,
//!    "old_latency_ns": {"count": 100, "sum": 5000000, "max": 90000}, "new_latency_ns": {"count": 100, "sum": 4000000, "max": 80000},
//!    "noise": {"compared": 10, "mismatches": 0, "log_ratio": {"count": 10, "mean": -0.1, "m2": 0.04}},
//!    "paired": {"both_ok": 99, "old_failed": 0, "new_failed": 1, "both_failed": 0},
//!    "log_ratio": {"count": 99, "mean": -0.22, "m2": 3.1}, "new_first": 50,
//!    "examples": [{"path": "total", "old": "a number", "new": "a text of 3 characters"}]}]}
//! ```
//!
//! Both are of one migration and one environment, which the token says. A minute may come in several reports, and several
//! times in one: they add up. What comes twice under one `batch` is the same report, sent again by somebody who heard no
//! answer, and counts once.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::{Key, LatencySketch, Moments, Side};

/// Samples in one report at most.
pub const MOST_SAMPLES: usize = 1_000;
/// Comparisons in one report at most.
pub const MOST_COMPARISONS: usize = 1_000;
/// Pairs of latency and count in one sample at most: more than a sketch has buckets.
pub const MOST_LATENCIES: usize = 2_000;
/// Calls of one entry at most: what one process serves of one module in one minute.
pub const MOST_CALLS: u64 = 1_000_000_000;
/// Examples of one comparison at most.
pub const MOST_EXAMPLES: usize = 10;
/// Longest text of an example, characters.
pub const LONGEST_EXAMPLE: usize = 200;
/// Longest name of a service or instance, characters.
pub const LONGEST_NAME: usize = 128;
/// Longest name of a batch, characters.
pub const LONGEST_BATCH: usize = 64;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Longest time in nanoseconds that can be stored.
const MOST_NANOSECONDS: u64 = i64::MAX.unsigned_abs();
/// A mean ratio of two latencies beyond its exponential is none: a nanosecond to an age of the world.
const MOST_LOG: f64 = 50.0;

/// What was served of both sides, added up per module, side and minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleReport {
    /// The sender's name for this report, unlike that of any other of its environment: 1 to 64 visible ASCII characters. Sent again
    /// under the same name, it is counted once.
    pub batch: String,
    /// Who served, 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Which process of it, 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// At most [`MOST_SAMPLES`].
    pub samples: Vec<Sample>,
}

/// One side of one module within one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The module's key.
    pub module: String,
    /// The side that served.
    pub side: Side,
    /// The start of the minute, milliseconds since 1970 (UTC).
    pub minute: i64,
    /// Calls, failed ones too; at most [`MOST_CALLS`].
    pub uses: u64,
    /// Calls that failed, at most as many as uses.
    #[serde(default)]
    pub errors: u64,
    /// Latencies in milliseconds and how often each, from a sketch or as measured; at most as many as uses, at most
    /// [`MOST_LATENCIES`] pairs. None for a sender that measures none.
    #[serde(default)]
    pub latency: Vec<(f64, u64)>,
}

/// What was found by running old and new side by side, added up per module and minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonReport {
    /// As in [`SampleReport`]; older senders have none, and what they send twice is counted twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Who compared, 1 to 128 characters.
    pub service: String,
    /// Which process of it, 1 to 128 characters.
    pub instance: String,
    /// At most [`MOST_COMPARISONS`].
    pub comparisons: Vec<Comparison>,
}

/// A module's comparisons within one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The module's key.
    pub module: String,
    /// The start of the minute, milliseconds since 1970 (UTC).
    pub at: i64,
    /// What was found.
    #[serde(flatten)]
    pub found: Compared,
}

/// What comparisons found. Each count is at most [`MOST_CALLS`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Calls in which both sides did the same: the same answer, or an error each.
    pub matches: u64,
    /// Calls in which they did not.
    pub mismatches: u64,
    /// Calls in which old failed.
    pub old_errors: u64,
    /// Calls in which new failed by an error.
    pub new_errors: u64,
    /// Calls in which new panicked; neither match nor mismatch.
    pub new_panics: u64,
    /// Calls in which new took too long; neither match nor mismatch.
    pub new_timeouts: u64,
    /// Calls that were not compared because there was no room, or because the answers could not be compared.
    pub dropped: u64,
    /// How long old took.
    pub old_latency_ns: Latency,
    /// How long new took where it ended in time.
    pub new_latency_ns: Latency,
    /// Old against old.
    pub noise: Noise,
    /// Both sides' errors, call by call; older senders have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired: Option<Paired>,
    /// Of the calls that both sides answered, ln(new's latency / old's); older senders have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_ratio: Option<Moments>,
    /// Calls in which new was set off before old; in all others old had ended before new began.
    #[serde(default)]
    pub new_first: u64,
    /// Some of the mismatches, at most [`MOST_EXAMPLES`].
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Latencies of one side, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// All of them together.
    pub sum: u64,
    /// The longest.
    pub max: u64,
}

/// Old against old: how often, and by how much, even the same code differs from itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Calls in which old ran twice.
    pub compared: u64,
    /// Those in which it did not do the same twice.
    pub mismatches: u64,
    /// Of those answered twice, ln(the second run's latency / the first's); older senders have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_ratio: Option<Moments>,
}

/// Which side failed, call by call: what `McNemar`'s test asks for. A panic of new and a time limit missed are failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// Calls that both answered.
    pub both_ok: u64,
    /// Calls in which old alone failed.
    pub old_failed: u64,
    /// Calls in which new alone failed.
    pub new_failed: u64,
    /// Calls in which both failed.
    pub both_failed: u64,
}

/// A place in which answers differ, with nothing of the data that must not leave the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Where in the answer, such as `lines.0.sku`; empty for the whole.
    pub path: String,
    /// What old has there.
    pub old: String,
    /// What new has there.
    pub new: String,
}

/// What is wrong with one part of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Refused {
    /// Where, such as `samples[3].errors`.
    pub path: String,
    /// What is wrong and what belongs there.
    pub message: String,
}

impl SampleReport {
    /// All that is wrong with it, entry by entry; nothing when it can be counted. Whether its minutes are of a time that is
    /// counted, and its modules are there, the server knows.
    pub fn validate(&self) -> Vec<Refused> {
        let mut found = Findings::default();
        found.batch(&self.batch);
        found.name("service", self.service.as_deref());
        found.name("instance", self.instance.as_deref());
        found.fits("samples", self.samples.len(), MOST_SAMPLES);
        for (place, sample) in self.samples.iter().enumerate().take(MOST_SAMPLES) {
            found.below(format!("samples[{place}]."), |found| sample.check(found));
        }
        found.refused
    }
}

impl Sample {
    /// Its latencies as a sketch.
    pub fn sketch(&self) -> LatencySketch {
        let pairs = self.latency.iter();
        pairs.map(|&(ms, count)| (ms / 1e3, count)).collect()
    }

    fn check(&self, found: &mut Findings) {
        found.module(&self.module);
        found.minute("minute", self.minute);
        found.count("uses", self.uses);
        if self.errors > self.uses {
            found.refuse("errors", "There are more errors than uses.");
        }
        found.fits("latency", self.latency.len(), MOST_LATENCIES);
        let is_time = |ms: f64| ms.is_finite() && ms >= 0.0;
        if !self.latency.iter().all(|&(ms, _)| is_time(ms)) {
            let why = "A latency is a number of milliseconds, 0 or more.";
            found.refuse("latency", why);
        }
        let counts = self.latency.iter().map(|(_, count)| *count);
        if counts.fold(0, u64::saturating_add) > self.uses {
            found.refuse("latency", "There are more latencies than uses.");
        }
    }
}

impl ComparisonReport {
    /// All that is wrong with it, entry by entry; nothing when it can be counted.
    pub fn validate(&self) -> Vec<Refused> {
        let mut found = Findings::default();
        if let Some(batch) = &self.batch {
            found.batch(batch);
        }
        found.name("service", Some(&self.service));
        found.name("instance", Some(&self.instance));
        found.fits("comparisons", self.comparisons.len(), MOST_COMPARISONS);
        for (place, comparison) in self.comparisons.iter().enumerate().take(MOST_COMPARISONS) {
            found.below(format!("comparisons[{place}]."), |found| {
                found.module(&comparison.module);
                found.minute("at", comparison.at);
                comparison.found.check(found);
            });
        }
        found.refused
    }
}

impl Compared {
    /// Calls that ran on both sides, whatever became of them.
    pub const fn calls(&self) -> u64 {
        self.matches
            .saturating_add(self.mismatches)
            .saturating_add(self.new_panics)
            .saturating_add(self.new_timeouts)
    }

    /// Adds what other comparisons of the module found; of examples, the first [`MOST_EXAMPLES`].
    pub fn merge(&mut self, other: &Self) {
        for (here, there) in [
            (&mut self.matches, other.matches),
            (&mut self.mismatches, other.mismatches),
            (&mut self.old_errors, other.old_errors),
            (&mut self.new_errors, other.new_errors),
            (&mut self.new_panics, other.new_panics),
            (&mut self.new_timeouts, other.new_timeouts),
            (&mut self.dropped, other.dropped),
            (&mut self.new_first, other.new_first),
        ] {
            *here = here.saturating_add(there);
        }
        self.old_latency_ns.merge(other.old_latency_ns);
        self.new_latency_ns.merge(other.new_latency_ns);
        self.noise.merge(&other.noise);
        if let Some(paired) = other.paired {
            self.paired.get_or_insert_default().merge(paired);
        }
        if let Some(ratios) = &other.log_ratio {
            self.log_ratio.get_or_insert_default().merge(ratios);
        }
        let room = MOST_EXAMPLES.saturating_sub(self.examples.len());
        self.examples
            .extend(other.examples.iter().take(room).cloned());
    }

    fn check(&self, found: &mut Findings) {
        for (field, count) in [
            ("matches", self.matches),
            ("mismatches", self.mismatches),
            ("old_errors", self.old_errors),
            ("new_errors", self.new_errors),
            ("new_panics", self.new_panics),
            ("new_timeouts", self.new_timeouts),
            ("dropped", self.dropped),
            ("new_first", self.new_first),
            ("noise.compared", self.noise.compared),
        ] {
            found.count(field, count);
        }
        for (field, latency) in [
            ("old_latency_ns", self.old_latency_ns),
            ("new_latency_ns", self.new_latency_ns),
        ] {
            let none = latency.count == 0 && (latency.sum > 0 || latency.max > 0);
            if none || latency.max > latency.sum || latency.sum > MOST_NANOSECONDS {
                found.refuse(field, "Max and sum do not go together with count.");
            }
        }
        if self.noise.mismatches > self.noise.compared {
            let why = "There are more mismatches than were compared.";
            found.refuse("noise.mismatches", why);
        }
        let calls = self.calls();
        let errors = self.old_errors.max(self.new_errors);
        if errors > calls.saturating_add(self.dropped) {
            let field = if self.old_errors == errors {
                "old_errors"
            } else {
                "new_errors"
            };
            found.refuse(field, "There are more errors than calls.");
        }
        if self.new_first > calls {
            found.refuse("new_first", "These are more than were called.");
        }
        if self.paired.is_some_and(|paired| paired.calls() > calls) {
            found.refuse("paired", "These are more than were called.");
        }
        found.moments("log_ratio", self.log_ratio, calls);
        let again = self.noise.compared;
        found.moments("noise.log_ratio", self.noise.log_ratio, again);
        found.fits("examples", self.examples.len(), MOST_EXAMPLES);
        let long = |text: &str| text.chars().count() > LONGEST_EXAMPLE;
        let long = |one: &Example| long(&one.path) || long(&one.old) || long(&one.new);
        if self.examples.iter().any(long) {
            let why = format!("A text is longer than {LONGEST_EXAMPLE} characters.");
            found.refuse("examples", why);
        }
    }
}

impl Latency {
    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

impl Noise {
    fn merge(&mut self, other: &Self) {
        self.compared = self.compared.saturating_add(other.compared);
        self.mismatches = self.mismatches.saturating_add(other.mismatches);
        if let Some(ratios) = &other.log_ratio {
            self.log_ratio.get_or_insert_default().merge(ratios);
        }
    }
}

impl Paired {
    fn merge(&mut self, other: Self) {
        self.both_ok = self.both_ok.saturating_add(other.both_ok);
        self.old_failed = self.old_failed.saturating_add(other.old_failed);
        self.new_failed = self.new_failed.saturating_add(other.new_failed);
        self.both_failed = self.both_failed.saturating_add(other.both_failed);
    }

    /// Counts one call.
    pub const fn add(&mut self, old_failed: bool, new_failed: bool) {
        let counted = match (old_failed, new_failed) {
            (false, false) => &mut self.both_ok,
            (true, false) => &mut self.old_failed,
            (false, true) => &mut self.new_failed,
            (true, true) => &mut self.both_failed,
        };
        *counted = counted.saturating_add(1);
    }

    /// All calls.
    pub const fn calls(&self) -> u64 {
        self.both_ok
            .saturating_add(self.old_failed)
            .saturating_add(self.new_failed)
            .saturating_add(self.both_failed)
    }
}

/// What was found so far, and where it is being looked.
#[derive(Default)]
struct Findings {
    refused: Vec<Refused>,
    /// What the path of a field begins with.
    before: String,
}

impl Findings {
    fn refuse(&mut self, field: &str, message: impl Display) {
        self.refused.push(Refused {
            path: format!("{}{field}", self.before),
            message: message.to_string(),
        });
    }

    fn below(&mut self, before: String, look: impl FnOnce(&mut Self)) {
        self.before = before;
        look(self);
        self.before.clear();
    }

    fn batch(&mut self, batch: &str) {
        let visible = batch.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(1..=LONGEST_BATCH).contains(&batch.len()) {
            let why = format!("Send 1 to {LONGEST_BATCH} visible ASCII characters.");
            self.refuse("batch", why);
        }
    }

    fn name(&mut self, field: &str, name: Option<&str>) {
        let length = name.map(|name| name.chars().count());
        if length.is_some_and(|length| !(1..=LONGEST_NAME).contains(&length)) {
            self.refuse(field, format!("Send 1 to {LONGEST_NAME} characters."));
        }
    }

    fn fits(&mut self, field: &str, length: usize, most: usize) {
        if length > most {
            self.refuse(field, format!("Send at most {most} at once."));
        }
    }

    fn module(&mut self, module: &str) {
        if let Err(why) = Key::parse(module) {
            self.refuse("module", format!("{why}."));
        }
    }

    fn minute(&mut self, field: &str, at: i64) {
        if at < 0 || at % MINUTE_MS != 0 {
            let why = "This is the start of a minute, in milliseconds since 1970.";
            self.refuse(field, why);
        }
    }

    fn count(&mut self, field: &str, count: u64) {
        if count > MOST_CALLS {
            self.refuse(field, format!("This is at most {MOST_CALLS}."));
        }
    }

    fn moments(&mut self, field: &str, moments: Option<Moments>, most: u64) {
        let Some(moments) = moments else { return };
        if !moments.is_possible() || moments.mean.abs() > MOST_LOG || moments.count > most {
            let why = "Count, mean and m2 do not go together, or there are more than calls.";
            self.refuse(field, why);
        }
    }
}

#[cfg(test)]
mod tests;
