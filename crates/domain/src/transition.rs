//! The rules that judge a change of flags. Going down in rank is a rollback by whatever command, and nothing here
//! ever stands in its way; going up is a promotion.

use flags::{Direction, FlagState, Key};

use crate::{FlagChange, ModuleStatus, Refusal};

/// One module's flag as it stands, with what a rule needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The module.
    pub module: Key,
    /// Where it is in its life.
    pub status: ModuleStatus,
    /// Stored state, whatever the kill switch says.
    pub state: FlagState,
}

/// What a change of several flags amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Flags that change.
    pub changes: Vec<FlagChange>,
    /// Modules that already are as asked, or that a batch does not cover.
    pub unchanged: Vec<Key>,
    /// Those of `unchanged` that are not as asked, but retired or archived: their flags do not move any more.
    pub inactive: Vec<Standing>,
    /// Promotion when any goes up, else rollback when any goes down, else no change.
    pub direction: Direction,
}

/// Judges bringing each module to a state of its own (undo) or all to one (set).
///
/// A module that does not move any more holds up no other's rollback: it is left out. It is refused when it is all
/// that would move, and when others would go up, since a promotion is carried out whole or not at all.
pub fn plan_states<'a>(
    wanted: impl IntoIterator<Item = (&'a Standing, FlagState)>,
) -> Result<Plan, Refusal> {
    let plan = plan(wanted, |direction| direction != Direction::NoChange);
    if plan.direction == Direction::Promotion {
        refuse_inactive(&plan)?;
    }
    plan.require_movable()?;
    Ok(plan)
}

/// Judges a rollback of several modules to at most `to`: what is lower already stays, what no longer moves is left out.
pub fn plan_rollback(standings: &[Standing], to: FlagState) -> Plan {
    plan(
        standings.iter().map(|standing| (standing, to)),
        |direction| direction == Direction::Rollback,
    )
}

fn plan<'a>(
    wanted: impl IntoIterator<Item = (&'a Standing, FlagState)>,
    is_asked: impl Fn(Direction) -> bool,
) -> Plan {
    let mut plan = Plan {
        changes: Vec::new(),
        unchanged: Vec::new(),
        inactive: Vec::new(),
        direction: Direction::NoChange,
    };
    for (standing, after) in wanted {
        let direction = standing.state.direction_to(after);
        if is_asked(direction) && standing.status == ModuleStatus::Active {
            plan.direction = stronger(plan.direction, direction);
            plan.changes.push(FlagChange {
                module: standing.module.clone(),
                before: standing.state,
                after,
            });
            continue;
        }
        plan.unchanged.push(standing.module.clone());
        if is_asked(direction) {
            plan.inactive.push(standing.clone());
        }
    }
    plan
}

impl Plan {
    /// Refuses a plan in which nothing moves because no module that it is about moves any more.
    pub fn require_movable(&self) -> Result<(), Refusal> {
        if self.changes.is_empty() && self.inactive.len() == self.unchanged.len() {
            refuse_inactive(self)?;
        }
        Ok(())
    }
}

fn refuse_inactive(plan: &Plan) -> Result<(), Refusal> {
    let Some((first, others)) = plan.inactive.split_first() else {
        return Ok(());
    };
    Err(Refusal::NotActive {
        module: first.module.clone(),
        status: first.status.as_str().into(),
        others: u32::try_from(others.len()).unwrap_or(u32::MAX),
    })
}

/// Whether a module's flag still moves.
pub fn require_active(standing: &Standing) -> Result<(), Refusal> {
    if standing.status == ModuleStatus::Active {
        return Ok(());
    }
    Err(Refusal::NotActive {
        module: standing.module.clone(),
        status: standing.status.as_str().into(),
        others: 0,
    })
}

fn stronger(so_far: Direction, next: Direction) -> Direction {
    match (so_far, next) {
        (Direction::Promotion, _) | (_, Direction::Promotion) => Direction::Promotion,
        (Direction::Rollback, _) | (_, Direction::Rollback) => Direction::Rollback,
        (Direction::NoChange, Direction::NoChange) => Direction::NoChange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flags::{Exposure, Mode};
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = FlagState> {
        prop_oneof![
            Just(FlagState::OLD_ONLY),
            Just(FlagState::BOTH_VALIDATE),
            Just(FlagState::NEW_ONLY),
            (1u16..=9999).prop_map(|points| {
                FlagState::new(
                    Mode::GradualRollout,
                    Some(Exposure::from_basis_points(points).unwrap()),
                )
                .unwrap()
            }),
        ]
    }

    fn standing(status: ModuleStatus, state: FlagState) -> Standing {
        Standing {
            module: Key::parse("m").unwrap(),
            status,
            state,
        }
    }

    proptest! {
        #[test]
        fn a_rollback_never_raises_a_module(from in any_state(), to in any_state()) {
            let plan = plan_rollback(&[standing(ModuleStatus::Active, from)], to);
            for change in &plan.changes {
                prop_assert!(change.after.rank() < change.before.rank());
            }
            prop_assert_eq!(plan.changes.is_empty(), from.rank() <= to.rank());
        }

        #[test]
        fn the_direction_of_a_single_change_follows_the_rank(from in any_state(), to in any_state()) {
            let standing = standing(ModuleStatus::Active, from);
            let plan = plan_states([(&standing, to)]).unwrap();
            let expected = match to.rank().cmp(&from.rank()) {
                std::cmp::Ordering::Less => Direction::Rollback,
                std::cmp::Ordering::Equal => Direction::NoChange,
                std::cmp::Ordering::Greater => Direction::Promotion,
            };
            prop_assert_eq!(plan.direction, expected);
        }

        #[test]
        fn a_retired_module_moves_by_no_command(from in any_state(), to in any_state()) {
            let standing = standing(ModuleStatus::Retired, from);
            prop_assert!(plan_rollback(std::slice::from_ref(&standing), to).changes.is_empty());
            prop_assert_eq!(plan_states([(&standing, to)]).is_err(), from != to);
        }
    }

    #[test]
    fn a_batch_that_raises_one_and_lowers_another_is_a_promotion() {
        let up = standing(ModuleStatus::Active, FlagState::OLD_ONLY);
        let down = standing(ModuleStatus::Active, FlagState::NEW_ONLY);
        let to = FlagState::BOTH_VALIDATE;
        assert_eq!(
            plan_states([(&up, to), (&down, to)]).unwrap().direction,
            Direction::Promotion
        );
    }

    fn named(name: &str, status: ModuleStatus, state: FlagState) -> Standing {
        Standing {
            module: Key::parse(name).unwrap(),
            ..standing(status, state)
        }
    }

    #[test]
    fn a_retired_module_holds_up_no_other_rollback() {
        let (new, to) = (FlagState::NEW_ONLY, FlagState::BOTH_VALIDATE);
        let retired = named("gone", ModuleStatus::Retired, new);
        let active = named("a", ModuleStatus::Active, new);
        let plan = plan_states([(&retired, to), (&active, to)]).unwrap();
        assert_eq!(plan.direction, Direction::Rollback);
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.unchanged, std::slice::from_ref(&retired.module));
        assert_eq!(plan.inactive, std::slice::from_ref(&retired));
        // A promotion names it: it is carried out whole or not at all.
        let low = named("b", ModuleStatus::Active, FlagState::OLD_ONLY);
        let refused = plan_states([(&low, to), (&retired, to)]).unwrap_err();
        assert_eq!(refused.code(), "not-active");
    }

    #[test]
    fn where_all_are_retired_that_is_said() {
        let new = FlagState::NEW_ONLY;
        let two = ["a", "b"].map(|name| named(name, ModuleStatus::Retired, new));
        let plan = plan_rollback(&two, FlagState::OLD_ONLY);
        let told = plan.require_movable().unwrap_err().to_string();
        assert_eq!(
            told,
            "a is retired: its flag does not move any more, nor does that of 1 more module."
        );
        let to = FlagState::OLD_ONLY;
        assert!(plan_states(two.iter().map(|standing| (standing, to))).is_err());
        // One that is as asked already makes it no change, and not an error, to ask again.
        let old = named("c", ModuleStatus::Active, to);
        let [retired, _] = two;
        assert_eq!(plan_rollback(&[retired, old], to).require_movable(), Ok(()));
    }
}
