//! Everything about one module.

use domain::issues::blocks_promotion;
use domain::plan_items::{Step, default_steps};
use domain::read::{
    AuditRow, HistoryRow, IssueLine, ModuleView, ReceiptView, StepRow, StepStanding,
};
use domain::{FlagState, Key, ModuleStatus, PhaseNumber, Refusal, Timestamp};

use super::audit::audit_row;
use super::forms::listening;
use super::modules::{phase_names, row};
use super::standing::{Standing, load};
use crate::store::audit as entries;
use crate::store::{environments, flags, issues, modules, plan_items};
use crate::{Caller, Control, QueryError};

/// Entries of a module's history on its page.
const HISTORY_ROWS: u32 = 50;
/// Issues on it.
const MOST_ISSUES: u32 = 20;

/// The page of one module.
pub async fn module(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    key: &Key,
) -> Result<ModuleView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let not_found = || Refusal::not_found("module", key.as_str());
    let record = modules::by_key(&mut standing.transaction, standing.migration.id, key)
        .await?
        .ok_or_else(not_found)?;
    let flag = standing
        .flags
        .iter()
        .find(|flag| flag.module_id == record.id)
        .cloned()
        .ok_or_else(not_found)?;
    let names = phase_names(&mut standing).await?;
    let (template, steps_are_default) = template(&mut standing, record.module.phase).await?;
    let history = history(&mut standing, record.id, key).await?;
    let elsewhere = elsewhere(&mut standing, key).await?;
    let now = standing.frame.now;
    let followed = followed(control, &standing, &history).await?;
    let issues =
        issues::unresolved_of_module(&mut standing.transaction, record.id, MOST_ISSUES).await?;
    Ok(ModuleView {
        followed,
        listening: listening(control, &standing),
        old_path: record.module.old_path.clone(),
        new_path: record.module.new_path.clone(),
        steps: walk(
            &template,
            flag.state,
            flag.changed_at,
            record.module.status,
            now,
        ),
        steps_are_default,
        elsewhere,
        history,
        held_because: held_because(&standing, record.module.status, &issues),
        issues,
        flag_key: format!("{migration}.{key}"),
        row: row(
            record,
            &flag,
            standing.environment.environment.kill_switch,
            &names,
        ),
        frame: standing.frame,
    })
}

/// The newest change of the module's flag in this environment, with its receipt.
async fn followed(
    control: &Control,
    standing: &Standing,
    history: &[HistoryRow],
) -> Result<Option<(AuditRow, ReceiptView)>, QueryError> {
    let environment = &standing.environment.environment.key;
    let newest = history
        .iter()
        .map(|row| &row.audit)
        .find(|audit| audit.revision.is_some() && audit.environment.as_ref() == Some(environment));
    let Some(audit) = newest else {
        return Ok(None);
    };
    let receipt = control
        .receipt(&standing.frame.migration, environment, audit.sequence)
        .await?;
    Ok(receipt.map(|receipt| (audit.clone(), receipt)))
}

/// The rollout template that counts for a phase, and whether it is the built-in one.
pub(super) async fn template(
    standing: &mut Standing,
    phase: Option<PhaseNumber>,
) -> Result<(Vec<Step>, bool), QueryError> {
    let all = plan_items::steps(&mut standing.transaction, standing.migration.id).await?;
    Ok(choose_template(&all, phase))
}

/// The phase's own steps, else the migration's, else the built-in ones.
pub(super) fn choose_template(all: &[Step], phase: Option<PhaseNumber>) -> (Vec<Step>, bool) {
    let of = |wanted: Option<PhaseNumber>| -> Vec<Step> {
        all.iter()
            .filter(|step| step.phase == wanted)
            .cloned()
            .collect()
    };
    for wanted in [phase, None] {
        let steps = of(wanted);
        if !steps.is_empty() {
            return (steps, false);
        }
    }
    (default_steps(), true)
}

/// Where a flag stands in its template.
pub(super) fn walk(
    template: &[Step],
    state: FlagState,
    since: Option<Timestamp>,
    status: ModuleStatus,
    now: Timestamp,
) -> Vec<StepRow> {
    let mut next_found = false;
    template
        .iter()
        .map(|step| {
            let standing = if status == ModuleStatus::Retired || step.state.rank() < state.rank() {
                StepStanding::Done
            } else if step.state == state {
                StepStanding::Here
            } else if next_found {
                StepStanding::Later
            } else {
                next_found = true;
                StepStanding::Next
            };
            StepRow {
                position: step.position,
                state: step.state,
                soak_hours: step.soak_hours,
                label: step.label.clone(),
                standing,
                detail: step_detail(step, standing, since, now),
            }
        })
        .collect()
}

fn step_detail(
    step: &Step,
    standing: StepStanding,
    since: Option<Timestamp>,
    now: Timestamp,
) -> String {
    let soak = hours(i64::from(step.soak_hours));
    match standing {
        StepStanding::Done => "done".into(),
        StepStanding::Here => {
            let been = since.map_or(0, |since| now.since(since).max(0) / 3_600_000);
            if been >= i64::from(step.soak_hours) {
                format!("here for {}; its soak of {soak} is over", hours(been))
            } else {
                format!("here for {} of {soak}", hours(been))
            }
        }
        StepStanding::Next | StepStanding::Later if step.soak_hours == 0 => String::new(),
        StepStanding::Next | StepStanding::Later => format!("soaks for {soak}"),
    }
}

fn hours(hours: i64) -> String {
    if hours >= 48 && hours % 24 == 0 {
        format!("{} d", hours / 24)
    } else {
        format!("{hours} h")
    }
}

async fn history(
    standing: &mut Standing,
    module_id: i64,
    key: &Key,
) -> Result<Vec<HistoryRow>, QueryError> {
    let records = entries::of_module(&mut standing.transaction, module_id, HISTORY_ROWS).await?;
    records
        .iter()
        .map(|record| {
            let audit = audit_row(record)?;
            let side = |value: &serde_json::Value| {
                let state = value.get("flags")?.get(key.as_str())?.clone();
                serde_json::from_value(state).ok()
            };
            let (before, after) = (side(&audit.before), side(&audit.after));
            Ok(HistoryRow {
                audit,
                before,
                after,
            })
        })
        .collect()
}

async fn elsewhere(
    standing: &mut Standing,
    key: &Key,
) -> Result<Vec<(Key, FlagState)>, QueryError> {
    let all = environments::of_migration(&mut standing.transaction, standing.migration.id).await?;
    let mut states = Vec::new();
    for other in all {
        if other.id == standing.environment.id || other.environment.archived_at.is_some() {
            continue;
        }
        if let Some(flag) = flags::of_module(&mut standing.transaction, other.id, key).await? {
            states.push((other.environment.key, flag.state));
        }
    }
    Ok(states)
}

fn held_because(standing: &Standing, status: ModuleStatus, issues: &[IssueLine]) -> Option<String> {
    let blocking = issues
        .iter()
        .find(|issue| blocks_promotion(issue.severity, issue.status));
    match status {
        ModuleStatus::Retired => Some("Retired: new is served for ever.".into()),
        ModuleStatus::Archived => Some("Archived: its flag is no longer served.".into()),
        ModuleStatus::Active if standing.environment.environment.kill_switch => Some(format!(
            "The kill switch of {} is on: nothing is promoted until it is resumed.",
            standing.environment.environment.key
        )),
        ModuleStatus::Active => blocking.map(|issue| {
            format!(
                "Issue {} is critical and not resolved: nothing is promoted until it is.",
                issue.number
            )
        }),
    }
}
