//! The plan of a migration.

use domain::read::PlanView;
use domain::{Key, Permission};

use super::standing::load;
use crate::commands::{self, PlanChanges};
use crate::control::authorise;
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

/// What importing a plan would change now.
pub async fn plan_changes(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    plan: &plan::Plan,
    archive_absent: bool,
) -> Result<PlanChanges, QueryError> {
    authorise(caller, Permission::Administer(migration))?;
    let mut transaction = control.inner().store.read_moment().await?;
    let existing =
        commands::Existing::load(&mut transaction, migration, control.clock().now()).await?;
    Ok(commands::plan_changes(&existing, plan, archive_absent))
}
