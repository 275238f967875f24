//! The soak clock: it counts time with data, pauses without, and starts anew after a FAIL.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::evidence::Outcome;
use crate::plan_items::Step;
use crate::schedule::HOUR;
use crate::schedule::projection::DataShare;

/// A stretch of time (a minute, an hour) and what was known in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its begin.
    pub from: Timestamp,
    /// Its end, exclusive.
    pub until: Timestamp,
    /// Whether new was used in it.
    pub data: bool,
    /// What the step's gates of errors said at its end.
    pub outcome: Outcome,
}

impl Span {
    fn counts(&self) -> bool {
        self.data && self.outcome == Outcome::Pass
    }
}

/// What the clock has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soaked {
    /// Milliseconds, since the last FAIL.
    pub milliseconds: i64,
    /// Whether the clock runs: it ran in the latest span, and that is not long over.
    pub counting: bool,
    /// The end of the last FAIL, where there was one.
    pub restarted: Option<Timestamp>,
    /// Which part of the time since the step began, or the last FAIL, was counted; `None` when nothing was.
    pub share: Option<DataShare>,
}

impl Soaked {
    /// A clock that has not begun.
    pub const NOTHING: Self = Self {
        milliseconds: 0,
        counting: false,
        restarted: None,
        share: None,
    };

    /// When so many milliseconds more are to be expected, if data come as they did; `None` while the clock stands.
    pub(super) fn ends(&self, left: i64, now: Timestamp) -> Option<Timestamp> {
        let share = self.share.filter(|_| self.counting)?;
        Some(now.plus(share.stretch(left)))
    }
}

/// Milliseconds that a step asks for.
pub(super) fn wanted(step: &Step) -> i64 {
    i64::from(step.soak_hours).saturating_mul(HOUR)
}

/// What the clock has counted from `since` (when the step began) to `now`. Spans may come in any order, overlap and leave
/// gaps; what lies outside is left out, and no time is counted twice.
///
/// A span counts when it has data and its outcome is PASS. A FAIL sets the clock to zero at its end.
pub fn soaked(spans: &[Span], since: Timestamp, now: Timestamp) -> Soaked {
    let now = now.max(since);
    let known = || spans.iter().filter(|span| span.from < span.until);
    let within = || known().filter(|span| span.from < now && span.until > since);
    let failed = within().filter(|span| span.outcome == Outcome::Fail);
    let restarted = failed.map(|span| span.until.min(now)).max();
    let begin = restarted.unwrap_or(since);

    let mut counted: Vec<(Timestamp, Timestamp)> = within()
        .filter(|span| span.counts())
        .map(|span| (span.from.max(begin), span.until.min(now)))
        .collect();
    counted.sort();
    let (mut milliseconds, mut reached) = (0, begin);
    for (from, until) in counted {
        milliseconds += until.since(from.max(reached)).max(0);
        reached = reached.max(until);
    }
    let latest = within().max_by_key(|span| (span.until, span.counts()));
    Soaked {
        milliseconds,
        // What ended longer ago than it lasted says nothing of now.
        counting: latest.is_some_and(|span| {
            span.counts() && now.since(span.until) <= span.until.since(span.from)
        }),
        restarted,
        share: share_of(milliseconds, now.since(begin)),
    }
}

fn share_of(counted: i64, passed: i64) -> Option<DataShare> {
    if counted <= 0 || passed <= 0 {
        return None;
    }
    let points = (i128::from(counted) * 10_000 / i128::from(passed)).clamp(1, 10_000);
    DataShare::from_basis_points(u16::try_from(points).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hour(at: i64, data: bool, outcome: Outcome) -> Span {
        Span {
            from: Timestamp(at * HOUR),
            until: Timestamp((at + 1) * HOUR),
            data,
            outcome,
        }
    }

    fn hours(spans: &[Span], since: i64, now: i64) -> i64 {
        soaked(spans, Timestamp(since * HOUR), Timestamp(now * HOUR)).milliseconds / HOUR
    }

    #[test]
    fn only_time_with_data_counts_and_a_failure_starts_anew() {
        use Outcome::{Fail, NoData, Pass};
        let mut spans = vec![
            hour(0, true, NoData),
            hour(1, true, Pass),
            hour(2, false, Pass),
            hour(3, true, Pass),
        ];
        assert_eq!(hours(&spans, 0, 4), 2);
        // Before the step, and to come, is left out.
        assert_eq!(hours(&spans, 2, 4), 1);
        assert_eq!(hours(&spans, 0, 2), 1);
        // The same time is counted once.
        spans.push(hour(3, true, Pass));
        assert_eq!(hours(&spans, 0, 9), 2);
        spans.push(hour(4, true, Fail));
        assert_eq!(hours(&spans, 0, 9), 0);
        spans.push(hour(5, true, Pass));
        spans.reverse();
        assert_eq!(hours(&spans, 0, 9), 1);
        let clock = soaked(&spans, Timestamp(0), Timestamp(7 * HOUR));
        assert_eq!(clock.restarted, Some(Timestamp(5 * HOUR)));
        assert_eq!(clock.share, DataShare::from_basis_points(5_000));
        assert!(clock.counting);
        assert_eq!(
            clock.ends(HOUR, Timestamp(7 * HOUR)),
            Some(Timestamp(9 * HOUR))
        );
        let silent = soaked(&spans, Timestamp(0), Timestamp(8 * HOUR));
        assert!(!silent.counting);
        spans.push(hour(6, false, NoData));
        let paused = soaked(&spans, Timestamp(0), Timestamp(7 * HOUR));
        assert_eq!(
            (paused.counting, paused.ends(HOUR, Timestamp(0))),
            (false, None)
        );
        assert_eq!(soaked(&[], Timestamp(0), Timestamp(9)), Soaked::NOTHING);
    }

    fn any_span() -> impl Strategy<Value = Span> {
        let outcome = prop::sample::select(Outcome::ALL.to_vec());
        (-50_i64..50, 0_i64..20, any::<bool>(), outcome).prop_map(|(from, lasts, data, outcome)| {
            Span {
                from: Timestamp(from),
                until: Timestamp(from + lasts),
                data,
                outcome,
            }
        })
    }

    proptest! {
        #[test]
        fn the_clock_never_runs_ahead_of_time(
            spans in prop::collection::vec(any_span(), 0..20), since in -60_i64..60, now in -60_i64..60,
        ) {
            let (since, now) = (Timestamp(since), Timestamp(now));
            let clock = soaked(&spans, since, now);
            let passed = now.since(clock.restarted.unwrap_or(since)).max(0);
            prop_assert!((0..=passed).contains(&clock.milliseconds), "{clock:?} of {passed}");
            // Counted instant by instant.
            let last_fail = spans.iter().filter(|span| span.outcome == Outcome::Fail && span.from < span.until)
                .filter(|span| span.from < now && span.until > since)
                .map(|span| span.until.min(now)).max().unwrap_or(since).max(since);
            let counted = (last_fail.0..now.0).filter(|at| spans.iter().any(|span| {
                span.counts() && (span.from.0..span.until.0).contains(at)
            })).count();
            prop_assert_eq!(clock.milliseconds, i64::try_from(counted).unwrap());
        }
    }
}
