//! When the remaining steps of a module, and the end of a phase, are to be expected if nothing goes wrong.

use flags::FlagState;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::phases::{PhaseDates, days_between};
use super::{HOUR, civil};
use crate::Timestamp;
use crate::plan_items::Step;

/// The share of time with data, in basis points (1..=10000). The soak clock counts only such time, so that less of it
/// makes a soak longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataShare(u16);

impl DataShare {
    /// Data all the time.
    pub const ALL: Self = Self(10_000);

    /// A share in basis points; `None` for 0 and above 10000.
    pub fn from_basis_points(basis_points: u16) -> Option<Self> {
        (1..=10_000)
            .contains(&basis_points)
            .then_some(Self(basis_points))
    }

    /// Milliseconds on the wall until the soak clock has counted so many.
    pub(crate) fn stretch(self, milliseconds: i64) -> i64 {
        let stretched = i128::from(milliseconds) * 10_000 / i128::from(self.0);
        i64::try_from(stretched).unwrap_or(i64::MAX)
    }

    /// Milliseconds that the soak clock counts in so many on the wall.
    fn counted(self, milliseconds: i64) -> i64 {
        let counted = i128::from(milliseconds) * i128::from(self.0) / 10_000;
        i64::try_from(counted).unwrap_or(i64::MAX)
    }
}

/// Where a module stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its stored state.
    pub state: FlagState,
    /// When it came there.
    pub since: Timestamp,
    /// Milliseconds that the soak clock has counted there; `None` estimates it from the time passed and the share.
    pub soaked: Option<i64>,
    /// Before which instant its first step may not be: the begin of its phase, if that has one.
    pub not_before: Option<Timestamp>,
}

/// A step to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectedStep {
    /// Its place in the template.
    pub position: u32,
    /// What it brings the module to.
    pub state: FlagState,
    /// When it is to be expected; `None` when windows keep it closed for longer than was looked.
    pub at: Option<Timestamp>,
}

/// What is to be expected of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Steps above where it stands, in order.
    pub steps: Vec<ProjectedStep>,
    /// When the last step has soaked: to come, or past for a module that is through. `None` when a step has no instant,
    /// or the template has no steps.
    pub end: Option<Timestamp>,
}

/// Projects a module along its template: what is still to soak, then each step as soon as promotions are open.
///
/// `open_from` answers with the first instant from the given one on in which promotions of the module are open (on the
/// server a timetable's `open_from`), and `None` when it sees none.
pub fn project(
    steps: &[Step],
    standing: &Standing,
    share: DataShare,
    now: Timestamp,
    open_from: impl Fn(Timestamp) -> Option<Timestamp>,
) -> Projection {
    let mut ordered: Vec<_> = steps.iter().collect();
    ordered.sort_by_key(|step| (step.state.rank(), step.position));
    let through = ordered.partition_point(|step| step.state.rank() <= standing.state.rank());
    let (done, ahead) = ordered.split_at(through);

    // The step that it is at asks for its soak even when somebody raised the exposure a little by hand.
    let mut ready = Some(match done.last() {
        Some(step) => soaked_at(step, standing, share, now),
        None => now.max(standing.not_before.unwrap_or(now)),
    });
    let mut projected = Vec::with_capacity(ahead.len());
    for step in ahead {
        // A step is never in the past, however long ago the soak was done.
        let at = ready.and_then(|ready| open_from(ready.max(now)));
        projected.push(ProjectedStep {
            position: step.position,
            state: step.state,
            at,
        });
        ready = at.map(|at| at.plus(share.stretch(soak(step))));
    }
    Projection {
        steps: projected,
        end: ready.filter(|_| !ordered.is_empty()),
    }
}

fn soak(step: &Step) -> i64 {
    i64::from(step.soak_hours).saturating_mul(HOUR)
}

/// When the step that a module is at has soaked; past when it has.
fn soaked_at(step: &Step, standing: &Standing, share: DataShare, now: Timestamp) -> Timestamp {
    let passed = now.since(standing.since).max(0);
    let soaked = standing.soaked.unwrap_or_else(|| share.counted(passed));
    let left = soak(step).saturating_sub(soaked);
    if left > 0 {
        return now.plus(share.stretch(left));
    }
    // When it was done is not recorded; without pauses it was then.
    now.min(standing.since.plus(share.stretch(soak(step))))
}

/// How a phase is expected to run beside its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseProjection {
    /// The first day with a promotion, made or expected.
    pub start: Option<Date>,
    /// The last day, inclusive: when the latest module has soaked.
    pub end: Option<Date>,
    /// The instant of that.
    pub end_at: Option<Timestamp>,
    /// Days that the start is behind the plan; negative when ahead.
    pub start_days_behind: Option<i32>,
    /// Days that the end is behind the plan; negative when ahead.
    pub end_days_behind: Option<i32>,
}

/// Projects a phase from its modules.
///
/// `first` is its first promotion, made or expected, `ends` the end of each module ([`Projection::end`], or when it was
/// retired). One that cannot be told makes the phase's end untold; so does a phase without modules. `planned` is the
/// baseline.
pub fn project_phase(
    first: Option<Timestamp>,
    ends: impl IntoIterator<Item = Option<Timestamp>>,
    planned: Option<PhaseDates>,
    zone: &TimeZone,
) -> PhaseProjection {
    let ends: Option<Vec<Timestamp>> = ends.into_iter().collect();
    let end_at = ends.and_then(|ends| ends.into_iter().max());
    let start = first.map(|at| civil(at, zone).date());
    // What ends at midnight sharp ends with the day before.
    let end = end_at.map(|at| civil(at.plus(-1), zone).date());
    let behind =
        |planned: Option<Date>, expected: Option<Date>| Some(days_between(planned?, expected?));
    PhaseProjection {
        start,
        end,
        end_at,
        start_days_behind: behind(planned.map(|dates| dates.start), start),
        end_days_behind: behind(planned.map(|dates| dates.end), end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan_items::default_steps;
    use jiff::civil::date;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn at(hours: i64) -> Timestamp {
        NOW.plus(hours * HOUR)
    }

    fn standing(state: FlagState, since: Timestamp) -> Standing {
        Standing {
            state,
            since,
            soaked: None,
            not_before: None,
        }
    }

    fn hours(projection: &Projection) -> Vec<i64> {
        let instants = projection.steps.iter().map(|step| step.at);
        instants
            .chain([projection.end])
            .map(|at| at.unwrap().since(NOW) / HOUR)
            .collect()
    }

    #[test]
    fn each_step_follows_the_soak_before_it() {
        let steps = default_steps();
        let mut from = standing(FlagState::OLD_ONLY, NOW);
        let all = project(&steps, &from, DataShare::ALL, NOW, Some);
        assert_eq!(hours(&all), [0, 24, 72, 120, 288]);
        from.not_before = Some(at(10));
        let later = project(&steps, &from, DataShare::ALL, NOW, Some);
        assert_eq!(hours(&later), [10, 34, 82, 130, 298]);
        from.not_before = Some(at(-10));
        assert_eq!(project(&steps, &from, DataShare::ALL, NOW, Some), all);
    }

    #[test]
    fn what_has_soaked_counts_and_little_data_stretches_the_rest() {
        let steps = default_steps();
        let mut at_validate = standing(FlagState::BOTH_VALIDATE, at(-20));
        let expected = project(&steps, &at_validate, DataShare::ALL, NOW, Some);
        assert_eq!(hours(&expected), [4, 52, 100, 268]);
        let half = DataShare::from_basis_points(5_000).unwrap();
        // 10 of 24 hours were counted: 14 are left and take 28, the others twice their time.
        let expected = project(&steps, &at_validate, half, NOW, Some);
        assert_eq!(hours(&expected), [28, 124, 220, 556]);
        at_validate.soaked = Some(30 * HOUR);
        let expected = project(&steps, &at_validate, DataShare::ALL, NOW, Some);
        assert_eq!(hours(&expected), [0, 48, 96, 264]);
        assert_eq!(DataShare::from_basis_points(0), None);
        assert_eq!(DataShare::from_basis_points(10_001), None);
    }

    #[test]
    fn a_step_waits_for_promotions_to_open() {
        let steps = default_steps();
        let from = standing(FlagState::OLD_ONLY, NOW);
        // Closed from hour 20 to 50.
        let open = |ready: Timestamp| {
            let closed = (at(20)..at(50)).contains(&ready);
            Some(if closed { at(50) } else { ready })
        };
        let expected = project(&steps, &from, DataShare::ALL, NOW, open);
        assert_eq!(hours(&expected), [0, 50, 98, 146, 314]);
        let never = project(&steps, &from, DataShare::ALL, NOW, |_| None);
        assert!(never.steps.iter().all(|step| step.at.is_none()));
        assert_eq!((never.steps.len(), never.end), (4, None));
    }

    #[test]
    fn a_module_that_is_through_ended_when_it_had_soaked() {
        let steps = default_steps();
        let through = standing(FlagState::NEW_ONLY, at(-200));
        let past = project(&steps, &through, DataShare::ALL, NOW, |_| None);
        assert_eq!((past.steps.len(), past.end), (0, Some(at(-32))));
        let soaking = standing(FlagState::NEW_ONLY, at(-100));
        let soon = project(&steps, &soaking, DataShare::ALL, NOW, |_| None);
        assert_eq!(soon.end, Some(at(68)));
        assert_eq!(project(&[], &through, DataShare::ALL, NOW, Some).end, None);
    }

    #[test]
    fn a_phase_ends_with_its_latest_module_beside_its_plan() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let instant =
            |day, hour| super::super::instant(date(2026, 12, day).at(hour, 0, 0, 0), &zone);
        let planned = PhaseDates {
            phase: 1,
            start: date(2026, 12, 1),
            end: date(2026, 12, 14),
        };
        let ends = [Some(instant(10, 9)), Some(instant(17, 0))];
        let told = project_phase(Some(instant(1, 0)), ends, Some(planned), &zone);
        assert_eq!(told.end, Some(date(2026, 12, 16)));
        assert_eq!(
            (told.start_days_behind, told.end_days_behind),
            (Some(0), Some(2))
        );
        let early = project_phase(None, [Some(instant(10, 9))], Some(planned), &zone);
        assert_eq!(
            (early.start_days_behind, early.end_days_behind),
            (None, Some(-4))
        );
        let untold = project_phase(None, [Some(instant(10, 9)), None], Some(planned), &zone);
        assert_eq!((untold.end_at, untold.end_days_behind), (None, None));
        assert_eq!(project_phase(None, [], Some(planned), &zone).end, None);
    }
}
