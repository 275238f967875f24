//! Resumes from the kill switch: a promotion, bound to the list the person confirmed.

use domain::{FlagChange, FlagState, Key, ModuleStatus, Permission, Refusal};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::input::Input;
use super::{gates, scope};
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

/// Flags that the override holds down: those that compare, or serve new to someone, once it is gone.
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
        if !self.from_old {
            let rising: Vec<&FlagRecord> = returning(&all).collect();
            gates::before_promotion(work, &migration, &rising).await?;
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
            returning(&all)
                .filter(|flag| flag.state.exposure().basis_points() > 0)
                .count()
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
                let modules = if back == 1 {
                    "module serves"
                } else {
                    "modules serve"
                };
                format!("resumed {environment}: {back} {modules} new again")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::PressKillSwitch;
    use crate::testing::{Server, key};

    #[tokio::test]
    async fn who_only_compares_does_not_serve_new_again() {
        let server = Server::with_modules(&["compares", "new", "old"]).await;
        server.set("compares", FlagState::BOTH_VALIDATE).await;
        server.set("new", Server::percent(10)).await;
        let press = PressKillSwitch {
            migration: key("atlas"),
            environment: None,
            reason: "errors".into(),
        };
        server.admin(press).await.unwrap();
        let seen = crate::queries::resume(&server.control, &Server::root(), &key("atlas"), None)
            .await
            .unwrap();
        // What is confirmed is all that comes back.
        assert_eq!(seen.returning.len(), 2);
        let resume = Resume {
            migration: key("atlas"),
            environment: None,
            digest: Some(seen.digest),
            from_old: false,
            reason: "mended".into(),
        };
        let done = server.admin(resume).await.unwrap();
        assert_eq!(
            done.summary,
            "resumed production: 1 module serves new again"
        );
    }
}
