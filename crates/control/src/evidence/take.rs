//! Taking reports in.

use std::collections::{BTreeMap, HashSet};

use domain::refusal::FieldError;
use domain::{Key, Refusal, Timestamp};
use flags::report::{Compared, Comparison};
use flags::{LatencySketch, Side};

use super::{Bucket, DAY, HOUR, MINUTE, Resolution};
use crate::instances::Place;
use crate::store::{
    Connection, Lane, StoreError, batches, comparisons, in_transaction, samples, series,
};
use crate::{CommandError, Control};

/// How far ahead of ours a clock may be, and how far behind where it says what it shows.
const CLOCK_SLACK: i64 = 5 * MINUTE;
/// How old the newest point may be where the sender's clock is not known.
const NEWEST: i64 = HOUR;
/// How old any point may be.
const OLDEST: i64 = DAY;

/// Uses of one side of a module within a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The module.
    pub module: Key,
    /// The side that served.
    pub side: Side,
    /// Any instant of the minute.
    pub at: Timestamp,
    /// Uses, failed ones too.
    pub uses: u64,
    /// Of them, those that failed; at most as many.
    pub errors: u64,
    /// How long they took, where that is known.
    pub latency: LatencySketch,
}

/// What the sender's clock showed when it sent, where it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocked(pub Option<Timestamp>);

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Entries that were counted; none of a report that was counted before.
    pub accepted: usize,
    /// Whether it was counted before.
    pub duplicate: bool,
    /// Modules that the migration does not have: their entries were left out.
    pub unknown_modules: Vec<String>,
}

impl Control {
    /// Counts what services served, once per batch.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when a clock must be wrong, with ours in it; entries of unknown modules are left out and named.
    pub async fn take_samples(
        &self,
        place: &Place,
        batch: Option<&str>,
        clock: Clocked,
        points: Vec<Point>,
    ) -> Result<Taken, CommandError> {
        self.check_times(clock, points.iter().map(|point| point.at))?;
        let (known, mut taken) = self.known(place, points, |point| point.module.as_str())?;
        let mut minutes: BTreeMap<(Key, bool, Timestamp), Bucket> = BTreeMap::new();
        for point in known {
            let at = Resolution::Minute.start(point.at);
            let bucket = minutes
                .entry((point.module, point.side.is_new(), at))
                .or_default();
            bucket.merge(&Bucket {
                minutes: 0,
                uses: point.uses,
                errors: point.errors.min(point.uses),
                latency: point.latency,
            });
        }
        let place = place.clone();
        taken.duplicate = !self
            .count_once(batch, &place.clone(), move |connection| {
                Box::pin(async move { add_samples(connection, &place, minutes).await })
            })
            .await?;
        Ok(taken.settled())
    }

    /// Counts what running old and new side by side found, once per batch.
    ///
    /// # Errors
    /// As [`Self::take_samples`].
    pub async fn take_comparisons(
        &self,
        place: &Place,
        batch: Option<&str>,
        clock: Clocked,
        found: Vec<Comparison>,
    ) -> Result<Taken, CommandError> {
        self.check_times(clock, found.iter().map(|one| Timestamp(one.at)))?;
        let (known, mut taken) = self.known(place, found, |one| one.module.as_str())?;
        let mut minutes: BTreeMap<(Key, Timestamp), Compared> = BTreeMap::new();
        for comparison in known {
            let Ok(module) = Key::parse(&comparison.module) else {
                continue;
            };
            let at = Resolution::Minute.start(Timestamp(comparison.at));
            minutes
                .entry((module, at))
                .or_default()
                .merge(&comparison.found);
        }
        let place = place.clone();
        taken.duplicate = !self
            .count_once(batch, &place.clone(), move |connection| {
                Box::pin(async move { add_comparisons(connection, &place, minutes).await })
            })
            .await?;
        Ok(taken.settled())
    }

    /// A clock that is wrong by hours would put what it saw where nobody looks for it.
    fn check_times(
        &self,
        Clocked(clock): Clocked,
        times: impl Iterator<Item = Timestamp> + Clone,
    ) -> Result<(), Refusal> {
        let now = self.clock().now();
        let refuse = |field: &str, what: String| {
            Err(Refusal::Invalid {
                fields: vec![FieldError {
                    field: field.into(),
                    message: format!(
                        "{what} The server's clock shows {}: set the sender's clock, and send it again.",
                        now.rfc3339()
                    ),
                }],
            })
        };
        if let Some(clock) = clock
            && clock.since(now).abs() > CLOCK_SLACK
        {
            return refuse(
                "Date",
                format!("The sender's clock shows {}.", clock.rfc3339()),
            );
        }
        let (Some(oldest), Some(newest)) = (times.clone().min(), times.max()) else {
            return Ok(());
        };
        if newest.since(now) > CLOCK_SLACK {
            return refuse(
                "at",
                format!(
                    "The newest entry is of {}, which is to come.",
                    newest.rfc3339()
                ),
            );
        }
        if clock.is_none() && now.since(newest) > NEWEST {
            return refuse(
                "at",
                format!(
                    "The newest entry is of {}, more than an hour ago. Whoever sends late says with a Date header what \
                     its clock shows.",
                    newest.rfc3339()
                ),
            );
        }
        if now.since(oldest) > OLDEST {
            return refuse(
                "at",
                format!(
                    "The oldest entry is of {}, more than a day ago, and is not counted any more.",
                    oldest.rfc3339()
                ),
            );
        }
        Ok(())
    }

    /// Entries of modules that there are.
    fn known<T>(
        &self,
        place: &Place,
        entries: Vec<T>,
        module: impl Fn(&T) -> &str,
    ) -> Result<(Vec<T>, Taken), Refusal> {
        let (migration, environment) = place;
        let published = self
            .snapshots()
            .get(migration, environment)
            .ok_or(Refusal::not_found("environment", environment.as_str()))?;
        let modules: HashSet<&str> = published
            .set
            .iter()
            .map(|flag| flag.module().as_str())
            .collect();
        let mut taken = Taken::default();
        let mut known = Vec::with_capacity(entries.len());
        for entry in entries {
            if modules.contains(module(&entry)) {
                known.push(entry);
            } else if !taken
                .unknown_modules
                .iter()
                .any(|one| one == module(&entry))
            {
                taken.unknown_modules.push(module(&entry).to_owned());
            }
        }
        taken.accepted = known.len();
        Ok((known, taken))
    }

    /// Runs `work` in a transaction that notes the batch; `false` when that was noted before, and nothing was done.
    async fn count_once<F>(
        &self,
        batch: Option<&str>,
        place: &Place,
        work: F,
    ) -> Result<bool, CommandError>
    where
        F: for<'c> FnOnce(
                &'c mut Connection,
            ) -> futures::future::BoxFuture<'c, Result<(), StoreError>>
            + Send
            + 'static,
    {
        let (batch, place) = (batch.map(ToOwned::to_owned), place.clone());
        let now = self.clock().now();
        let counted = self
            .inner()
            .store
            .evidence
            .run(Lane::Normal, move |connection| {
                Box::pin(async move {
                    in_transaction(connection, |connection| {
                        Box::pin(async move {
                            if let Some(batch) = batch
                                && !batches::note(connection, &place, &batch, now).await?
                            {
                                return Ok(false);
                            }
                            work(connection).await?;
                            Ok(true)
                        })
                    })
                    .await
                })
            })
            .await?;
        Ok(counted)
    }
}

impl Taken {
    /// Of a report that was counted before, nothing was counted now.
    fn settled(mut self) -> Self {
        if self.duplicate {
            self.accepted = 0;
        }
        self
    }
}

async fn add_samples(
    connection: &mut Connection,
    place: &Place,
    minutes: BTreeMap<(Key, bool, Timestamp), Bucket>,
) -> Result<(), StoreError> {
    let mut known = BTreeMap::new();
    // What the hours and days get, so that each is written once a report.
    let mut wider: BTreeMap<(Resolution, i64, bool, Timestamp), Bucket> = BTreeMap::new();
    for ((module, is_new, at), bucket) in minutes {
        let series = if let Some(series) = known.get(&module) {
            *series
        } else {
            let series = series::ensure(connection, place, &module).await?;
            known.insert(module, series);
            series
        };
        let side = side(is_new);
        let first = samples::add(connection, Resolution::Minute, series, side, at, &bucket).await?;
        let seen = Bucket {
            minutes: u64::from(first),
            ..bucket
        };
        for resolution in [Resolution::Hour, Resolution::Day] {
            wider
                .entry((resolution, series, is_new, resolution.start(at)))
                .or_default()
                .merge(&seen);
        }
    }
    for ((resolution, series, is_new, at), bucket) in wider {
        samples::add(connection, resolution, series, side(is_new), at, &bucket).await?;
    }
    Ok(())
}

async fn add_comparisons(
    connection: &mut Connection,
    place: &Place,
    minutes: BTreeMap<(Key, Timestamp), Compared>,
) -> Result<(), StoreError> {
    let mut all: BTreeMap<(Resolution, i64, Timestamp), Compared> = BTreeMap::new();
    for ((module, at), found) in minutes {
        let series = series::ensure(connection, place, &module).await?;
        for example in &found.examples {
            comparisons::note_mismatch(connection, series, example, at).await?;
        }
        for resolution in Resolution::ALL {
            all.entry((resolution, series, resolution.start(at)))
                .or_default()
                .merge(&found);
        }
    }
    for ((resolution, series, at), found) in all {
        comparisons::add(connection, resolution, series, at, &found).await?;
    }
    Ok(())
}

fn side(is_new: bool) -> Side {
    if is_new { Side::New } else { Side::Old }
}
