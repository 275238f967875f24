//! Running instances of services.

use domain::read::InstancesView;
use leptos::prelude::*;

use crate::error::AppError;

/// The instances of an environment, and who reads there without receipts.
#[server(name = ReadInstances, prefix = "/fn", endpoint = "instances", output = crate::codec::PageJson)]
pub async fn instances(
    migration: String,
    #[server(default)] environment: String,
) -> Result<InstancesView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::instances(&context.control, &caller, &migration, environment.as_ref())
            .await,
    )
}
