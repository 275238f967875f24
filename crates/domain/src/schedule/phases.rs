//! Dependencies between phases, and moving phases on the calendar.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::in_calendar;
use crate::{Phase, PhaseNumber, Refusal};

/// When a phase is: civil dates in the migration's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseDates {
    /// Which phase.
    pub phase: PhaseNumber,
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
}

impl PhaseDates {
    /// The dates of a phase that has both.
    pub fn of(phase: &Phase) -> Option<Self> {
        Some(Self {
            phase: phase.number,
            start: phase.start?,
            end: phase.end?,
        })
    }
}

/// `phase` may begin only when `needs` has ended: on the day after its last, or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dependency {
    /// The phase that waits.
    pub phase: PhaseNumber,
    /// The phase that it waits for.
    pub needs: PhaseNumber,
}

/// A dependency that the dates do not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error(
    "Phase {phase} starts on {starts}, but needs phase {needs}: it can start on {earliest} at the earliest."
)]
pub struct Broken {
    /// The phase that starts too early.
    pub phase: PhaseNumber,
    /// The phase that it needs.
    pub needs: PhaseNumber,
    /// When it starts.
    pub starts: Date,
    /// The first day that this dependency allows.
    pub earliest: Date,
}

impl Broken {
    /// Days that are missing, at least 1.
    fn short_by(&self) -> i32 {
        days_between(self.starts, self.earliest)
    }
}

/// The dependencies that the dates do not keep, in the order given. Phases without dates break nothing.
pub fn check_dependencies(phases: &[PhaseDates], dependencies: &[Dependency]) -> Vec<Broken> {
    let dates: BTreeMap<_, _> = phases.iter().map(|dates| (dates.phase, dates)).collect();
    dependencies
        .iter()
        .filter_map(|dependency| {
            let waits = dates.get(&dependency.phase)?;
            let needed = dates.get(&dependency.needs)?;
            (waits.start <= needed.end).then(|| Broken {
                phase: dependency.phase,
                needs: dependency.needs,
                starts: waits.start,
                earliest: needed.end.saturating_add(1.day()),
            })
        })
        .collect()
}

/// The dependencies that are broken after a change and were not before it, or were broken by fewer days. What was
/// broken before and is not broken further stands in no change's way.
pub fn newly_broken(
    before: (&[PhaseDates], &[Dependency]),
    after: (&[PhaseDates], &[Dependency]),
) -> Vec<Broken> {
    let known = check_dependencies(before.0, before.1);
    check_dependencies(after.0, after.1)
        .into_iter()
        .filter(|now| {
            let was = |was: &&Broken| (was.phase, was.needs) == (now.phase, now.needs);
            let was = known.iter().find(was);
            was.is_none_or(|was| now.short_by() > was.short_by())
        })
        .collect()
}

/// Why a dependency was not added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DependencyRefused {
    /// Of a phase on itself.
    #[error("Phase {0} cannot need itself. Choose another phase.")]
    OnItself(PhaseNumber),
    /// It is there.
    #[error("Phase {} needs phase {} already.", .0.phase, .0.needs)]
    Known(Dependency),
    /// The other needs this one, maybe through others.
    #[error("That would be a circle: {}. Remove one of these first.", circle(.0))]
    Circle(Vec<PhaseNumber>),
}

impl From<DependencyRefused> for Refusal {
    fn from(refused: DependencyRefused) -> Self {
        Self::field("needs", refused.to_string())
    }
}

/// "phase 1 needs 3, which needs 1".
fn circle(path: &[PhaseNumber]) -> String {
    let Some((first, others)) = path.split_first() else {
        return String::new();
    };
    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
    format!("phase {first} needs {}", others.join(", which needs "))
}

/// Whether a dependency can join the others.
///
/// # Errors
/// It is of a phase on itself, known, or closes a circle (the path, beginning and ending with its phase).
pub fn check_new_dependency(
    dependencies: &[Dependency],
    new: Dependency,
) -> Result<(), DependencyRefused> {
    if new.phase == new.needs {
        return Err(DependencyRefused::OnItself(new.phase));
    }
    if dependencies.contains(&new) {
        return Err(DependencyRefused::Known(new));
    }
    // Breadth first, so that the circle told is a shortest one.
    let mut reached_from = BTreeMap::new();
    let mut next = std::collections::VecDeque::from([new.needs]);
    while let Some(at) = next.pop_front() {
        if at == new.phase {
            let mut path = vec![at];
            let mut back = at;
            while let Some(from) = reached_from.get(&back) {
                back = *from;
                path.push(back);
                if back == new.needs {
                    break;
                }
            }
            path.push(new.phase);
            path.reverse();
            return Err(DependencyRefused::Circle(path));
        }
        for dependency in dependencies.iter().filter(|known| known.phase == at) {
            if dependency.needs != new.needs && !reached_from.contains_key(&dependency.needs) {
                reached_from.insert(dependency.needs, at);
                next.push_back(dependency.needs);
            }
        }
    }
    Ok(())
}

/// What the phases that need a moved one do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Following {
    /// Keep their dates.
    Stay,
    /// Move by as many days as the end of the moved phase does.
    MoveAlong,
}

impl Following {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stay, Self::MoveAlong];

    /// The word in JSON and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::MoveAlong => "move_along",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|following| following.as_str() == word)
    }
}

/// One phase, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Which.
    pub phase: PhaseNumber,
    /// Its dates before.
    pub from: PhaseDates,
    /// Its dates after.
    pub to: PhaseDates,
}

/// What a move amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// Every phase whose dates change, by number; empty when the dates are as asked already.
    pub moved: Vec<Moved>,
    /// Dependencies that the move breaks or breaks further; only when overriding.
    pub broken: Vec<Broken>,
}

/// Why a phase was not moved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoveRefused {
    /// It has no dates.
    #[error("Phase {0} has no dates yet. Give it a first and a last day first.")]
    NoDates(PhaseNumber),
    /// It would end before it starts.
    #[error("The phase would end on {end}, before it starts on {start}. Choose a later end.")]
    EndBeforeStart {
        /// First day asked for.
        start: Date,
        /// Last day asked for.
        end: Date,
    },
    /// Years nobody plans for.
    #[error(
        "Phase {phase} would be on {day}, outside of 1970-01-01 to 2200-12-31. Choose a day within."
    )]
    OutsideCalendar {
        /// Which phase: the one moved, or one that moves along.
        phase: PhaseNumber,
        /// The day.
        day: Date,
    },
    /// Dependencies would no longer be kept.
    #[error("{}", told(.0))]
    Breaks(Vec<Broken>),
}

fn told(broken: &[Broken]) -> String {
    let told: Vec<_> = broken.iter().map(ToString::to_string).collect();
    told.join(" ")
}

impl MoveRefused {
    /// The first day on which the phase may start by all its broken dependencies; `None` when none of them is its own.
    pub fn earliest_start(&self, phase: PhaseNumber) -> Option<Date> {
        let Self::Breaks(broken) = self else {
            return None;
        };
        broken
            .iter()
            .filter(|broken| broken.phase == phase)
            .map(|broken| broken.earliest)
            .max()
    }
}

impl From<MoveRefused> for Refusal {
    fn from(refused: MoveRefused) -> Self {
        if let MoveRefused::Breaks(broken) = &refused {
            return Self::breaks_dependency(broken);
        }
        let field = match refused {
            MoveRefused::EndBeforeStart { .. } => "end",
            _ => "start",
        };
        Self::field(field, refused.to_string())
    }
}

/// Judges new dates for a phase. `overriding` lets a move break dependencies, which are then in the answer.
///
/// With [`Following::MoveAlong`] every phase that needs it, through others too, is shifted by as many days as its end.
/// A dependency that was broken before and is not broken further stands in no move's way.
///
/// # Errors
/// [`MoveRefused`] says what is wrong and, for a broken dependency, the earliest start.
pub fn move_phase(
    phases: &[PhaseDates],
    dependencies: &[Dependency],
    phase: PhaseNumber,
    new_start: Date,
    new_end: Date,
    following: Following,
    overriding: bool,
) -> Result<Moves, MoveRefused> {
    let before = phases
        .iter()
        .find(|dates| dates.phase == phase)
        .ok_or(MoveRefused::NoDates(phase))?;
    for day in [new_start, new_end] {
        if !in_calendar(day) {
            return Err(MoveRefused::OutsideCalendar { phase, day });
        }
    }
    if new_end < new_start {
        return Err(MoveRefused::EndBeforeStart {
            start: new_start,
            end: new_end,
        });
    }
    let days = days_between(before.end, new_end);
    let along = match following {
        Following::Stay => BTreeSet::new(),
        Following::MoveAlong => needing(dependencies, phase),
    };
    let mut after = phases.to_vec();
    let mut moved = Vec::new();
    for dates in &mut after {
        let from = *dates;
        if dates.phase == phase {
            (dates.start, dates.end) = (new_start, new_end);
        } else if along.contains(&dates.phase) {
            dates.start = dates.start.saturating_add(days.days());
            dates.end = dates.end.saturating_add(days.days());
            for day in [dates.start, dates.end] {
                if !in_calendar(day) {
                    let phase = dates.phase;
                    return Err(MoveRefused::OutsideCalendar { phase, day });
                }
            }
        }
        if from != *dates {
            moved.push(Moved {
                phase: from.phase,
                from,
                to: *dates,
            });
        }
    }
    let broken = newly_broken((phases, dependencies), (&after, dependencies));
    if !broken.is_empty() && !overriding {
        return Err(MoveRefused::Breaks(broken));
    }
    moved.sort_unstable_by_key(|moved| moved.phase);
    Ok(Moves { moved, broken })
}

/// The phases that need `phase`, through others too; never itself.
fn needing(dependencies: &[Dependency], phase: PhaseNumber) -> BTreeSet<PhaseNumber> {
    let mut found = BTreeSet::new();
    let mut next = vec![phase];
    while let Some(at) = next.pop() {
        for dependency in dependencies.iter().filter(|known| known.needs == at) {
            if dependency.phase != phase && found.insert(dependency.phase) {
                next.push(dependency.phase);
            }
        }
    }
    found
}

/// Days from one date to another; negative when the other is earlier.
pub(super) fn days_between(from: Date, to: Date) -> i32 {
    let days = from.duration_until(to).as_hours() / 24;
    i32::try_from(days).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn dates(phase: PhaseNumber, start: i8, end: i8) -> PhaseDates {
        PhaseDates {
            phase,
            start: date(2026, 12, start),
            end: date(2026, 12, end),
        }
    }

    fn needs(phase: PhaseNumber, needs: PhaseNumber) -> Dependency {
        Dependency { phase, needs }
    }

    fn three() -> ([PhaseDates; 3], [Dependency; 2]) {
        (
            [dates(1, 1, 7), dates(2, 8, 14), dates(3, 15, 21)],
            [needs(2, 1), needs(3, 2)],
        )
    }

    #[test]
    fn a_phase_that_needs_another_starts_on_the_day_after_its_last() {
        let (mut phases, dependencies) = three();
        assert_eq!(check_dependencies(&phases, &dependencies), []);
        phases[0].end = date(2026, 12, 8);
        let [broken] = check_dependencies(&phases, &dependencies)[..] else {
            panic!("one is broken");
        };
        assert_eq!(
            broken.to_string(),
            "Phase 2 starts on 2026-12-08, but needs phase 1: it can start on 2026-12-09 at the earliest."
        );
    }

    #[test]
    fn no_dependency_closes_a_circle() {
        let (_, known) = three();
        assert_eq!(check_new_dependency(&known, needs(3, 1)), Ok(()));
        let told = |new| check_new_dependency(&known, new).unwrap_err().to_string();
        assert!(told(needs(2, 2)).contains("cannot need itself"));
        assert!(told(needs(2, 1)).contains("needs phase 1 already"));
        assert!(told(needs(1, 2)).contains("phase 1 needs 2, which needs 1"));
        assert!(told(needs(1, 3)).contains("phase 1 needs 3, which needs 2, which needs 1."));
    }

    #[test]
    fn what_needs_a_phase_moves_along_by_as_many_days() {
        let (phases, dependencies) = three();
        let (start, end) = (date(2026, 12, 3), date(2026, 12, 10));
        let along = Following::MoveAlong;
        let moves = move_phase(&phases, &dependencies, 1, start, end, along, false).unwrap();
        let to: Vec<_> = moves.moved.iter().map(|moved| moved.to).collect();
        assert_eq!(to, [dates(1, 3, 10), dates(2, 11, 17), dates(3, 18, 24)]);
        assert_eq!(moves.broken, []);
        let same = move_phase(
            &phases,
            &dependencies,
            1,
            date(2026, 12, 1),
            date(2026, 12, 7),
            along,
            false,
        );
        assert_eq!(same.unwrap().moved, []);
    }

    #[test]
    fn a_move_that_breaks_a_dependency_is_refused_unless_it_is_overridden() {
        let (phases, dependencies) = three();
        let (start, end) = (date(2026, 12, 5), date(2026, 12, 9));
        let stay = Following::Stay;
        let refused = move_phase(&phases, &dependencies, 2, start, end, stay, false).unwrap_err();
        assert_eq!(refused.earliest_start(2), Some(date(2026, 12, 8)));
        assert!(Refusal::from(refused).to_string().contains("needs phase 1"));
        let moves = move_phase(&phases, &dependencies, 2, start, end, stay, true).unwrap();
        assert_eq!((moves.moved.len(), moves.broken.len()), (1, 1));
        // What is broken already does not keep other phases from moving, nor this one from getting better.
        let mut late = phases;
        late[1] = dates(2, 5, 9);
        let (start, end) = (date(2026, 12, 6), date(2026, 12, 10));
        let better = move_phase(&late, &dependencies, 2, start, end, stay, false).unwrap();
        assert_eq!(better.broken, []);
        let (start, end) = (date(2026, 12, 4), date(2026, 12, 8));
        assert!(move_phase(&late, &dependencies, 2, start, end, stay, false).is_err());
    }

    #[test]
    fn dates_that_cannot_be_are_refused() {
        let (phases, dependencies) = three();
        let told = |phase, start, end| {
            let along = Following::MoveAlong;
            move_phase(&phases, &dependencies, phase, start, end, along, true)
                .unwrap_err()
                .to_string()
        };
        let day = date(2026, 12, 5);
        assert!(told(1, day, date(2026, 12, 4)).contains("before it starts"));
        assert!(told(1, date(1969, 12, 31), day).contains("Phase 1 would be on 1969-12-31"));
        assert!(told(9, day, day).contains("has no dates"));
        // The phases that move along are within, too.
        let last = date(2200, 12, 30);
        assert!(told(1, last, last).contains("Phase 2 would be on 2201"));
    }

    proptest! {
        #[test]
        fn no_move_breaks_a_dependency_silently(
            spans in prop::collection::vec((0i32..40, 0i32..15), 2..7),
            pairs in prop::collection::vec((0u32..7, 0u32..7), 0..10),
            phase in 0u32..7,
            shift in -60i32..60,
            length in 0i32..20,
            along: bool,
            overriding: bool,
        ) {
            let origin = date(2026, 6, 1);
            let phases: Vec<_> = spans.iter().zip(0..).map(|((start, length), phase)| PhaseDates {
                phase,
                start: origin.saturating_add(start.days()),
                end: origin.saturating_add((start + length).days()),
            }).collect();
            let mut dependencies = Vec::new();
            for (phase, needs) in pairs {
                let new = Dependency { phase, needs };
                if check_new_dependency(&dependencies, new).is_ok() {
                    dependencies.push(new);
                }
            }
            // A plan that holds: each phase begins when all that it needs have ended.
            let mut phases = phases;
            while let Some(broken) = check_dependencies(&phases, &dependencies).first() {
                let at = phases.iter_mut().find(|dates| dates.phase == broken.phase).unwrap();
                let length = days_between(at.start, at.end);
                at.start = broken.earliest;
                at.end = broken.earliest.saturating_add(length.days());
            }
            let start = origin.saturating_add(shift.days());
            let end = start.saturating_add(length.days());
            let following = if along { Following::MoveAlong } else { Following::Stay };
            match move_phase(&phases, &dependencies, phase, start, end, following, overriding) {
                Ok(moves) => {
                    let mut after = phases.clone();
                    for moved in &moves.moved {
                        prop_assert_ne!(moved.from, moved.to);
                        let at = after.iter_mut().find(|dates| dates.phase == moved.phase).unwrap();
                        prop_assert_eq!(*at, moved.from);
                        *at = moved.to;
                    }
                    let broken = check_dependencies(&after, &dependencies);
                    prop_assert_eq!(&broken, &moves.broken);
                    prop_assert!(overriding || broken.is_empty());
                }
                Err(MoveRefused::Breaks(broken)) => {
                    prop_assert!(!overriding && !broken.is_empty());
                }
                Err(MoveRefused::NoDates(_)) => {
                    prop_assert!(phases.iter().all(|dates| dates.phase != phase));
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }

        #[test]
        fn accepted_dependencies_have_no_circle(pairs in prop::collection::vec((0u32..8, 0u32..8), 0..30)) {
            let mut dependencies: Vec<Dependency> = Vec::new();
            for (phase, needs) in pairs {
                let new = Dependency { phase, needs };
                match check_new_dependency(&dependencies, new) {
                    Ok(()) => dependencies.push(new),
                    Err(DependencyRefused::Circle(path)) => {
                        prop_assert_eq!((path[0], path[1], path[path.len() - 1]), (phase, needs, phase));
                        for step in path[1..].windows(2) {
                            let known = Dependency { phase: step[0], needs: step[1] };
                            prop_assert!(dependencies.contains(&known));
                        }
                    }
                    Err(_) => {}
                }
            }
            // Taking away phases that need nothing left, again and again, ends with none.
            let mut left = dependencies;
            while !left.is_empty() {
                let waiting: BTreeSet<_> = left.iter().map(|dependency| dependency.phase).collect();
                let before = left.len();
                left.retain(|dependency| waiting.contains(&dependency.needs));
                prop_assert!(left.len() < before);
            }
        }
    }
}
