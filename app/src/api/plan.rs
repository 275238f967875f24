//! The plan of a migration.

use domain::read::PlanView;
use leptos::prelude::*;

use crate::error::AppError;

/// Phases, steps, checks, criteria and the runbook.
#[server(prefix = "/fn", endpoint = "plan", output = crate::codec::PageJson)]
pub async fn plan(
    migration: String,
    #[server(default)] environment: String,
) -> Result<PlanView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::plan_view(&context.control, &caller, &migration, environment.as_ref())
            .await,
    )
}
