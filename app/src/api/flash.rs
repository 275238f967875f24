//! Reading what a form without script is told after its redirect.
#![cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "a server function is asynchronous, though messages wait in memory"
    )
)]

use leptos::prelude::*;

use crate::error::AppError;
use crate::flash::Flash;

/// The message with this id, if it is the caller's and not older than ten minutes.
#[server(prefix = "/fn", endpoint = "flash", output = crate::codec::PageJson)]
pub async fn read_flash(id: String) -> Result<Option<Flash>, AppError> {
    let Ok((context, caller)) = crate::server_context::signed_in() else {
        return Ok(None);
    };
    Ok(context
        .flash
        .get(&caller.actor.id, &id, context.control.clock().now()))
}
