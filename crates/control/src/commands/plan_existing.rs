//! What there is of a migration before an import.

use std::collections::{BTreeSet, HashSet};

use domain::plan_items::{ChecklistItem, Criterion, RunbookEntry, Step};
use domain::schedule::phases::Dependency;
use domain::schedule::windows::occurrences_between;
use domain::{Key, Migration, Module, Phase, Timestamp};

use crate::civil;
use crate::store::milestones::MilestoneRecord;
use crate::store::windows::WindowRecord;
use crate::store::{
    Connection, StoreError, dependencies, flags, migrations, milestones, modules, phases,
    plan_items, windows,
};

/// What there is of a migration before an import. Empty for one that is to be created.
#[derive(Debug, Clone, Default)]
pub(crate) struct Existing {
    pub(crate) migration: Option<Migration>,
    /// Archived ones too.
    pub(crate) phases: Vec<Phase>,
    /// Archived ones too.
    pub(crate) modules: Vec<Module>,
    /// Modules that serve new to somebody somewhere.
    pub(crate) serving_new: BTreeSet<Key>,
    /// The migration's own template.
    pub(crate) steps: Vec<Step>,
    /// With row ids.
    pub(crate) checks: Vec<(i64, ChecklistItem)>,
    /// Those of them that people added.
    pub(crate) checks_by_hand: HashSet<i64>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) runbook: Vec<RunbookEntry>,
    /// Those of the checks that somebody ticked or skipped.
    pub(crate) ticked: HashSet<i64>,
    /// Open ones.
    pub(crate) windows: Vec<WindowRecord>,
    /// Those of the windows that are on at this moment.
    pub(crate) on_now: HashSet<i64>,
    /// Open ones.
    pub(crate) milestones: Vec<MilestoneRecord>,
    /// Between open phases.
    pub(crate) needs: Vec<Dependency>,
}

impl Existing {
    /// Reads what there is.
    pub(crate) async fn load(
        connection: &mut Connection,
        key: &Key,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let Some(record) = migrations::by_key(connection, key).await? else {
            return Ok(Self::default());
        };
        let id = record.id;
        let all_phases = phases::of_migration(connection, id).await?;
        let all_modules = modules::of_migration(connection, id).await?;
        let serving = flags::serving_new(connection, id).await?;
        let steps = plan_items::steps(connection, id).await?;
        let windows = windows::of_migration(connection, id).await?;
        let zone = civil::zone(&record.migration);
        let on_now = windows
            .iter()
            .filter(|one| !occurrences_between(&one.window, &zone, now, now.plus(1)).is_empty())
            .map(|one| one.id)
            .collect();
        Ok(Self {
            migration: Some(record.migration),
            phases: all_phases.into_iter().map(|record| record.phase).collect(),
            modules: all_modules
                .into_iter()
                .map(|record| record.module)
                .collect(),
            serving_new: serving.into_iter().map(|flag| flag.module).collect(),
            steps: steps
                .into_iter()
                .filter(|step| step.phase.is_none())
                .collect(),
            checks: plan_items::checklist(connection, id).await?,
            checks_by_hand: plan_items::checks_by_hand(connection, id).await?,
            criteria: plan_items::criteria(connection, id).await?,
            runbook: plan_items::runbook(connection, id).await?,
            ticked: plan_items::ticked_checks(connection, id).await?,
            windows,
            on_now,
            milestones: milestones::of_migration(connection, id).await?,
            needs: dependencies::of_migration(connection, id).await?,
        })
    }
}
