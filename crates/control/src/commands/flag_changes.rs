//! Carrying out what `domain` planned for several flags of one environment.

use std::collections::BTreeMap;

use domain::transition::Plan;
use domain::{Direction, FlagChange, Key, Refusal};
use serde_json::{Value, json};

use super::{Selection, gates, scope};
use crate::command::{Aim, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::audit;
use crate::store::environments::EnvironmentRecord;
use crate::store::flags::{self, FlagRecord};
use crate::store::migrations::MigrationRecord;

/// So many modules are looked up one by one.
const FEW: usize = 8;
/// Modules named in a refusal before "and n more".
const NAMED: usize = 5;

/// The selected flags and where they are.
pub(super) struct Selected {
    pub(super) migration: MigrationRecord,
    pub(super) environment: EnvironmentRecord,
    pub(super) flags: Vec<FlagRecord>,
}

/// Finds what a command selects.
pub(super) async fn select(
    work: &mut Work<'_>,
    migration: &Key,
    environment: Option<&Key>,
    selection: &Selection,
) -> Result<Selected, Stopped> {
    let migration = scope::migration(work, migration).await?;
    let environment = scope::environment(work, &migration, environment).await?;
    let flags = selection.pick(candidates(work, &environment, selection).await?)?;
    Ok(Selected {
        migration,
        environment,
        flags,
    })
}

/// The flags to pick from: a few modules are looked up one by one, which is far less to read than a whole environment.
async fn candidates(
    work: &mut Work<'_>,
    environment: &EnvironmentRecord,
    selection: &Selection,
) -> Result<Vec<FlagRecord>, Stopped> {
    let keys = match selection {
        Selection::Modules(keys) if keys.len() <= FEW => keys,
        Selection::Modules(_) | Selection::Phase(_) => {
            return Ok(flags::of_environment(work.connection, environment.id).await?);
        }
    };
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(flags::of_module(work.connection, environment.id, key).await?);
    }
    found.sort_by(|a, b| a.module.cmp(&b.module));
    Ok(found)
}

impl Selected {
    /// Where and to what.
    pub(super) fn aim(&self, plan: &Plan) -> Aim {
        Aim {
            migration: Some(self.migration.migration.key.clone()),
            environment: Some(self.environment.environment.key.clone()),
            targets: plan
                .changes
                .iter()
                .map(|change| change.module.to_string())
                .collect(),
        }
    }

    /// Refuses a plan that changes nothing, telling who made it so.
    pub(super) async fn refuse_no_change(
        &self,
        work: &mut Work<'_>,
        plan: &Plan,
    ) -> Result<(), Stopped> {
        if !plan.changes.is_empty() {
            return Ok(());
        }
        let newest = self
            .flags
            .iter()
            .filter_map(|flag| flag.changed_sequence)
            .max();
        let other = audit::other_change(work.connection, newest).await?;
        let summary = match self.flags.as_slice() {
            [flag] => format!("{} already is {}.", flag.module, flag.state),
            flags if plan.inactive.is_empty() => {
                format!("all {} modules already are as asked.", flags.len())
            }
            _ => inactive_summary(plan),
        };
        Err(Refusal::NoChange { summary, other }.into())
    }

    /// What must hold for a promotion: the kill switch is off, each version seen is the current one, and no gate is shut.
    pub(super) async fn allow_promotion(
        &self,
        work: &mut Work<'_>,
        plan: &Plan,
        expected: &BTreeMap<Key, i64>,
    ) -> Result<(), Stopped> {
        if plan.direction != Direction::Promotion {
            return Ok(());
        }
        if self.environment.environment.kill_switch {
            let other =
                audit::other_change(work.connection, self.environment.kill_sequence).await?;
            let environment = self.environment.environment.key.clone();
            return Err(Refusal::KillSwitchOn { environment, other }.into());
        }
        for change in &plan.changes {
            self.expect_version(work, &change.module, expected.get(&change.module))
                .await?;
        }
        let rises = |flag: &&FlagRecord| {
            plan.changes.iter().any(|change| {
                change.module == flag.module
                    && change.before.direction_to(change.after) == Direction::Promotion
            })
        };
        let rising: Vec<&FlagRecord> = self.flags.iter().filter(rises).collect();
        gates::before_promotion(work, &self.migration, &rising).await
    }

    async fn expect_version(
        &self,
        work: &mut Work<'_>,
        module: &Key,
        expected: Option<&i64>,
    ) -> Result<(), Stopped> {
        let Some(&expected) = expected else {
            return Err(Refusal::VersionRequired.into());
        };
        let Some(flag) = self.flags.iter().find(|flag| flag.module == *module) else {
            return Ok(());
        };
        if flag.version == expected {
            return Ok(());
        }
        let other = audit::other_change(work.connection, flag.module_changed_sequence).await?;
        let what = module.to_string();
        Err(Refusal::Stale {
            what,
            expected: Some(expected),
            current: flag.version,
            other: other.map(Box::new),
        }
        .into())
    }

    /// Stores the plan's changes under one revision.
    pub(super) async fn carry_out(
        &self,
        work: &mut Work<'_>,
        plan: Plan,
        reason: String,
    ) -> Result<Effect, Stopped> {
        work.make_revision();
        for change in &plan.changes {
            let Some(flag) = self.flags.iter().find(|flag| flag.module == change.module) else {
                continue;
            };
            let (environment, module) = (self.environment.id, flag.module_id);
            flags::set(
                work.connection,
                environment,
                module,
                change.after,
                work.sequence,
                work.now,
            )
            .await?;
        }
        let changed = |flag: &&FlagRecord| {
            plan.changes
                .iter()
                .any(|change| change.module == flag.module)
        };
        Ok(Effect {
            action: action_of(plan.direction),
            aim: self.aim(&plan),
            before: states(&plan.changes, |change| change.before),
            after: states(&plan.changes, |change| change.after),
            reason,
            summary: summary_of(&plan, &self.environment.environment.key),
            modules: self
                .flags
                .iter()
                .filter(changed)
                .map(|flag| flag.module_id)
                .collect(),
            topics: vec![Topic::Flags],
            snapshots: vec![self.environment.id],
            flags: plan.changes,
            unchanged: plan.unchanged,
            ..Effect::default()
        })
    }
}

/// The audit log's word: by rank, whatever the command was called.
pub(super) fn action_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Rollback => "flag.rollback",
        Direction::Promotion | Direction::NoChange => "flag.set",
    }
}

/// `{"flags": {"<module>": {"mode": ..., "exposure": ...}}}`: the shape that undo reads back.
pub(super) fn states(
    changes: &[FlagChange],
    side: impl Fn(&FlagChange) -> domain::FlagState,
) -> Value {
    let flags: serde_json::Map<String, Value> = changes
        .iter()
        .map(|change| (change.module.to_string(), json!(side(change))))
        .collect();
    json!({ "flags": flags })
}

/// What a batch is told in which no module moves, some since they do not move any more.
fn inactive_summary(plan: &Plan) -> String {
    let named: Vec<String> = plan
        .inactive
        .iter()
        .take(NAMED)
        .map(|standing| format!("{} is {}", standing.module, standing.status.as_str()))
        .collect();
    let more = match plan.inactive.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more likewise"),
    };
    format!(
        "{}{more}, so their flags do not move any more; the others already are as asked.",
        named.join(", ")
    )
}

fn summary_of(plan: &Plan, environment: &Key) -> String {
    let verb = if plan.direction == Direction::Rollback {
        "rolled back"
    } else {
        "set"
    };
    match plan.changes.as_slice() {
        [change] => {
            format!(
                "{verb} {}: {} → {} in {environment}",
                change.module, change.before, change.after
            )
        }
        changes => {
            let same = changes.windows(2).all(|pair| match pair {
                [one, other] => one.after == other.after,
                _ => true,
            });
            let to = match changes.first() {
                Some(change) if same => format!(" to {}", change.after),
                _ => " to states of their own".to_owned(),
            };
            format!("{verb} {} modules{to} in {environment}", changes.len())
        }
    }
}
