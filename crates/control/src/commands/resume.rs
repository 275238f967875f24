//! Resumes from the kill switch: a promotion, bound to the list the person confirmed.

use domain::{FlagChange, FlagState, Key, ModuleStatus, Permission, Refusal};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::snapshots::Snapshots;
use crate::store::flags::{self, FlagRecord};
use crate::store::{Lane, audit, environments};

/// Takes the override away.
#[derive(Debug, Clone)]
pub struct Resume {
    /// The migration.
    pub migration: Key,
    /// The environment; the deciding one without it.
    pub environment: Option<Key>,
    /// Digest of the list that was confirmed; may be left out with `from_old`, which brings nothing back.
    pub digest: Option<String>,
    /// Lowers everything to `old_only` first, in the same revision.
    pub from_old: bool,
    /// Why.
    pub reason: String,
}

/// Digest of exactly what resuming brings back: changes when any of it does.
pub(crate) fn digest_of_returning(flags: &[FlagRecord]) -> String {
    let mut hasher = Sha256::new();
    for flag in returning(flags) {
        hasher.update(format!("{}={}\n", flag.module, flag.state));
    }
    hex::encode(hasher.finalize())
}

/// Flags that serve new to someone once the override is gone.
pub(crate) fn returning(flags: &[FlagRecord]) -> impl Iterator<Item = &FlagRecord> {
    flags
        .iter()
        .filter(|flag| flag.status == ModuleStatus::Active && flag.state != FlagState::OLD_ONLY)
}

impl Command for Resume {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "kill_switch.off"
    }

    /// From old nothing comes back, and what lies beneath is lowered: that is a rollback.
    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        if self.from_old {
            Lane::Priority
        } else {
            Lane::Normal
        }
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
        input.require(
            self.from_old || self.digest.is_some(),
            "digest",
            "Look at what comes back and confirm it: send the digest of that list, or from_old.",
        );
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::environment(work, &migration, self.environment.as_ref()).await?;
        let environment = record.environment.key.clone();
        if !record.environment.kill_switch {
            let other = audit::other_change(work.connection, record.kill_sequence).await?;
            let summary = format!("the kill switch of {environment} is not on.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let all = flags::of_environment(work.connection, record.id).await?;
        if self
            .digest
            .as_ref()
            .is_some_and(|digest| *digest != digest_of_returning(&all))
        {
            return Err(Refusal::Drift.into());
        }
        work.make_revision();
        environments::set_kill_switch(work.connection, record.id, false, work.sequence).await?;
        let lowered: Vec<&FlagRecord> = if self.from_old {
            returning(&all).collect()
        } else {
            Vec::new()
        };
        for flag in &lowered {
            let (sequence, now) = (work.sequence, work.now);
            let old = FlagState::OLD_ONLY;
            flags::set(
                work.connection,
                record.id,
                flag.module_id,
                old,
                sequence,
                now,
            )
            .await?;
        }
        let changes: Vec<FlagChange> = lowered.iter().map(|flag| lowering(flag)).collect();
        let back = if self.from_old {
            0
        } else {
            returning(&all).count()
        };
        let states = |side: fn(&FlagChange) -> FlagState| {
            super::flag_changes::states(&changes, side)
                .get("flags")
                .cloned()
        };
        Ok(Effect {
            action: self.action(),
            aim: Aim {
                migration: Some(self.migration),
                environment: Some(environment.clone()),
                targets: changes
                    .iter()
                    .map(|change| change.module.to_string())
                    .collect(),
            },
            before: json!({ "kill_switch": true, "flags": states(|change| change.before) }),
            after: json!({ "kill_switch": false, "flags": states(|change| change.after) }),
            reason,
            summary: if self.from_old {
                format!(
                    "resumed {environment} from old: {} modules lowered",
                    changes.len()
                )
            } else {
                format!("resumed {environment}: {back} modules serve new again")
            },
            modules: lowered.iter().map(|flag| flag.module_id).collect(),
            topics: vec![Topic::Flags],
            snapshots: vec![record.id],
            flags: changes,
            ..Effect::default()
        })
    }
}

fn lowering(flag: &FlagRecord) -> FlagChange {
    FlagChange {
        module: flag.module.clone(),
        before: flag.state,
        after: FlagState::OLD_ONLY,
    }
}
