//! Adding, editing and archiving environments.

use domain::Committed;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::{Form, expected};
use crate::error::AppError;

/// Adds an environment; its flags start on `old_only`.
#[server(prefix = "/fn", endpoint = "create_environment", output = crate::codec::PageJson)]
pub async fn create_environment(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] key: String,
    #[server(default)] name: String,
) -> Result<Committed, AppError> {
    let fields = [("key", key.as_str()), ("name", &name)];
    let form = Form::of(
        "create_environment",
        "environments",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = crate::api::input::Input::default();
    let read = input.key("key", &key);
    let command = input
        .finish(read)
        .map(|key| control::commands::CreateEnvironment {
            migration: form.migration.clone(),
            name: if name.trim().is_empty() {
                key.to_string()
            } else {
                name
            },
            key,
            reason: String::new(),
        });
    form.run(command).await
}

/// Renames an environment, or makes it the deciding one.
#[server(prefix = "/fn", endpoint = "edit_environment", output = crate::codec::PageJson)]
pub async fn edit_environment(
    migration: String,
    #[server(default)] environment: String,
    target: String,
    #[server(default)] name: String,
    #[server(default)] deciding: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("target", target.as_str()),
        ("name", &name),
        ("reason", &reason),
    ];
    let form = Form::of(
        "edit_environment",
        "environments",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = crate::api::input::Input::default();
    let read = input.key("target", &target);
    let command = input
        .finish(read)
        .map(|target| control::commands::EditEnvironment {
            migration: form.migration.clone(),
            environment: target,
            name: (!name.trim().is_empty()).then_some(name),
            deciding: (deciding == "yes").then_some(true),
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}

/// Puts an environment away: its tokens read nothing any more.
#[server(prefix = "/fn", endpoint = "archive_environment", output = crate::codec::PageJson)]
pub async fn archive_environment(
    migration: String,
    #[server(default)] environment: String,
    target: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("target", target.as_str()), ("reason", &reason)];
    let mut form = Form::of(
        "archive_environment",
        "environments",
        &migration,
        &environment,
        &fields,
    )?;
    // The environment shown may be the one that goes away.
    form.then = format!("/m/{}/settings", form.migration);
    let mut input = crate::api::input::Input::default();
    let read = input.key("target", &target);
    let command = input
        .finish(read)
        .map(|target| control::commands::ArchiveEnvironment {
            migration: form.migration.clone(),
            environment: target,
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}
