//! One search across a migration.

use domain::read::SearchView;
use leptos::prelude::*;

use crate::error::AppError;

/// What `q` finds.
#[server(name = Search, prefix = "/fn", endpoint = "search", output = crate::codec::PageJson)]
pub async fn search(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] q: String,
) -> Result<SearchView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let environment = environment.as_ref();
    super::read(
        control::queries::search(&context.control, &caller, &migration, environment, &q).await,
    )
}
