//! Which lane a change of flags waits in, judged from the flags in memory before it is queued.

use domain::{Direction, FlagState, Key};

use crate::snapshots::{Published, Snapshots};
use crate::store::Lane;

/// The priority lane for a change that raises no flag, as far as memory knows: then it waits in no queue behind
/// promotions. `wanted` gives each flag's state before and after, or `None` where memory cannot tell.
///
/// This only orders the queue: what the change is allowed to do is judged again inside its transaction.
pub(super) fn of_change(
    snapshots: &Snapshots,
    migration: &Key,
    environment: Option<&Key>,
    wanted: impl FnOnce(&Published) -> Option<Vec<(FlagState, FlagState)>>,
) -> Lane {
    let changes = snapshots
        .get_or_deciding(migration, environment)
        .and_then(|published| wanted(&published));
    let raises = |(before, after): &(FlagState, FlagState)| {
        before.direction_to(*after) == Direction::Promotion
    };
    match changes {
        Some(changes) if !changes.is_empty() && !changes.iter().any(raises) => Lane::Priority,
        _ => Lane::Normal,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::FlagState;

    use crate::command::Command as _;
    use crate::commands::{Resume, Selection, SetMode};
    use crate::store::Lane;
    use crate::testing::{Server, key};

    fn lane(server: &Server, selection: Selection, state: FlagState) -> Lane {
        let command = SetMode {
            migration: key("atlas"),
            environment: None,
            selection,
            state,
            reason: "test".into(),
            expected: BTreeMap::new(),
        };
        command.lane(server.control.snapshots())
    }

    #[tokio::test]
    async fn lowering_a_phase_goes_first_and_raising_one_of_it_does_not() {
        let server = Server::with_modules(&["a", "b", "other"]).await;
        server.phase(1).await;
        server.set("a", FlagState::NEW_ONLY).await;
        server.set("b", Server::percent(50)).await;
        // The phase is known as soon as the move is answered, though it changes no flag.
        server.move_to_phase("a", Some(1)).await;
        server.move_to_phase("b", Some(1)).await;
        let phase = |number| Selection::Phase(number);
        let ten = Server::percent(10);
        assert_eq!(lane(&server, phase(1), ten), Lane::Priority);
        assert_eq!(lane(&server, phase(1), Server::percent(60)), Lane::Normal);
        assert_eq!(lane(&server, phase(2), ten), Lane::Normal);
        server.move_to_phase("other", Some(1)).await;
        assert_eq!(lane(&server, phase(1), ten), Lane::Normal);
        let modules = Selection::Modules(vec![key("a"), key("b")]);
        assert_eq!(lane(&server, modules, ten), Lane::Priority);
        let unknown = Selection::Modules(vec![key("a"), key("z")]);
        assert_eq!(lane(&server, unknown, ten), Lane::Normal);
    }

    #[tokio::test]
    async fn resuming_from_old_goes_first() {
        let server = Server::with_modules(&["a"]).await;
        let resume = |from_old| Resume {
            migration: key("atlas"),
            environment: None,
            digest: None,
            from_old,
            reason: "test".into(),
        };
        let snapshots = server.control.snapshots();
        assert_eq!(resume(true).lane(snapshots), Lane::Priority);
        assert_eq!(resume(false).lane(snapshots), Lane::Normal);
    }

    #[tokio::test]
    async fn a_full_disk_holds_no_lowering_up_and_every_raising() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(1).await;
        server.move_to_phase("a", Some(1)).await;
        server.set("a", FlagState::NEW_ONLY).await;
        server.control.set_low_space_bytes(u64::MAX);
        let set = |state| SetMode {
            migration: key("atlas"),
            environment: None,
            selection: Selection::Phase(1),
            state,
            reason: "test".into(),
            expected: BTreeMap::from([(key("a"), 4)]),
        };
        server.admin(set(FlagState::BOTH_VALIDATE)).await.unwrap();
        let raised = server.admin(set(FlagState::NEW_ONLY)).await;
        assert!(matches!(
            raised,
            Err(crate::CommandError::Unavailable(crate::Unavailable::Full))
        ));
    }
}
