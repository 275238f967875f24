//! What the overview and the frame show.

use domain::read::Overview;
use leptos::prelude::*;

use crate::error::AppError;

/// The overview of a migration in an environment (empty: the deciding one).
#[server(name = ReadOverview, prefix = "/fn", endpoint = "overview", output = crate::codec::PageJson)]
pub async fn overview(
    migration: String,
    #[server(default)] environment: String,
) -> Result<Overview, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::overview(&context.control, &caller, &migration, environment.as_ref())
            .await,
    )
}
