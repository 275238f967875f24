//! Presses the kill switch: everything active in one environment is overridden to `old_only`.

use domain::{Key, ModuleStatus, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::snapshots::Snapshots;
use crate::store::{Lane, audit, environments, flags};

/// Overrides everything active.
#[derive(Debug, Clone)]
pub struct PressKillSwitch {
    /// The migration.
    pub migration: Key,
    /// The environment; the deciding one without it.
    pub environment: Option<Key>,
    /// Why.
    pub reason: String,
}

impl Command for PressKillSwitch {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "kill_switch.on"
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
            targets: Vec::new(),
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::environment(work, &migration, self.environment.as_ref()).await?;
        let environment = record.environment.key.clone();
        if record.environment.kill_switch {
            let other = audit::other_change(work.connection, record.kill_sequence).await?;
            let summary = format!("the kill switch of {environment} is already on.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        work.make_revision();
        environments::set_kill_switch(work.connection, record.id, true, work.sequence).await?;
        let all = flags::of_environment(work.connection, record.id).await?;
        let not_covered: Vec<Key> = all
            .iter()
            .filter(|flag| flag.status == ModuleStatus::Retired)
            .map(|flag| flag.module.clone())
            .collect();
        let active = all
            .iter()
            .filter(|flag| flag.status == ModuleStatus::Active)
            .count();
        Ok(Effect {
            action: self.action(),
            aim: Aim {
                migration: Some(self.migration),
                environment: Some(environment.clone()),
                targets: Vec::new(),
            },
            before: json!({ "kill_switch": false }),
            after: json!({ "kill_switch": true }),
            reason,
            summary: format!(
                "pressed the kill switch: {active} modules serve old in {environment}"
            ),
            unchanged: not_covered,
            topics: vec![Topic::Flags],
            snapshots: vec![record.id],
            ..Effect::default()
        })
    }
}
