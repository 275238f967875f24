//! Undoing a change of flags.

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::transition::{Standing, plan_states};
use domain::{FlagState, Key, Permission, Refusal};

use super::Undo;
use crate::CommandError;
use crate::command::{Aim, Command, Effect, Work};
use crate::commands::flag_changes::select;
use crate::commands::input::Input;
use crate::commands::{Selection, lane};
use crate::error::Stopped;
use crate::snapshots::{Published, Snapshots};
use crate::store::flags::FlagRecord;
use crate::store::{Lane, StoreError};

/// Brings flags back to an entry's `before`.
#[derive(Debug, Clone)]
pub(super) struct UndoFlags {
    undo: Undo,
    environment: Option<Key>,
    /// The flags the entry changed, as they were before it.
    before: BTreeMap<Key, FlagState>,
}

impl UndoFlags {
    /// What undoing `entry` brings back.
    pub(super) fn of(undo: Undo, entry: &AuditEntry) -> Result<Self, CommandError> {
        Ok(Self {
            undo,
            environment: entry.environment.clone(),
            before: flags_before(entry)?,
        })
    }

    fn wanted(&self, published: &Published) -> Option<Vec<(FlagState, FlagState)>> {
        let flags = &published.set.snapshot().flags;
        let change = |(module, before): (&Key, &FlagState)| {
            let flag = flags.iter().find(|flag| flag.module == *module)?;
            Some((flag.state, *before))
        };
        self.before.iter().map(change).collect()
    }
}

impl Command for UndoFlags {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.undo.migration)
    }

    fn action(&self) -> &'static str {
        "flag.undo"
    }

    fn lane(&self, snapshots: &Snapshots) -> Lane {
        let environment = self.environment.as_ref();
        lane::of_change(snapshots, &self.undo.migration, environment, |published| {
            self.wanted(published)
        })
    }

    fn reason(&self) -> &str {
        &self.undo.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.undo.migration.clone()),
            environment: self.environment.clone(),
            targets: vec![format!("entry {}", self.undo.sequence)],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.undo.reason);
        input.finish()?;
        let selection = Selection::Modules(self.before.keys().cloned().collect());
        let selected = select(
            work,
            &self.undo.migration,
            self.environment.as_ref(),
            &selection,
        )
        .await?;
        let standings: Vec<Standing> = selected.flags.iter().map(FlagRecord::standing).collect();
        let plan = plan_states(standings.iter().filter_map(|standing| {
            let before = self.before.get(&standing.module)?;
            Some((standing, *before))
        }))?;
        selected.refuse_no_change(work, &plan).await?;
        selected
            .allow_promotion(work, &plan, &self.undo.expected)
            .await?;
        let mut effect = selected.carry_out(work, plan, reason).await?;
        effect.summary = format!("undid entry {}: {}", self.undo.sequence, effect.summary);
        Ok(effect)
    }
}

fn flags_before(entry: &AuditEntry) -> Result<BTreeMap<Key, FlagState>, CommandError> {
    let flags = entry.before.get("flags").cloned().unwrap_or_default();
    let wanted: BTreeMap<Key, FlagState> = if flags.is_null() {
        BTreeMap::new()
    } else {
        serde_json::from_value(flags).map_err(StoreError::from)?
    };
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let message = match entry.action.as_str() {
        "kill_switch.on" => "The kill switch is undone by resuming, which shows what comes back.",
        "kill_switch.off" => "Resuming is undone by pressing the kill switch again.",
        _ => {
            "Changes of flags and edits are undone; for what that entry did there is a command of its own. Its before values are in the audit log."
        }
    };
    Err(Refusal::field("sequence", message).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::undo;
    use crate::testing::{Server, key, refusal};
    use crate::{CommandError, Unavailable};

    fn wanted(sequence: u64, version: i64) -> Undo {
        Undo {
            migration: key("atlas"),
            sequence,
            reason: "too early".into(),
            expected: BTreeMap::from([(key("a"), version)]),
        }
    }

    #[tokio::test]
    async fn undoing_a_promotion_goes_first_and_undoing_a_rollback_waits() {
        let server = Server::with_modules(&["a"]).await;
        let raised = server.try_set("a", FlagState::NEW_ONLY).await.unwrap();
        server.control.set_low_space_bytes(u64::MAX);
        let root = Server::root();
        let lowered = undo(&server.control, &root, wanted(raised.sequence, 2))
            .await
            .unwrap();
        assert_eq!(lowered.action, "flag.rollback");
        assert!(
            lowered
                .summary
                .starts_with(&format!("undid entry {}: rolled back a", raised.sequence))
        );
        let again = undo(&server.control, &root, wanted(lowered.sequence, 3)).await;
        assert!(matches!(
            again,
            Err(CommandError::Unavailable(Unavailable::Full))
        ));
    }

    #[tokio::test]
    async fn who_may_not_move_flags_may_not_undo_and_who_may_not_see_finds_nothing() {
        let server = Server::with_modules(&["a"]).await;
        let raised = server.try_set("a", FlagState::NEW_ONLY).await.unwrap();
        let stranger = Server::operator_of("borealis");
        let refused = undo(&server.control, &stranger, wanted(raised.sequence, 2)).await;
        assert_eq!(refusal(refused).code(), "not-found");
        let absent = undo(&server.control, &Server::root(), wanted(999, 2)).await;
        assert_eq!(refusal(absent).code(), "not-found");
        let viewer = Server::viewer_of("atlas");
        let refused = undo(&server.control, &viewer, wanted(raised.sequence, 2)).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        // The refusal is an entry, too.
        let entry = server.entry(raised.sequence + 1).await;
        assert_eq!(entry.action, "flag.undo");
    }
}
