//! Connecting a service. Its token is made by [`super::access::create_token`].

use domain::read::ConnectView;
use leptos::prelude::*;

use crate::error::AppError;

/// What a service needs to read this environment's flags, and who reads them already.
#[server(prefix = "/fn", endpoint = "connect", output = crate::codec::PageJson)]
pub async fn connect(
    migration: String,
    #[server(default)] environment: String,
) -> Result<ConnectView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let (control, url) = (&context.control, &context.public_url);
    super::read(
        control::queries::connect(control, &caller, &migration, environment.as_ref(), url).await,
    )
}
