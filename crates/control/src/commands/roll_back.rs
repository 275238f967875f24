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
        let standings: Vec<_> = selected.flags.iter().map(|flag| flag.standing()).collect();
        if let [only] = standings.as_slice() {
            require_active(only)?;
        }
        let plan = plan_rollback(&standings, self.to.unwrap_or(FlagState::OLD_ONLY));
        selected.refuse_no_change(work, &plan).await?;
        selected.carry_out(work, plan, reason).await
    }
}
