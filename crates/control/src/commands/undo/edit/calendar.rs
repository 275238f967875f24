//! What stands on the calendar: the days of phases, what they need, windows and milestones.

use domain::audit::AuditEntry;
use domain::schedule::phases::{PhaseDates, newly_broken};
use domain::{Key, PhaseNumber, Refusal, Timestamp};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::fields::{DaysOfPhases, MilestoneFields, NeedsFields, WindowFields, read};
use super::{Standing, phase_number};
use crate::command::{Aim, Effect, Work};
use crate::commands::create_milestone::aim as milestone_aim;
use crate::commands::create_window::{aim as window_aim, fields as fields_of};
use crate::commands::move_phase::open_phases;
use crate::commands::{
    ArchiveWindow, EditMilestone, EditWindow, SetDependencies, WindowInput, scope,
};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::migrations::MigrationRecord;
use crate::store::{audit, dependencies, last_change, milestones, phases, windows};

/// The days of the phases that an entry moved.
pub(super) async fn days(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    entry: &AuditEntry,
) -> Result<Standing, Stopped> {
    let (mut names, mut now) = (Vec::new(), Map::new());
    let (mut version, mut changed) = (1, None);
    for target in &entry.targets {
        let number = phase_number(target)?;
        let phase = scope::phase(work, migration, number).await?.phase;
        let newest = last_change::of_phase(work.connection, &migration.migration.key, number);
        changed = changed.max(newest.await?);
        version = phase.version;
        names.push(target.clone());
        now.insert(
            number.to_string(),
            json!({ "start": phase.start, "end": phase.end }),
        );
    }
    Ok(Standing {
        what: names.join(" and "),
        version,
        fields: json!({ "phases": now }),
        changed,
    })
}

/// What a phase needs.
pub(super) async fn needs(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    number: PhaseNumber,
) -> Result<Standing, Stopped> {
    let phase = scope::phase(work, migration, number).await?.phase;
    let all = dependencies::of_migration(work.connection, migration.id).await?;
    let of_phase = all.iter().filter(|one| one.phase == number);
    let needs: Vec<PhaseNumber> = of_phase.map(|one| one.needs).collect();
    let key = &migration.migration.key;
    Ok(Standing {
        what: format!("phase {number}"),
        version: phase.version,
        fields: json!({ "needs": needs }),
        changed: last_change::of_phase(work.connection, key, number).await?,
    })
}

/// A window, archived or not.
pub(super) async fn window(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    id: i64,
) -> Result<Standing, Stopped> {
    let record = windows::by_id(work.connection, migration.id, id)
        .await?
        .ok_or_else(|| Refusal::not_found("window", id.to_string()))?;
    let mut fields = fields_of(&record.window);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("archived_at".into(), json!(record.archived_at));
    }
    Ok(Standing {
        what: format!(
            "the {} {:?}",
            record.window.kind().words(),
            record.window.name()
        ),
        version: record.version,
        fields,
        changed: record.changed_sequence,
    })
}

/// A milestone, archived or not.
pub(super) async fn milestone(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    id: i64,
) -> Result<Standing, Stopped> {
    let record = milestones::by_id(work.connection, migration.id, id)
        .await?
        .ok_or_else(|| Refusal::not_found("milestone", id.to_string()))?;
    Ok(Standing {
        what: format!("the milestone {:?}", record.name),
        version: record.version,
        fields: json!({ "name": record.name, "day": record.day, "archived_at": record.archived_at }),
        changed: record.changed_sequence,
    })
}

/// The way back to what an entry found.
pub(super) struct Back {
    pub(super) migration: Key,
    /// As the entry has it; `null` where it created something.
    pub(super) before: Value,
    pub(super) expected: Option<i64>,
    pub(super) reason: String,
}

impl Back {
    /// Every phase that was moved goes back at once, unless that breaks what phases need.
    pub(super) async fn days(
        self,
        work: &mut Work<'_>,
        targets: &[String],
    ) -> Result<Effect, Stopped> {
        let was: DaysOfPhases = read(self.before.clone())?;
        let migration = scope::migration(work, &self.migration).await?;
        let all = open_phases(work, migration.id).await?;
        let needs = dependencies::of_migration(work.connection, migration.id).await?;
        let (mut now, mut names) = (Map::new(), Vec::new());
        let (mut dates, mut after) = (Vec::new(), Vec::new());
        let mut back = Vec::new();
        for record in &all {
            let mut phase = record.phase.clone();
            dates.extend(PhaseDates::of(&phase));
            let days = was.phases.get(&phase.number);
            if let Some(days) =
                days.filter(|days| (days.start, days.end) != (phase.start, phase.end))
            {
                now.insert(
                    phase.number.to_string(),
                    json!({ "start": phase.start, "end": phase.end }),
                );
                names.push(format!("phase {}", phase.number));
                (phase.start, phase.end) = (days.start, days.end);
                phase.version += 1;
                back.push((record.id, phase.clone()));
            }
            after.extend(PhaseDates::of(&phase));
        }
        for number in was.phases.keys() {
            if !all.iter().any(|record| record.phase.number == *number) {
                let what = format!("Phase {number}");
                return Err(Refusal::Archived { what }.into());
            }
        }
        if back.is_empty() {
            let number = phase_number(targets.first().map_or("", String::as_str))?;
            let changed = last_change::of_phase(work.connection, &self.migration, number).await?;
            let other = audit::other_change(work.connection, changed).await?;
            let summary = "every phase is where it was already.".to_owned();
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let broken = newly_broken((&dates, &needs), (&after, &needs));
        if !broken.is_empty() {
            return Err(Refusal::breaks_dependency(&broken).into());
        }
        for (row, phase) in &back {
            phases::update(work.connection, *row, phase, work.sequence).await?;
        }
        let mut restored = Map::new();
        for (_, phase) in &back {
            restored.insert(
                phase.number.to_string(),
                json!({ "start": phase.start, "end": phase.end }),
            );
        }
        let one = match back.as_slice() {
            [(_, phase)] => Some(phase),
            _ => None,
        };
        Ok(Effect {
            action: "phase.move",
            aim: Aim {
                migration: Some(self.migration),
                environment: None,
                targets: names.clone(),
            },
            before: json!({ "phases": now }),
            after: json!({ "phases": restored }),
            reason: self.reason,
            summary: format!("moved {} back", names.join(" and ")),
            subject: one.map(|phase| phase.number.to_string()),
            version: one.map(|phase| phase.version),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }

    /// Sets what a phase needs to what it was.
    pub(super) async fn needs(
        self,
        work: &mut Work<'_>,
        number: PhaseNumber,
    ) -> Result<Effect, Stopped> {
        let was: NeedsFields = read(self.before)?;
        let set = SetDependencies {
            migration: self.migration,
            number,
            needs: was.needs,
            overriding: false,
            expected: self.expected,
            reason: self.reason,
        };
        crate::command::Command::apply(set, work).await
    }

    /// Edits a window back, archives one that was created, brings one back that was archived.
    pub(super) async fn window(self, work: &mut Work<'_>, id: i64) -> Result<Effect, Stopped> {
        let was = match self.before {
            Value::Null => None,
            before => Some(read::<WindowFields>(before)?),
        };
        let archived = was.as_ref().and_then(|was| was.archived_at);
        match (was, archived) {
            (None, _) | (_, Some(Some(_))) => {
                let archive = ArchiveWindow {
                    migration: self.migration,
                    id,
                    expected: self.expected,
                    reason: self.reason,
                };
                crate::command::Command::apply(archive, work).await
            }
            (_, Some(None)) => restore_window(work, self.migration, id, self.reason).await,
            (Some(was), None) => {
                let migration = scope::migration(work, &self.migration).await?;
                let record = windows::by_id(work.connection, migration.id, id)
                    .await?
                    .ok_or_else(|| Refusal::not_found("window", id.to_string()))?;
                let now = record.window;
                let rule = now.recurrence().map_or("", |rule| rule.as_str()).to_owned();
                let edit = EditWindow {
                    migration: self.migration,
                    id,
                    window: WindowInput {
                        name: was.name.unwrap_or_else(|| now.name().to_owned()),
                        kind: was.kind.unwrap_or_else(|| now.kind()),
                        scope: was.scope.unwrap_or_else(|| now.scope().clone()),
                        starts: was.starts.unwrap_or_else(|| now.starts()),
                        ends: was.ends.unwrap_or_else(|| now.ends()),
                        recurrence: was.recurrence.unwrap_or(rule),
                    },
                    expected: self.expected,
                    reason: self.reason,
                };
                crate::command::Command::apply(edit, work).await
            }
        }
    }

    /// Edits a milestone back, archives one that was created, brings one back that was archived.
    pub(super) async fn milestone(self, work: &mut Work<'_>, id: i64) -> Result<Effect, Stopped> {
        let was = match self.before {
            Value::Null => MilestoneFields {
                name: None,
                day: None,
                archived_at: Some(Some(work.now)),
            },
            before => read(before)?,
        };
        if was.archived_at == Some(None) {
            return restore_milestone(work, self.migration, id, was, self.reason).await;
        }
        let edit = EditMilestone {
            migration: self.migration,
            id,
            name: was.name,
            day: was.day,
            archive: was.archived_at.is_some(),
            expected: self.expected,
            reason: self.reason,
        };
        crate::command::Command::apply(edit, work).await
    }
}

async fn restore_window(
    work: &mut Work<'_>,
    migration: Key,
    id: i64,
    reason: String,
) -> Result<Effect, Stopped> {
    let found = scope::migration(work, &migration).await?;
    let record = windows::by_id(work.connection, found.id, id)
        .await?
        .ok_or_else(|| Refusal::not_found("window", id.to_string()))?;
    let what = format!(
        "{} {:?}",
        record.window.kind().words(),
        record.window.name()
    );
    let Some(archived_at) = record.archived_at else {
        return Err(not_archived(work, &what, record.changed_sequence).await?);
    };
    // What it is about may be archived since.
    let input = WindowInput::of(&record.window);
    input.rows(work, &found).await?;
    windows::restore(work.connection, id, work.sequence).await?;
    Ok(Effect {
        action: "window.restore",
        aim: window_aim(&migration, id),
        before: json!({ "archived_at": archived_at }),
        after: json!({ "archived_at": null }),
        reason,
        summary: format!("brought back the {what}"),
        subject: Some(id.to_string()),
        version: Some(record.version + 1),
        topics: vec![Topic::Plan],
        ..Effect::default()
    })
}

async fn restore_milestone(
    work: &mut Work<'_>,
    migration: Key,
    id: i64,
    was: MilestoneFields,
    reason: String,
) -> Result<Effect, Stopped> {
    let found = scope::migration(work, &migration).await?;
    let mut record = milestones::by_id(work.connection, found.id, id)
        .await?
        .ok_or_else(|| Refusal::not_found("milestone", id.to_string()))?;
    let Some(archived_at) = record.archived_at else {
        let what = format!("milestone {:?}", record.name);
        return Err(not_archived(work, &what, record.changed_sequence).await?);
    };
    let mut before = Map::new();
    let mut after = Map::new();
    before.insert("archived_at".into(), json!(archived_at));
    after.insert("archived_at".into(), json!(None::<Timestamp>));
    if let Some(name) = was.name {
        before.insert("name".into(), json!(record.name));
        after.insert("name".into(), json!(name));
        record.name = name;
    }
    if let Some(day) = was.day {
        before.insert("day".into(), json!(record.day));
        after.insert("day".into(), json!(day));
        record.day = day;
    }
    record.archived_at = None;
    milestones::update(work.connection, &record, work.sequence).await?;
    Ok(Effect {
        action: "milestone.restore",
        aim: milestone_aim(&migration, id),
        before: Value::Object(before),
        after: Value::Object(after),
        reason,
        summary: format!("brought back the milestone {:?}", record.name),
        subject: Some(id.to_string()),
        version: Some(record.version + 1),
        topics: vec![Topic::Plan],
        ..Effect::default()
    })
}

async fn not_archived(
    work: &mut Work<'_>,
    what: &str,
    changed: Option<u64>,
) -> Result<Stopped, Stopped> {
    let other = audit::other_change(work.connection, changed).await?;
    let summary = format!("the {what} is not archived any more.");
    Ok(Refusal::NoChange { summary, other }.into())
}

/// The days of a phase, as an entry keeps them.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Days {
    pub(super) start: Option<Date>,
    pub(super) end: Option<Date>,
}
