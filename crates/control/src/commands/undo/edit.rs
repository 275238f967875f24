//! Undoing an edit of a module, phase, environment, migration, window or milestone: the fields it changed, through the
//! edit's own checks. What was moved goes back, what was created is put away, and what was put away comes back.

mod calendar;
mod fields;

use domain::audit::AuditEntry;
use domain::{Key, Permission, PhaseNumber, Refusal};
use serde_json::{Value, json};

use super::Undo;
use crate::CommandError;
use crate::command::{Aim, Command, Effect, Work};
use crate::commands::input::Input;
use crate::commands::{EditEnvironment, EditMigration, EditModule, EditPhase, scope};
use crate::error::Stopped;
use crate::store::audit::{self, AuditSearch};
use crate::store::{StoreError, last_change};
use fields::{EnvironmentFields, MigrationFields, ModuleFields, PhaseFields, read};

/// Entries looked through for the one that changed a field since.
const LOOKED_THROUGH: u32 = 1_000;

/// Brings back what an edit changed, unless it was changed again since.
#[derive(Debug, Clone)]
pub(super) struct UndoEdit {
    undo: Undo,
    entry: AuditEntry,
    edited: Edited,
}

/// What the entry edited.
#[derive(Debug, Clone)]
enum Edited {
    Module(Key),
    Phase(PhaseNumber),
    Environment(Key),
    /// One that became the deciding one in place of the other, and nothing else.
    Deciding {
        was: Key,
        is: Key,
    },
    Migration,
    /// Phases that were moved together.
    Moved,
    /// What a phase needs.
    Needs(PhaseNumber),
    Window(i64),
    Milestone(i64),
}

/// How what was edited stands now.
struct Standing {
    what: String,
    version: i64,
    /// Its fields, named as in the entry.
    fields: Value,
    /// The newest entry about it.
    changed: Option<u64>,
}

impl UndoEdit {
    /// `None` where the entry is no edit.
    pub(super) fn of(undo: &Undo, entry: &AuditEntry) -> Result<Option<Self>, CommandError> {
        let target = entry.targets.first().map_or("", String::as_str);
        let key = || Key::parse(target).map_err(|error| StoreError::corrupt("audit", error));
        let edited = match entry.action.as_str() {
            "module.edit" => Edited::Module(key()?),
            "phase.edit" => Edited::Phase(phase_number(target)?),
            "environment.edit" => environment(entry, key()?)?,
            "migration.edit" => Edited::Migration,
            "phase.move" => Edited::Moved,
            "phase.needs" => Edited::Needs(phase_number(target)?),
            "window.create" | "window.edit" | "window.archive" | "window.restore" => {
                Edited::Window(row_number(target, "window ")?)
            }
            "milestone.create" | "milestone.edit" | "milestone.archive" | "milestone.restore" => {
                Edited::Milestone(row_number(target, "milestone ")?)
            }
            _ => return Ok(None),
        };
        Ok(Some(Self {
            undo: undo.clone(),
            entry: entry.clone(),
            edited,
        }))
    }

    async fn standing(&self, work: &mut Work<'_>) -> Result<Standing, Stopped> {
        let key = &self.undo.migration;
        let migration = scope::migration(work, key).await?;
        Ok(match &self.edited {
            Edited::Module(module) => {
                let record = scope::open_module(work, &migration, module).await?;
                Standing {
                    what: format!("module {module}"),
                    version: record.module.version,
                    fields: json!(record.module),
                    changed: record.changed_sequence,
                }
            }
            Edited::Phase(number) => {
                let phase = scope::phase(work, &migration, *number).await?.phase;
                Standing {
                    what: format!("phase {number}"),
                    version: phase.version,
                    fields: json!(phase),
                    changed: last_change::of_phase(work.connection, key, *number).await?,
                }
            }
            Edited::Environment(environment)
            | Edited::Deciding {
                is: environment, ..
            } => {
                let found = scope::environment(work, &migration, Some(environment)).await?;
                Standing {
                    what: format!("the environment {environment}"),
                    version: found.environment.version,
                    fields: json!(found.environment),
                    changed: last_change::of_environment(work.connection, key, environment).await?,
                }
            }
            Edited::Migration => Standing {
                what: format!("the migration {key}"),
                version: migration.migration.version,
                fields: json!(migration.migration),
                changed: last_change::of_migration(work.connection, key).await?,
            },
            Edited::Moved => calendar::days(work, &migration, &self.entry).await?,
            Edited::Needs(number) => calendar::needs(work, &migration, *number).await?,
            Edited::Window(id) => calendar::window(work, &migration, *id).await?,
            Edited::Milestone(id) => calendar::milestone(work, &migration, *id).await?,
        })
    }

    /// Fields that are neither as the entry left them nor as it found them.
    fn drifted(&self, now: &Value) -> Vec<&str> {
        let Some(after) = self.entry.after.as_object() else {
            return Vec::new();
        };
        after
            .iter()
            .filter(|(field, left)| {
                let now = now.get(field.as_str());
                now != Some(*left) && now != self.entry.before.get(field.as_str())
            })
            .map(|(field, _)| field.as_str())
            .collect()
    }

    /// Refuses to go back over what others changed since, and shows the newest such change.
    async fn refuse_drift(&self, work: &mut Work<'_>, standing: &Standing) -> Result<(), Stopped> {
        let drifted = self.drifted(&standing.fields);
        if drifted.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = drifted
            .iter()
            .map(|field| match *field {
                "phases" => "days".to_owned(),
                "archived_at" => "state".to_owned(),
                field => field.replace('_', " "),
            })
            .collect();
        let newest = self
            .newest_change_of(work, &drifted)
            .await?
            .or(standing.changed);
        let newest = newest.filter(|sequence| *sequence > self.entry.sequence);
        Err(Refusal::Stale {
            what: format!("The {} of {}", named.join(" and "), standing.what),
            expected: None,
            current: standing.version,
            other: audit::other_change(work.connection, newest)
                .await?
                .map(Box::new),
        }
        .into())
    }

    async fn newest_change_of(
        &self,
        work: &mut Work<'_>,
        fields: &[&str],
    ) -> Result<Option<u64>, Stopped> {
        let family = self.entry.action.split('.').next().unwrap_or_default();
        let search = AuditSearch {
            migration: Some(self.undo.migration.to_string()),
            action: Some(format!("{family}%")),
            outcome: Some("committed".into()),
            after_instant: Some(self.entry.at),
            ..AuditSearch::default()
        };
        for record in audit::search(work.connection, &search, LOOKED_THROUGH).await? {
            let entry = record.entry()?;
            if entry.sequence > self.entry.sequence && self.changes(&entry, fields) {
                return Ok(Some(entry.sequence));
            }
        }
        Ok(None)
    }

    /// Whether an entry changed one of `fields` of what this one is about.
    fn changes(&self, entry: &AuditEntry, fields: &[&str]) -> bool {
        let target = self.entry.targets.first();
        if target.is_some_and(|target| !entry.targets.contains(target)) {
            return false;
        }
        // A table of modules has the fields of each under its key.
        let of_module = target.and_then(|target| entry.after.get("edited")?.get(target));
        let after = of_module.unwrap_or(&entry.after);
        fields.iter().any(|field| after.get(field).is_some())
    }

    async fn carry_out(self, work: &mut Work<'_>, version: i64) -> Result<Effect, Stopped> {
        let (migration, reason) = (self.undo.migration, self.undo.reason);
        let (before, expected) = (self.entry.before, Some(version));
        let back = calendar::Back {
            migration: migration.clone(),
            before: before.clone(),
            expected,
            reason: reason.clone(),
        };
        match self.edited {
            Edited::Module(module) => {
                let expected = self.undo.expected.get(&module).copied().or(expected);
                let fields: ModuleFields = read(before)?;
                let edit = EditModule {
                    migration,
                    module,
                    name: fields.name,
                    phase: fields.phase,
                    owner: fields.owner,
                    old_path: fields.old_path,
                    new_path: fields.new_path,
                    expected,
                    reason,
                };
                edit.apply(work).await
            }
            Edited::Phase(number) => {
                let fields: PhaseFields = read(before)?;
                let edit = EditPhase {
                    migration,
                    number,
                    name: fields.name,
                    start: fields.start,
                    end: fields.end,
                    expected_modules: fields.expected_modules,
                    validation_days: fields.validation_days,
                    notes: fields.notes,
                    overriding: false,
                    expected,
                    reason,
                };
                edit.apply(work).await
            }
            Edited::Environment(environment) => {
                let fields: EnvironmentFields = read(before)?;
                let edit = EditEnvironment {
                    migration,
                    environment,
                    name: fields.name,
                    deciding: fields.deciding,
                    expected,
                    reason,
                };
                edit.apply(work).await
            }
            Edited::Moved => back.days(work, &self.entry.targets).await,
            Edited::Needs(number) => back.needs(work, number).await,
            Edited::Window(id) => back.window(work, id).await,
            Edited::Milestone(id) => back.milestone(work, id).await,
            Edited::Deciding { was, .. } => decide_again(work, migration, was, reason).await,
            Edited::Migration => {
                let fields: MigrationFields = read(before)?;
                let edit = EditMigration {
                    migration,
                    name: fields.name,
                    description: fields.description,
                    zone: fields.zone,
                    start: fields.start,
                    expected_modules: fields.expected_modules,
                    thresholds: fields.thresholds,
                    automatic_rollback: fields.automatic_rollback,
                    expected,
                    reason,
                };
                edit.apply(work).await
            }
        }
    }
}

impl Command for UndoEdit {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.undo.migration)
    }

    /// The edit's own word: what undoes an edit is one, and can be undone like it.
    fn action(&self) -> &'static str {
        match self.edited {
            Edited::Module(_) => "module.edit",
            Edited::Phase(_) => "phase.edit",
            Edited::Environment(_) | Edited::Deciding { .. } => "environment.edit",
            Edited::Migration => "migration.edit",
            Edited::Moved => "phase.move",
            Edited::Needs(_) => "phase.needs",
            Edited::Window(_) => "window.edit",
            Edited::Milestone(_) => "milestone.edit",
        }
    }

    fn reason(&self) -> &str {
        &self.undo.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.undo.migration.clone()),
            environment: self.entry.environment.clone(),
            targets: self.entry.targets.clone(),
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        input.reason(&self.undo.reason);
        input.finish()?;
        let standing = self.standing(work).await?;
        self.refuse_drift(work, &standing).await?;
        let sequence = self.entry.sequence;
        let mut effect = self.carry_out(work, standing.version).await?;
        effect.summary = format!("undid entry {sequence}: {}", effect.summary);
        Ok(effect)
    }
}

/// One environment decides, so that what one stops is what the other begins.
async fn decide_again(
    work: &mut Work<'_>,
    migration: Key,
    environment: Key,
    reason: String,
) -> Result<Effect, Stopped> {
    let record = scope::migration(work, &migration).await?;
    let found = scope::environment(work, &record, Some(&environment)).await?;
    let edit = EditEnvironment {
        migration,
        environment,
        name: None,
        deciding: Some(true),
        expected: Some(found.environment.version),
        reason,
    };
    edit.apply(work).await
}

fn environment(entry: &AuditEntry, is: Key) -> Result<Edited, CommandError> {
    let fields: EnvironmentFields = read(entry.before.clone())?;
    let was = entry.targets.get(1).and_then(|key| Key::parse(key).ok());
    match (fields.deciding, fields.name, was) {
        (None, _, _) => Ok(Edited::Environment(is)),
        (Some(_), None, Some(was)) => Ok(Edited::Deciding { was, is }),
        (Some(_), _, _) => Err(Refusal::field(
            "sequence",
            "That entry renamed the environment and made it the deciding one. Make the other one decide again, and edit the name.",
        )
        .into()),
    }
}

fn row_number(target: &str, kind: &str) -> Result<i64, StoreError> {
    let id = target.strip_prefix(kind).unwrap_or(target);
    id.parse()
        .map_err(|error| StoreError::corrupt("audit", error))
}

pub(super) fn phase_number(target: &str) -> Result<PhaseNumber, StoreError> {
    let number = target.strip_prefix("phase ").unwrap_or(target);
    number
        .parse()
        .map_err(|error| StoreError::corrupt("audit", error))
}

#[cfg(test)]
mod tests;
