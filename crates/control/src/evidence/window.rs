//! What was seen of a module over a window, as its gates ask for it.

use domain::evidence::gates::{Comparisons, ModuleEvidence, PairedErrors, Pairs};
use domain::evidence::{LogMoments, SideWindow, Tally};
use domain::{Key, Timestamp};
use flags::report::Compared;
use flags::{Moments, Side};

use super::{Bucket, DAY, Resolution};
use crate::instances::Place;
use crate::store::{Connection, StoreError, comparisons, samples, series};

/// How far back minutes are asked; what began earlier is asked by the hour, from its first whole hour on.
const BY_THE_MINUTE: i64 = 2 * DAY;

/// What was seen since an instant. The minute in which it is counts only from its end on: what was served before a change
/// says nothing of what it led to.
pub(crate) async fn since(
    connection: &mut Connection,
    place: &Place,
    module: &Key,
    since: Timestamp,
    now: Timestamp,
) -> Result<ModuleEvidence, StoreError> {
    let Some(series) = series::find(connection, place, module).await? else {
        return Ok(ModuleEvidence::default());
    };
    let resolution = if now.since(since) <= BY_THE_MINUTE {
        Resolution::Minute
    } else {
        Resolution::Hour
    };
    let from = first_whole(resolution, since);
    let to = Timestamp(i64::MAX);
    let rows = samples::of_series(connection, resolution, series, from, to).await?;
    let mut sides = [Bucket::default(), Bucket::default()];
    for row in &rows {
        let [old, new] = &mut sides;
        match row.side {
            Side::Old => old.merge(&row.bucket),
            Side::New => new.merge(&row.bucket),
        }
    }
    let mut found = Compared::default();
    for (_, one) in comparisons::of_series(connection, resolution, series, from, to).await? {
        found.merge(&one);
    }
    let [old, new] = sides;
    Ok(ModuleEvidence {
        old: side(&old),
        // While both sides are run beside each other, what new does is told by the comparisons alone.
        new: with_compared(side(&new), &found),
        comparisons: compared(&found),
        paired_errors: found.paired.map(|paired| PairedErrors {
            pairs: paired.calls(),
            new_alone: paired.new_failed,
            old_alone: paired.old_failed,
            both: paired.both_failed,
        }),
        paired_latency: found.log_ratio.as_ref().and_then(log_moments),
        ..ModuleEvidence::default()
    })
}

/// The begin of the first minute or hour that lies after an instant as a whole.
pub(crate) fn first_whole(resolution: Resolution, at: Timestamp) -> Timestamp {
    let start = resolution.start(at);
    if start == at {
        at
    } else {
        start.plus(resolution.length())
    }
}

fn side(bucket: &Bucket) -> SideWindow {
    SideWindow {
        tally: Tally {
            uses: bucket.uses,
            errors: bucket.errors,
        },
        latency: log_moments(&bucket.latency.log_moments()),
    }
}

fn with_compared(served: SideWindow, found: &Compared) -> SideWindow {
    let failed = found
        .new_errors
        .saturating_add(found.new_panics)
        .saturating_add(found.new_timeouts);
    let beside = Tally {
        uses: found.calls(),
        errors: failed.min(found.calls()),
    };
    SideWindow {
        tally: served.tally.plus(beside),
        ..served
    }
}

fn compared(found: &Compared) -> Option<Comparisons> {
    let new = Pairs {
        compared: found.matches.saturating_add(found.mismatches),
        mismatches: found.mismatches,
    };
    let control = Pairs {
        compared: found.noise.compared,
        mismatches: found.noise.mismatches,
    };
    (new.compared > 0).then(|| Comparisons {
        new,
        control: (control.compared > 0).then_some(control),
        known: Vec::new(),
    })
}

fn log_moments(moments: &Moments) -> Option<LogMoments> {
    (moments.count > 0).then(|| LogMoments {
        count: moments.count,
        mean: moments.mean,
        variance: moments.variance().unwrap_or_default(),
    })
}
