//! Instances of an environment, and readers without receipts.

use domain::read::{InstancesView, ReaderRow};
use domain::{Key, Permission};

use super::standing::load;
use crate::control::authorise;
use crate::instances::KEPT_MILLISECONDS;
use crate::{Caller, Control, QueryError};

/// The instances of an environment, and who reads there without receipts.
pub async fn instances(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<InstancesView, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let standing = load(control, caller, migration, environment).await?;
    let environment = &standing.environment.environment;
    let instances = control.instance_rows(migration, &environment.key);
    let since = control.clock().now().plus(-KEPT_MILLISECONDS);
    let without_receipts = control
        .readers()
        .of_environment(migration, &environment.key, since)
        .into_iter()
        .map(|reader| ReaderRow {
            token: reader.token_name,
            client: reader.client,
            last_read_at: reader.last_read_at,
            revision: reader.revision,
        })
        .collect();
    Ok(InstancesView {
        revision: environment.revision,
        instances,
        without_receipts,
        frame: standing.frame,
    })
}
