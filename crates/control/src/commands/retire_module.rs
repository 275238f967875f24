//! Retires a module: its old code is attested gone, and new is served for ever.

use domain::{FlagState, Key, ModuleStatus, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::environments::EnvironmentRecord;
use crate::store::modules::ModuleRecord;
use crate::store::{audit, environments, flags, modules};

/// Attests that a module's old code is gone.
#[derive(Debug, Clone)]
pub struct RetireModule {
    /// The migration.
    pub migration: Key,
    /// The module; it must be `new_only` in every environment.
    pub module: Key,
    /// Why: where the attestation comes from.
    pub reason: String,
    /// The version seen.
    pub expected: Option<i64>,
}

impl Command for RetireModule {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "module.retire"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: None,
            targets: vec![self.module.to_string()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = modules::by_key(work.connection, migration.id, &self.module)
            .await?
            .ok_or_else(|| Refusal::not_found("module", self.module.as_str()))?;
        refuse_unless_active(work, &record).await?;
        super::scope::expect_version(
            work,
            &format!("Module {}", self.module),
            self.expected,
            record.module.version,
            record.changed_sequence,
        )
        .await?;
        let environments = environments::of_migration(work.connection, migration.id).await?;
        let open: Vec<&EnvironmentRecord> = environments
            .iter()
            .filter(|environment| environment.environment.archived_at.is_none())
            .collect();
        for environment in &open {
            require_on_new(work, environment, &self.module).await?;
        }
        work.make_revision();
        let mut module = record.module.clone();
        module.status = ModuleStatus::Retired;
        module.version += 1;
        scope::update_module(work, &migration, record.id, &module).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "status": ModuleStatus::Active }),
            after: json!({ "status": ModuleStatus::Retired }),
            reason,
            summary: format!("retired {}: new is served for ever", self.module),
            subject: Some(self.module.to_string()),
            version: Some(module.version),
            modules: vec![record.id],
            topics: vec![Topic::Flags, Topic::Structure],
            snapshots: open.iter().map(|environment| environment.id).collect(),
            ..Effect::default()
        })
    }
}

async fn refuse_unless_active(work: &mut Work<'_>, record: &ModuleRecord) -> Result<(), Stopped> {
    match record.module.status {
        ModuleStatus::Active => Ok(()),
        ModuleStatus::Retired => {
            let other = audit::other_change(work.connection, record.changed_sequence).await?;
            let summary = format!("{} is already retired.", record.module.key);
            Err(Refusal::NoChange { summary, other }.into())
        }
        ModuleStatus::Archived => Err(Refusal::NotActive {
            module: record.module.key.clone(),
            status: record.module.status.as_str().into(),
            others: 0,
        }
        .into()),
    }
}

async fn require_on_new(
    work: &mut Work<'_>,
    environment: &EnvironmentRecord,
    module: &Key,
) -> Result<(), Stopped> {
    let key = environment.environment.key.clone();
    if environment.environment.kill_switch {
        let other = audit::other_change(work.connection, environment.kill_sequence).await?;
        return Err(Refusal::KillSwitchOn {
            environment: key,
            other,
        }
        .into());
    }
    let flag = flags::of_module(work.connection, environment.id, module)
        .await?
        .ok_or_else(|| Refusal::not_found("flag", module.as_str()))?;
    if flag.state == FlagState::NEW_ONLY {
        return Ok(());
    }
    Err(Refusal::NotOnNew {
        module: module.clone(),
        environment: key,
        state: flag.state.to_string(),
    }
    .into())
}
