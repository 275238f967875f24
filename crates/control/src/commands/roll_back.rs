//! Rolls back one module, several or a phase. Needs a reason and nothing else: no version, no freeze, no queue.

use domain::transition::{plan_rollback, require_active};
use domain::{FlagState, Key, Permission};

use super::Selection;
use super::flag_changes::select;
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::snapshots::Snapshots;
use crate::store::Lane;
use crate::store::flags::FlagRecord;

/// Lowers modules.
#[derive(Debug, Clone)]
pub struct RollBack {
    /// The migration.
    pub migration: Key,
    /// The environment; the deciding one without it.
    pub environment: Option<Key>,
    /// Which modules.
    pub selection: Selection,
    /// To what; `old_only` without it. Modules already at or under it stay.
    pub to: Option<FlagState>,
    /// Why.
    pub reason: String,
}

impl Command for RollBack {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "flag.rollback"
    }

    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        Lane::Priority
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: self.environment.clone(),
            targets: self.selection.targets(),
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let selected = select(
            work,
            &self.migration,
            self.environment.as_ref(),
            &self.selection,
        )
        .await?;
        let standings: Vec<_> = selected.flags.iter().map(FlagRecord::standing).collect();
        if let [only] = standings.as_slice() {
            require_active(only)?;
        }
        let plan = plan_rollback(&standings, self.to.unwrap_or(FlagState::OLD_ONLY));
        plan.require_movable()?;
        selected.refuse_no_change(work, &plan).await?;
        selected.carry_out(work, plan, reason).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::Refusal;

    use super::*;
    use crate::commands::SetMode;
    use crate::testing::{Server, key, refusal};

    fn roll_back(names: &[&str]) -> RollBack {
        RollBack {
            migration: key("atlas"),
            environment: None,
            selection: Selection::Modules(names.iter().map(|name| key(name)).collect()),
            to: None,
            reason: "errors".into(),
        }
    }

    #[tokio::test]
    async fn a_retired_module_in_a_batch_keeps_the_others_from_nothing() {
        let server = Server::with_modules(&["a", "b", "gone", "left"]).await;
        for name in ["a", "b", "gone", "left"] {
            server.set(name, FlagState::NEW_ONLY).await;
        }
        server.retire("gone").await;
        server.retire("left").await;
        let lower = SetMode {
            migration: key("atlas"),
            environment: None,
            selection: Selection::Modules(vec![key("gone"), key("a")]),
            state: FlagState::BOTH_VALIDATE,
            reason: "errors".into(),
            expected: BTreeMap::new(),
        };
        let done = server.admin(lower).await.unwrap();
        assert_eq!(done.action, "flag.rollback");
        assert_eq!((done.flags.len(), done.unchanged), (1, vec![key("gone")]));
        let done = server.admin(roll_back(&["a", "b", "gone"])).await.unwrap();
        assert_eq!((done.flags.len(), done.unchanged), (2, vec![key("gone")]));
        // Asked again, what serves new is not said to be old.
        let Refusal::NoChange { summary, .. } =
            refusal(server.admin(roll_back(&["a", "gone"])).await)
        else {
            panic!()
        };
        assert!(summary.starts_with("gone is retired"), "{summary}");
        let retired = refusal(server.admin(roll_back(&["gone", "left"])).await);
        assert_eq!(retired.code(), "not-active");
    }
}
