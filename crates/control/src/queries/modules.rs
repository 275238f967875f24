//! The table of modules: filtered, sorted, grouped and paged as its address says.

use std::collections::{BTreeSet, HashMap};

use domain::read::{GroupBy, ModuleFilter, ModuleGroup, ModuleRow, ModulesView, SortBy};
use domain::{Key, ModuleStatus, PhaseNumber};

use super::standing::{Standing, load, track};
use crate::store::flags::FlagRecord;
use crate::store::modules::ModuleRecord;
use crate::store::{modules as rows, phases};
use crate::{Caller, Control, QueryError};

/// Rows on one page.
const PAGE_ROWS: usize = 200;

/// The modules page.
pub async fn modules(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    filter: &ModuleFilter,
) -> Result<ModulesView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let phase_names = phase_names(&mut standing).await?;
    let all = all_rows(&mut standing, &phase_names).await?;
    let owners: BTreeSet<String> = all
        .iter()
        .map(|(row, _)| row.owner.clone())
        .filter(|owner| !owner.is_empty())
        .collect();
    let mut matching: Vec<ModuleRow> = all
        .into_iter()
        .filter(|(row, paths)| matches(filter, row, paths))
        .map(|(row, _)| row)
        .collect();
    sort(&mut matching, filter);
    let total = matching.len();
    let pages = total.div_ceil(PAGE_ROWS).max(1);
    let page = usize::try_from(filter.page.max(1)).unwrap_or(1).min(pages);
    let shown: Vec<ModuleRow> = matching
        .into_iter()
        .skip((page - 1) * PAGE_ROWS)
        .take(PAGE_ROWS)
        .collect();
    let mut names: Vec<(PhaseNumber, String)> = phase_names.into_iter().collect();
    names.sort();
    Ok(ModulesView {
        frame: standing.frame,
        filter: ModuleFilter {
            page: u32::try_from(page).unwrap_or(1),
            ..filter.clone()
        },
        groups: group(shown, filter.group),
        matching: u32::try_from(total).unwrap_or(u32::MAX),
        pages: u32::try_from(pages).unwrap_or(u32::MAX),
        phases: names,
        owners: owners.into_iter().collect(),
    })
}

/// Names of phases by number.
pub(super) async fn phase_names(
    standing: &mut Standing,
) -> Result<HashMap<PhaseNumber, String>, QueryError> {
    Ok(
        phases::of_migration(&mut standing.transaction, standing.migration.id)
            .await?
            .into_iter()
            .map(|record| (record.phase.number, record.phase.name))
            .collect(),
    )
}

/// Rows of all modules with their two paths, by key.
pub(super) async fn all_rows(
    standing: &mut Standing,
    phase_names: &HashMap<PhaseNumber, String>,
) -> Result<Vec<(ModuleRow, [String; 2])>, QueryError> {
    let records = rows::of_migration(&mut standing.transaction, standing.migration.id).await?;
    let flags: HashMap<i64, &FlagRecord> = standing
        .flags
        .iter()
        .map(|flag| (flag.module_id, flag))
        .collect();
    let killed = standing.environment.environment.kill_switch;
    Ok(records
        .into_iter()
        .filter_map(|record| {
            let flag = flags.get(&record.id)?;
            let paths = [
                record.module.old_path.clone(),
                record.module.new_path.clone(),
            ];
            Some((row(record, flag, killed, phase_names), paths))
        })
        .collect())
}

/// A row of a module and its flag.
pub(super) fn row(
    record: ModuleRecord,
    flag: &FlagRecord,
    killed: bool,
    phase_names: &HashMap<PhaseNumber, String>,
) -> ModuleRow {
    let module = record.module;
    ModuleRow {
        phase_name: module
            .phase
            .and_then(|number| phase_names.get(&number).cloned())
            .unwrap_or_default(),
        track: track(flag, killed),
        changed: flag.changed_at.zip(flag.changed_by.clone()),
        key: module.key,
        name: module.name,
        phase: module.phase,
        owner: module.owner,
        status: module.status,
        version: module.version,
    }
}

fn matches(filter: &ModuleFilter, row: &ModuleRow, paths: &[String; 2]) -> bool {
    let status = match filter.status {
        Some(status) => row.status == status,
        None => row.status != ModuleStatus::Archived,
    };
    status
        && filter.phase.is_none_or(|phase| row.phase == Some(phase))
        && filter
            .mode
            .is_none_or(|mode| row.track.state.mode() == mode)
        && filter
            .owner
            .as_ref()
            .is_none_or(|owner| row.owner == *owner)
        && matches_text(&filter.q, row, paths)
}

fn matches_text(text: &str, row: &ModuleRow, paths: &[String; 2]) -> bool {
    let text = text.trim().to_lowercase();
    let contains = |field: &str| field.to_lowercase().contains(&text);
    text.is_empty()
        || contains(row.key.as_str())
        || contains(&row.name)
        || contains(&row.owner)
        || paths.iter().any(|path| contains(path))
}

fn sort(rows: &mut [ModuleRow], filter: &ModuleFilter) {
    // Rows come sorted by key, and sorting is stable.
    match filter.sort {
        SortBy::Key => {}
        SortBy::Phase => rows.sort_by_key(|row| row.phase.unwrap_or(u32::MAX)),
        SortBy::Mode => rows.sort_by_key(|row| std::cmp::Reverse(row.track.state.rank())),
        SortBy::Owner => rows.sort_by(|one, other| one.owner.cmp(&other.owner)),
        SortBy::Changed => {
            rows.sort_by_key(|row| std::cmp::Reverse(row.changed.as_ref().map(|(at, _)| *at)));
        }
    }
    match filter.group {
        GroupBy::None => {}
        GroupBy::Phase => rows.sort_by_key(|row| row.phase.unwrap_or(u32::MAX)),
        GroupBy::Mode => rows.sort_by_key(|row| row.track.state.mode().as_str()),
        GroupBy::Owner => rows.sort_by(|one, other| one.owner.cmp(&other.owner)),
    }
}

fn heading(row: &ModuleRow, by: GroupBy) -> String {
    match by {
        GroupBy::None => String::new(),
        GroupBy::Phase if row.phase.is_none() => "No phase".into(),
        GroupBy::Phase => row.phase_name.clone(),
        GroupBy::Mode => row.track.state.mode().as_str().into(),
        GroupBy::Owner if row.owner.is_empty() => "No owner".into(),
        GroupBy::Owner => row.owner.clone(),
    }
}

fn group(rows: Vec<ModuleRow>, by: GroupBy) -> Vec<ModuleGroup> {
    let mut groups: Vec<ModuleGroup> = Vec::new();
    for row in rows {
        let heading = heading(&row, by);
        match groups.last_mut() {
            Some(group) if group.heading == heading => group.rows.push(row),
            _ => groups.push(ModuleGroup {
                heading,
                rows: vec![row],
            }),
        }
    }
    groups
}
