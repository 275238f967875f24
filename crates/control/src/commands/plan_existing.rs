//! What there is of a migration before an import.

use std::collections::{BTreeSet, HashSet};

use domain::plan_items::{ChecklistItem, Criterion, RunbookEntry, Step};
use domain::{Key, Migration, Module, Phase};

use crate::store::{Connection, StoreError, flags, migrations, modules, phases, plan_items};

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
}

impl Existing {
    /// Reads what there is.
    pub(crate) async fn load(connection: &mut Connection, key: &Key) -> Result<Self, StoreError> {
        let Some(record) = migrations::by_key(connection, key).await? else {
            return Ok(Self::default());
        };
        let id = record.id;
        let all_phases = phases::of_migration(connection, id).await?;
        let all_modules = modules::of_migration(connection, id).await?;
        let serving = flags::serving_new(connection, id).await?;
        let steps = plan_items::steps(connection, id).await?;
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
        })
    }
}
