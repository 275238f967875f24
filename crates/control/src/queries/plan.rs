//! The plan of a migration.

use domain::read::PlanView;
use domain::Key;

use super::standing::load;
use crate::store::{phases, plan_items};
use crate::{Caller, Control, QueryError};

/// The page of the plan.
pub async fn plan_view(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<PlanView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let (transaction, id) = (&mut standing.transaction, standing.migration.id);
    let checklist = plan_items::checklist(transaction, id).await?;
    Ok(PlanView {
        phases: phases::of_migration(transaction, id)
            .await?
            .into_iter()
            .map(|record| record.phase)
            .filter(|phase| phase.archived_at.is_none())
            .collect(),
        steps: plan_items::steps(transaction, id).await?,
        checklist: checklist.into_iter().map(|(_, item)| item).collect(),
        criteria: plan_items::criteria(transaction, id).await?,
        runbook: plan_items::runbook(transaction, id).await?,
        thresholds: standing.migration.migration.thresholds,
        expected_modules: standing.migration.migration.expected_modules,
        frame: standing.frame,
    })
}

