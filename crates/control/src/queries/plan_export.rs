//! A migration's plan as a document: the inverse of what an import stores.

use domain::plan_items::{
    ChecklistItem, ChecklistKind, Criterion, CriterionKind, RunbookEntry, Step,
};
use domain::schedule::checklist::Moment;
use domain::schedule::phases::Dependency;
use domain::schedule::windows::{Scope, Window};
use domain::{Key, Migration, Module, ModuleStatus, Permission, Phase, Refusal};
use jiff::ToSpan as _;
use jiff::civil::Date;
use plan::{Command, DaySpan, Meaning, Metric, Note, Plan, When};

use crate::commands::PHASE_COMMANDS;
use crate::control::authorise;
use crate::store::{dependencies, migrations, milestones, modules, phases, plan_items, windows};
use crate::{Caller, Control, QueryError};

/// The plan as Markdown that an import reads back.
pub async fn export_plan(
    control: &Control,
    caller: &Caller,
    key: &Key,
) -> Result<String, QueryError> {
    authorise(caller, Permission::View(key))?;
    let mut transaction = control.inner().store.read_moment().await?;
    let record = migrations::by_key(&mut transaction, key)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", key.as_str()))?;
    let phases: Vec<Phase> = phases::of_migration(&mut transaction, record.id)
        .await?
        .into_iter()
        .map(|record| record.phase)
        .filter(|phase| phase.archived_at.is_none())
        .collect();
    let modules = modules::of_migration(&mut transaction, record.id)
        .await?
        .into_iter()
        .map(|record| record.module)
        .filter(|module| module.status != ModuleStatus::Archived);
    let modules: Vec<Module> = modules.collect();
    let needs = dependencies::of_migration(&mut transaction, record.id).await?;
    let open = |window: &Window| match window.scope() {
        Scope::Migration => true,
        Scope::Phase(number) => phases.iter().any(|phase| phase.number == *number),
        Scope::Module(key) => modules.iter().any(|module| module.key == *key),
    };
    let windows = windows::of_migration(&mut transaction, record.id).await?;
    let milestones = milestones::of_migration(&mut transaction, record.id).await?;
    let checks = plan_items::checklist(&mut transaction, record.id).await?;
    let start = first_day(&record.migration, &phases);
    let mut plan = Plan {
        title: Some(record.migration.name.clone()),
        date: None,
        complete: true,
        zone: Some(record.migration.zone.clone()),
        start,
        repaired: false,
        repairs: Vec::new(),
        expected_modules: record.migration.expected_modules,
        windows: windows
            .iter()
            .map(|record| &record.window)
            .filter(|found| open(found))
            .map(window)
            .collect(),
        milestones: milestones
            .into_iter()
            .map(|found| plan::Milestone {
                name: found.name,
                day: found.day,
                line: 0,
            })
            .collect(),
        phases: phases_of(&phases, &needs)?,
        modules: modules
            .iter()
            .map(|found| module(found.clone(), &phases))
            .collect(),
        steps: plan_items::steps(&mut transaction, record.id)
            .await?
            .iter()
            .filter(|step| step.phase.is_none())
            .map(step)
            .collect(),
        preparation: Vec::new(),
        daily: Vec::new(),
        days: Vec::new(),
        conditional: Vec::new(),
        checks: Vec::new(),
        criteria: plan_items::criteria(&mut transaction, record.id)
            .await?
            .iter()
            .map(criterion)
            .collect(),
        thresholds: thresholds(&record.migration),
        runbook: plan_items::runbook(&mut transaction, record.id)
            .await?
            .iter()
            .map(runbook)
            .collect(),
        notes: Vec::new(),
        unrecognised: Vec::new(),
    };
    for (_, item) in &checks {
        add_check(&mut plan, item);
    }
    Ok(plan::to_markdown(&plan))
}

/// The migration's first day, else its earliest phase's, else the calendar's.
fn first_day(migration: &Migration, phases: &[Phase]) -> Date {
    migration
        .start
        .or_else(|| phases.iter().filter_map(|phase| phase.start).min())
        .unwrap_or_default()
}

/// Phases as a document has them, each with its window.
fn phases_of(phases: &[Phase], needs: &[Dependency]) -> Result<Vec<plan::Phase>, Refusal> {
    phases
        .iter()
        .map(|phase| {
            let (Some(start), Some(end)) = (phase.start, phase.end) else {
                let message = format!(
                    "Phase {} ({}) has no dates: a document needs them. Give it a first and a last day.",
                    phase.number, phase.name
                );
                return Err(Refusal::field("phases", message));
            };
            let needs: Vec<u32> = needs
                .iter()
                .filter(|one| one.phase == phase.number)
                .map(|one| one.needs)
                .collect();
            let note = |text: &str| Note { text: text.to_owned(), line: 0 };
            Ok(plan::Phase {
                number: phase.number,
                name: phase.name.clone(),
                start,
                end,
                expected_modules: phase.expected_modules,
                validation_days: phase.validation_days,
                overrun_days: phase.overrun_days,
                same_process: phase.same_process,
                needs: (!needs.is_empty()).then_some(needs),
                notes: phase.notes.lines().filter(|line| !line.is_empty()).map(note).collect(),
                commands: Vec::new(),
                line: 0,
            })
        })
        .collect()
}

fn window(window: &Window) -> plan::Window {
    plan::Window {
        name: window.name().to_owned(),
        kind: window.kind(),
        scope: window.scope().clone(),
        starts: window.starts(),
        ends: window.ends(),
        recurrence: window.recurrence().map(|rule| rule.as_str().to_owned()),
        line: 0,
    }
}

fn said(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn module(module: Module, phases: &[Phase]) -> plan::Module {
    let phase = phases
        .iter()
        .find(|phase| Some(phase.number) == module.phase);
    plan::Module {
        phase: phase.map(|phase| phase.number),
        phase_name: phase.map(|phase| phase.name.clone()),
        key: module.key,
        name: module.name,
        owner: said(module.owner),
        old_path: said(module.old_path),
        new_path: said(module.new_path),
        line: 0,
    }
}

fn step(step: &Step) -> plan::Step {
    plan::Step {
        position: step.position,
        mode: step.state.mode(),
        exposure: step.state.exposure(),
        soak_hours: (step.soak_hours > 0).then_some(step.soak_hours),
        label: step.label.clone(),
        line: 0,
    }
}

fn criterion(criterion: &Criterion) -> plan::Criterion {
    let number = criterion.limit.and_then(|limit| u32::try_from(limit).ok());
    let kind = match criterion.kind {
        CriterionKind::ModulesMigrated => plan::CriterionKind::ModulesMigrated { modules: number },
        CriterionKind::TrafficShare => plan::CriterionKind::TrafficShare { share: number },
        CriterionKind::ErrorRate => plan::CriterionKind::ErrorRate {
            limit: number,
            days: criterion.days,
        },
        CriterionKind::Performance => plan::CriterionKind::Performance { within: number },
        CriterionKind::Tests => plan::CriterionKind::Tests { coverage: number },
        CriterionKind::Documentation => plan::CriterionKind::Documentation,
        CriterionKind::OldCodeRemoved => plan::CriterionKind::OldCodeRemoved,
        CriterionKind::Pipeline => plan::CriterionKind::Pipeline,
        CriterionKind::Other => plan::CriterionKind::Other,
    };
    plan::Criterion {
        text: criterion.text.clone(),
        kind,
        line: 0,
    }
}

fn thresholds(migration: &Migration) -> Vec<plan::Threshold> {
    let threshold = |points: u16, meaning, word: &str| plan::Threshold {
        metric: Metric::ErrorRate,
        limit: u32::from(points),
        meaning,
        text: format!("Error rate > {} %: {word}", f64::from(points) / 100.0),
        line: 0,
    };
    let limits = migration.thresholds;
    vec![
        threshold(
            limits.hold_basis_points,
            Meaning::Hold,
            "hold and investigate",
        ),
        threshold(limits.rollback_basis_points, Meaning::Rollback, "roll back"),
    ]
}

fn runbook(entry: &RunbookEntry) -> plan::RunbookEntry {
    plan::RunbookEntry {
        title: entry.title.clone(),
        instructions: entry.text.lines().map(ToOwned::to_owned).collect(),
        commands: commands(&entry.commands),
        line: 0,
    }
}

fn commands(text: &str) -> Vec<Command> {
    if text.is_empty() {
        return Vec::new();
    }
    vec![Command {
        language: Some("bash".into()),
        text: text.to_owned(),
        line: 0,
    }]
}

fn add_check(plan: &mut Plan, item: &ChecklistItem) {
    match item.kind {
        ChecklistKind::Preparation => plan.preparation.push(check(item, plan.start)),
        ChecklistKind::Daily => plan.daily.push(check(item, plan.start)),
        ChecklistKind::Conditional => plan.conditional.push(conditional(item)),
        ChecklistKind::Day => add_day(plan, item),
        // Edited by a person it is a check like any other.
        ChecklistKind::Phase if is_commands_of_phase(item) => {
            let phase = plan
                .phases
                .iter_mut()
                .find(|phase| Some(phase.number) == item.phase);
            if let Some(phase) = phase {
                phase.commands = commands(&item.commands);
            }
        }
        ChecklistKind::Phase => {
            let start = phase_start(plan, item.phase);
            plan.checks.push(check(item, start));
        }
    }
}

fn is_commands_of_phase(item: &ChecklistItem) -> bool {
    item.title == PHASE_COMMANDS
        && !item.commands.is_empty()
        && item.when.is_empty()
        && item.owner.is_empty()
        && item.due.is_none()
        && !item.evidence_required
}

fn phase_start(plan: &Plan, number: Option<u32>) -> Date {
    plan.phases
        .iter()
        .find(|phase| Some(phase.number) == number)
        .map_or(plan.start, |phase| phase.start)
}

fn check(item: &ChecklistItem, start: Date) -> plan::ChecklistItem {
    plan::ChecklistItem {
        text: item.title.clone(),
        phase: item.phase,
        when: item.moment().map(|moment| match moment {
            Moment::Before => When::Before,
            Moment::During => When::During,
            Moment::After => When::After,
        }),
        days: days(&item.when, start),
        owner: said(item.owner.clone()),
        due: item.due,
        evidence_required: item.evidence_required,
        done: false,
        commands: commands(&item.commands),
        line: 0,
    }
}

fn conditional(item: &ChecklistItem) -> plan::ConditionalItem {
    plan::ConditionalItem {
        condition: item.when.clone(),
        text: item.title.clone(),
        owner: said(item.owner.clone()),
        threshold: item.threshold,
        due: item.due,
        evidence_required: item.evidence_required,
        commands: commands(&item.commands),
        line: 0,
    }
}

fn add_day(plan: &mut Plan, item: &ChecklistItem) {
    let start = phase_start(plan, item.phase);
    let (Some(phase), Some(days)) = (item.phase, days(&item.when, start)) else {
        return;
    };
    let mut lines = item.title.lines().map(ToOwned::to_owned);
    plan.days.push(plan::DayEntry {
        phase,
        days,
        title: lines.next().unwrap_or_default(),
        details: lines.collect(),
        soak_hours: item.soak_hours,
        owner: said(item.owner.clone()),
        due: item.due,
        evidence_required: item.evidence_required,
        commands: commands(&item.commands),
        line: 0,
    });
}

/// Reads `Day 2-3`, counted from `start`, back.
fn days(when: &str, start: Date) -> Option<DaySpan> {
    let (_, numbers) = when.rsplit_once("Day ")?;
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let (first_day, last_day): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let date = |day: u32| {
        start
            .checked_add(i64::from(day.checked_sub(1)?).days())
            .ok()
    };
    Some(DaySpan {
        first_day,
        last_day,
        start: date(first_day)?,
        end: date(last_day)?,
    })
}
