//! Sets the mode of one module, several or a phase. Down in rank it is a rollback and nothing stands in its way.

use std::collections::BTreeMap;

use domain::transition::plan_states;
use domain::{FlagState, Key, Permission};

use super::Selection;
use super::flag_changes::select;
use super::input::Input;
use super::lane;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::snapshots::Snapshots;
use crate::store::Lane;
use crate::store::flags::FlagRecord;

/// Brings modules to a mode and exposure.
#[derive(Debug, Clone)]
pub struct SetMode {
    /// The migration.
    pub migration: Key,
    /// The environment; the deciding one without it.
    pub environment: Option<Key>,
    /// Which modules.
    pub selection: Selection,
    /// To what.
    pub state: FlagState,
    /// Why.
    pub reason: String,
    /// The version seen of each module; a rollback needs none.
    pub expected: BTreeMap<Key, i64>,
}

impl Command for SetMode {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "flag.set"
    }

    fn lane(&self, snapshots: &Snapshots) -> Lane {
        if self.state == FlagState::OLD_ONLY {
            return Lane::Priority;
        }
        lane::of_change(
            snapshots,
            &self.migration,
            self.environment.as_ref(),
            |published| self.selection.wanted(published, self.state),
        )
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
        let plan = plan_states(standings.iter().map(|standing| (standing, self.state)))?;
        selected.refuse_no_change(work, &plan).await?;
        selected
            .allow_promotion(work, &plan, &self.expected)
            .await?;
        selected.carry_out(work, plan, reason).await
    }
}
