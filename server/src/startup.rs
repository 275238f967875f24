//! What a server does when it starts: its first admin, and the demonstration where that was asked for.

use anyhow::{Context as _, Result};
use control::commands::{AddUser, new_sign_in_link};
use control::{Caller, Control};
use domain::Role;

use crate::middleware::request::new_request_id;

/// The user that the first start makes.
pub const FIRST_USER: &str = "admin";

/// Makes the first admin where there is no user yet. Whether it did.
///
/// # Errors
/// When the store does not take it.
pub async fn ensure_first_user(control: &Control) -> Result<bool> {
    if control.has_users().await? {
        return Ok(false);
    }
    let command = AddUser {
        name: FIRST_USER.into(),
        role: Role::Admin,
        migration: None,
        reason: String::new(),
    };
    control
        .execute(&server(), command)
        .await
        .context("the first user could not be added")?;
    Ok(true)
}

/// The secret of a new sign-in link for the first admin.
///
/// # Errors
/// When the store does not take it.
pub async fn first_sign_in_link(control: &Control) -> Result<String> {
    new_sign_in_link(control, &server(), FIRST_USER)
        .await
        .context("no sign-in link could be made")
}

/// The server acting for itself.
pub fn server() -> Caller {
    Caller::server(new_request_id())
}
