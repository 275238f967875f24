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
    /// Promotion when any goes up, else rollback when any goes down, else no change.
    pub direction: Direction,
}

/// Judges bringing each module to a state of its own (undo) or all to one (set).
///
/// A module that does not move any more is refused, unless it already is as asked.
pub fn plan_states<'a>(
    wanted: impl IntoIterator<Item = (&'a Standing, FlagState)>,
) -> Result<Plan, Refusal> {
    let mut plan = Plan {
        changes: Vec::new(),
        unchanged: Vec::new(),
        direction: Direction::NoChange,
    };
    for (standing, after) in wanted {
        let direction = standing.state.direction_to(after);
        if direction == Direction::NoChange {
            plan.unchanged.push(standing.module.clone());
            continue;
        }
        require_active(standing)?;
        plan.direction = stronger(plan.direction, direction);
        plan.changes.push(FlagChange {
            module: standing.module.clone(),
            before: standing.state,
            after,
        });
    }
    Ok(plan)
}

/// Judges a rollback of several modules to at most `to`: what is lower already stays, what no longer moves is left out.
pub fn plan_rollback(standings: &[Standing], to: FlagState) -> Plan {
    let mut plan = Plan {
        changes: Vec::new(),
        unchanged: Vec::new(),
        direction: Direction::NoChange,
    };
    for standing in standings {
        let goes_down = standing.state.direction_to(to) == Direction::Rollback;
        if goes_down && standing.status == ModuleStatus::Active {
            plan.direction = Direction::Rollback;
            plan.changes.push(FlagChange {
                module: standing.module.clone(),
                before: standing.state,
                after: to,
            });
        } else {
            plan.unchanged.push(standing.module.clone());
        }
    }
    plan
}

/// Whether a module's flag still moves.
pub fn require_active(standing: &Standing) -> Result<(), Refusal> {
    if standing.status == ModuleStatus::Active {
        return Ok(());
    }
    Err(Refusal::NotActive {
        module: standing.module.clone(),
        status: standing.status.as_str().into(),
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
}
