//! Imports a plan: creates the migration when it is not there, and otherwise brings it to the plan. Never moves a flag,
//! never deletes. One transaction, one entry.

use std::collections::HashMap;

use domain::migration::MAX_NAME;
use domain::schedule::windows::{Scope, Window};
use domain::{Key, Migration, ModuleStatus, Permission, PhaseNumber, Refusal, Thresholds};
use jiff::civil::Date;
use plan::Plan;
use serde_json::{Value, json};

use super::create_migration::insert as insert_migration;
use super::create_phase::target;
use super::input::Input;
use super::move_phase::overridden;
use super::plan_changes::{Operation, PlanChanges, plan_changes};
use super::plan_existing::Existing;
use super::plan_wanted::{Wanted, problems, shortened};
use super::scope;
use crate::civil;
use crate::command::{Aim, Command, Effect, Work};
use crate::control::authorise;
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::migrations::MigrationRecord;
use crate::store::windows::{self, ScopeIds};
use crate::store::{
    audit, dependencies, last_change, migrations, milestones, modules, phases, plan_items,
};

/// Sentences kept in the entry.
const KEPT_SENTENCES: usize = 100;

/// A plan to be imported.
#[derive(Debug, Clone)]
pub struct ImportPlan {
    /// Where; created when it does not exist.
    pub migration: Key,
    /// Name of a new migration; the plan's title without it. Does not rename one that is there.
    pub name: Option<String>,
    /// Time zone of a new migration, where the plan names none. Does not change one that is there; what the plan names
    /// does.
    pub zone: String,
    /// What was read.
    pub plan: Plan,
    /// Hex digest of the document it was read from.
    pub document: String,
    /// Whether what the plan does not name is archived: active modules, windows, milestones, checks.
    pub archive_absent: bool,
    /// Lets phases begin before what they need has ended; the reason must say why.
    pub overriding: bool,
    /// Why; may be empty unless overriding.
    pub reason: String,
}

impl Command for ImportPlan {
    /// A migration that is not there needs more, which [`Command::apply`] asks for.
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "plan.import"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let reason = self.check()?;
        let there = migrations::by_key(work.connection, &self.migration).await?;
        let exists = there.is_some();
        let record = match there {
            Some(record) if record.migration.archived_at.is_some() => {
                let what = format!("The migration {}", self.migration);
                return Err(Refusal::Archived { what }.into());
            }
            Some(record) => record,
            None => self.create(work).await?,
        };
        let existing = if exists {
            Existing::load(work.connection, &self.migration, work.now).await?
        } else {
            Existing::default()
        };
        let found = plan_changes(&existing, &self.plan, self.archive_absent);
        refuse_stuck(&found)?;
        if let Some(refused) = found.refused.first() {
            return Err(refused.clone().into());
        }
        if !found.broken.is_empty() && !self.overriding {
            return Err(Refusal::breaks_dependency(&found.broken).into());
        }
        if exists && found.operations.is_empty() {
            let changed = last_change::of_migration(work.connection, &self.migration).await?;
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("this plan is in {} already.", self.migration);
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let written = Writing::begin(work, &record)
            .await?
            .carry_out(work, &found)
            .await?;
        migrations::set_plan_digest(work.connection, record.id, &self.document).await?;
        // Phases are kept with the snapshots, so these are made anew even where no flag changes.
        let snapshots = scope::open_environments(work, &record).await?;
        if !exists || written.set_of_modules {
            work.make_revision();
        }
        Ok(Effect {
            action: "plan.import",
            aim: Aim {
                targets: written.targets,
                ..self.aim()
            },
            before: if exists {
                json!({ "digest": record.plan_digest })
            } else {
                Value::Null
            },
            after: self.after(&found),
            reason,
            summary: self.summary(exists, &found),
            subject: Some(self.migration.to_string()),
            version: Some(written.version),
            modules: written.modules,
            topics: vec![Topic::Flags, Topic::Structure, Topic::Plan],
            snapshots,
            ..Effect::default()
        })
    }
}

impl ImportPlan {
    fn check(&self) -> Result<String, Refusal> {
        let mut input = Input::default();
        let reason = if self.overriding {
            input.reason(&self.reason)
        } else {
            input.optional_reason(&self.reason)
        };
        if let Some(name) = &self.name {
            input.text("name", name);
        }
        input.require(
            self.document.len() <= 128,
            "document",
            "The document's digest is no digest.",
        );
        for problem in problems(&self.plan) {
            input.wrong(&problem.field, problem.message);
        }
        input.finish()?;
        Ok(reason)
    }

    async fn create(&self, work: &mut Work<'_>) -> Result<MigrationRecord, Stopped> {
        authorise(work.caller, Permission::AdministerServer)?;
        let mut input = Input::default();
        let zone = input.zone(self.plan.zone.as_deref().unwrap_or(&self.zone));
        input.finish()?;
        let wanted = Wanted::of(&self.plan);
        let named = [self.name.as_deref(), self.plan.title.as_deref()]
            .into_iter()
            .flatten()
            .map(|name| shortened(name, MAX_NAME))
            .find(|name| !name.is_empty());
        let migration = Migration {
            key: self.migration.clone(),
            name: named.unwrap_or_else(|| self.migration.to_string()),
            description: String::new(),
            zone,
            start: Some(wanted.start),
            expected_modules: wanted.expected_modules,
            thresholds: wanted.thresholds(Thresholds::default()),
            automatic_rollback: true,
            archived_at: None,
            version: 1,
        };
        let created = insert_migration(work, &migration).await?;
        Ok(MigrationRecord {
            id: created.id,
            migration,
            plan_digest: None,
        })
    }

    fn after(&self, found: &PlanChanges) -> Value {
        let plan = &self.plan;
        let checks = plan.preparation.len()
            + plan.daily.len()
            + plan.days.len()
            + plan.conditional.len()
            + plan.checks.len();
        let sentences: Vec<&String> = found.changes.iter().take(KEPT_SENTENCES).collect();
        json!({
            "digest": self.document,
            "phases": plan.phases.len(),
            "modules": plan.modules.len(),
            "steps": plan.steps.len(),
            "checks": checks,
            "criteria": plan.criteria.len(),
            "runbook": plan.runbook.len(),
            "windows": plan.windows.len(),
            "milestones": plan.milestones.len(),
            "changes": sentences,
        })
    }

    fn summary(&self, exists: bool, found: &PlanChanges) -> String {
        let key = &self.migration;
        let broken = overridden(&found.broken);
        if exists {
            let count = found.operations.len();
            let changes = if count == 1 {
                "1 change".into()
            } else {
                format!("{count} changes")
            };
            return format!("imported a plan into {key}: {changes}{broken}");
        }
        let (phases, modules) = (self.plan.phases.len(), self.plan.modules.len());
        format!(
            "created the migration {key} from a plan: {phases} phases, {modules} modules{broken}"
        )
    }
}

fn refuse_stuck(found: &PlanChanges) -> Result<(), Refusal> {
    let Some(first) = found.stuck.first() else {
        return Ok(());
    };
    let (what, why) = match found.stuck.len() {
        1 => (format!("The module {first}"), "it serves new"),
        count => (
            format!("{first} and {} more modules", count - 1),
            "they serve new",
        ),
    };
    let why = format!(
        "{why} to somebody, and the plan does not name what is to be archived. Roll back first, or retire."
    );
    Err(Refusal::InUse { what, why })
}

/// Carries an import's operations out, and remembers what its entry is about.
struct Writing {
    migration_id: i64,
    phases: HashMap<PhaseNumber, i64>,
    module_ids: HashMap<Key, i64>,
    modules: Vec<i64>,
    targets: Vec<String>,
    set_of_modules: bool,
    version: i64,
    /// The day in the migration's zone.
    today: Date,
}

impl Writing {
    async fn begin(work: &mut Work<'_>, record: &MigrationRecord) -> Result<Self, Stopped> {
        let phases = phases::of_migration(work.connection, record.id).await?;
        let modules = modules::of_migration(work.connection, record.id).await?;
        Ok(Self {
            migration_id: record.id,
            phases: phases
                .into_iter()
                .map(|record| (record.phase.number, record.id))
                .collect(),
            module_ids: modules
                .into_iter()
                .map(|record| (record.module.key, record.id))
                .collect(),
            modules: Vec::new(),
            targets: Vec::new(),
            set_of_modules: false,
            version: record.migration.version,
            today: civil::today(&record.migration, work.now),
        })
    }

    async fn carry_out(
        mut self,
        work: &mut Work<'_>,
        found: &PlanChanges,
    ) -> Result<Self, Stopped> {
        let new = |operation: &&Operation| matches!(operation, Operation::AddModule(_));
        let added = found.operations.iter().filter(new).count();
        scope::room_for_modules(work, u32::try_from(added).unwrap_or(u32::MAX)).await?;
        for operation in &found.operations {
            self.write(work, operation).await?;
        }
        Ok(self)
    }

    async fn write(&mut self, work: &mut Work<'_>, operation: &Operation) -> Result<(), Stopped> {
        let (id, now) = (self.migration_id, work.now);
        match operation {
            Operation::EditMigration(migration) => {
                self.version = migration.version;
                migrations::update(work.connection, id, migration).await?;
            }
            Operation::AddPhase(phase) => {
                let row = phases::insert(work.connection, id, phase, work.sequence, now).await?;
                self.phases.insert(phase.number, row);
                self.targets.push(target(phase.number));
            }
            Operation::EditPhase(phase) => {
                if let Some(row) = self.phases.get(&phase.number) {
                    phases::update(work.connection, *row, phase, work.sequence).await?;
                }
                self.targets.push(target(phase.number));
            }
            Operation::AddModule(_) | Operation::EditModule(_) | Operation::ArchiveModule(_) => {
                self.write_module(work, operation).await?;
            }
            Operation::ReplaceSteps(steps) => {
                plan_items::replace_steps(work.connection, id, steps).await?;
            }
            Operation::AddCheck(item) => {
                let (phase, today) = (self.phase_id(item.phase), self.today);
                plan_items::insert_checklist_item(work.connection, id, phase, item, today).await?;
            }
            Operation::EditCheck(row, item) => {
                plan_items::update_checklist_item(work.connection, *row, item).await?;
            }
            Operation::ArchiveCheck(row) => {
                plan_items::archive_checklist_item(work.connection, *row, now).await?;
            }
            Operation::ReplaceCriteria(criteria) => {
                plan_items::replace_criteria(work.connection, id, criteria, now).await?;
            }
            Operation::ReplaceRunbook(runbook) => {
                plan_items::replace_runbook(work.connection, id, runbook, now).await?;
            }
            Operation::AddWindow(_)
            | Operation::EditWindow(..)
            | Operation::ArchiveWindow(_)
            | Operation::AddMilestone(..)
            | Operation::EditMilestone(..)
            | Operation::ArchiveMilestone(_)
            | Operation::SetNeeds(..) => self.write_calendar(work, operation).await?,
        }
        Ok(())
    }

    async fn write_calendar(
        &mut self,
        work: &mut Work<'_>,
        operation: &Operation,
    ) -> Result<(), Stopped> {
        let (id, sequence, now) = (self.migration_id, work.sequence, work.now);
        match operation {
            Operation::AddWindow(window) => {
                let rows = self.rows_of(window);
                let row = windows::insert(work.connection, id, window, rows, sequence, now).await?;
                self.targets.push(format!("window {row}"));
            }
            Operation::EditWindow(row, window) => {
                let rows = self.rows_of(window);
                windows::update(work.connection, *row, window, rows, sequence).await?;
                self.targets.push(format!("window {row}"));
            }
            Operation::ArchiveWindow(row) => {
                windows::archive(work.connection, *row, sequence, now).await?;
                self.targets.push(format!("window {row}"));
            }
            Operation::AddMilestone(name, day) => {
                let row =
                    milestones::insert(work.connection, id, name, *day, sequence, now).await?;
                self.targets.push(format!("milestone {row}"));
            }
            Operation::EditMilestone(row, name, day) => {
                let record = milestones::by_id(work.connection, id, *row).await?;
                if let Some(mut record) = record {
                    record.name.clone_from(name);
                    record.day = *day;
                    milestones::update(work.connection, &record, sequence).await?;
                }
                self.targets.push(format!("milestone {row}"));
            }
            Operation::ArchiveMilestone(row) => {
                let record = milestones::by_id(work.connection, id, *row).await?;
                if let Some(mut record) = record {
                    record.archived_at = Some(now);
                    milestones::update(work.connection, &record, sequence).await?;
                }
                self.targets.push(format!("milestone {row}"));
            }
            Operation::SetNeeds(number, needs) => self.write_needs(work, *number, needs).await?,
            _ => {}
        }
        Ok(())
    }

    async fn write_needs(
        &mut self,
        work: &mut Work<'_>,
        number: PhaseNumber,
        needs: &[PhaseNumber],
    ) -> Result<(), Stopped> {
        let all = phases::of_migration(work.connection, self.migration_id).await?;
        let record = all.into_iter().find(|record| record.phase.number == number);
        let Some(mut record) = record else {
            return Ok(());
        };
        let ids: Vec<i64> = needs
            .iter()
            .filter_map(|needed| self.phases.get(needed).copied())
            .collect();
        dependencies::replace(work.connection, record.id, &ids).await?;
        record.phase.version += 1;
        phases::update(work.connection, record.id, &record.phase, work.sequence).await?;
        let target = target(number);
        if !self.targets.contains(&target) {
            self.targets.push(target);
        }
        Ok(())
    }

    fn rows_of(&self, window: &Window) -> ScopeIds {
        match window.scope() {
            Scope::Migration => ScopeIds::default(),
            Scope::Phase(number) => ScopeIds {
                phase: self.phases.get(number).copied(),
                module: None,
            },
            Scope::Module(key) => ScopeIds {
                phase: None,
                module: self.module_ids.get(key).copied(),
            },
        }
    }

    async fn write_module(
        &mut self,
        work: &mut Work<'_>,
        operation: &Operation,
    ) -> Result<(), Stopped> {
        let sequence = work.sequence;
        let (key, row) = match operation {
            Operation::AddModule(module) => {
                let (id, phase, now) = (self.migration_id, self.phase_id(module.phase), work.now);
                let row =
                    modules::insert(work.connection, id, module, phase, sequence, now).await?;
                self.set_of_modules = true;
                self.module_ids.insert(module.key.clone(), row);
                (&module.key, Some(row))
            }
            Operation::EditModule(module) => {
                let (row, phase) = (
                    self.module_ids.get(&module.key).copied(),
                    self.phase_id(module.phase),
                );
                if let Some(row) = row {
                    modules::update(work.connection, row, module, phase, sequence).await?;
                }
                (&module.key, row)
            }
            Operation::ArchiveModule(key) => {
                let record = modules::by_key(work.connection, self.migration_id, key).await?;
                let row = record.as_ref().map(|record| record.id);
                if let Some(mut record) = record {
                    record.module.status = ModuleStatus::Archived;
                    record.module.version += 1;
                    let phase = self.phase_id(record.module.phase);
                    modules::update(work.connection, record.id, &record.module, phase, sequence)
                        .await?;
                }
                self.set_of_modules = true;
                (key, row)
            }
            _ => return Ok(()),
        };
        self.modules.extend(row);
        self.targets.push(key.to_string());
        Ok(())
    }

    fn phase_id(&self, number: Option<PhaseNumber>) -> Option<i64> {
        number.and_then(|number| self.phases.get(&number)).copied()
    }
}

#[cfg(test)]
mod calendar_tests;
#[cfg(test)]
mod tests;
