//! Adding modules: one by hand, or a table of them. Editing one stands on its own page.

use domain::Committed;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::Form;
use crate::error::AppError;

/// Adds a module; its flag starts on `old_only` everywhere.
#[server(prefix = "/fn", endpoint = "create_module", output = crate::codec::PageJson)]
pub async fn create_module(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] key: String,
    #[server(default)] name: String,
    #[server(default)] phase: String,
    #[server(default)] owner: String,
    #[server(default)] old_path: String,
    #[server(default)] new_path: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("key", key.as_str()),
        ("name", &name),
        ("phase", &phase),
        ("owner", &owner),
        ("old_path", &old_path),
        ("new_path", &new_path),
    ];
    let form = Form::of(
        "create_module",
        "modules",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = crate::api::input::Input::default();
    let read = input.key("key", &key);
    let phase = input.number("phase", &phase);
    let command = input
        .finish(read)
        .map(|key| control::commands::CreateModule {
            migration: form.migration.clone(),
            name: if name.trim().is_empty() {
                key.to_string()
            } else {
                name
            },
            key,
            phase,
            owner,
            old_path,
            new_path,
            reason: String::new(),
        });
    form.run(command).await
}

/// Adds or edits the modules of a table, pasted as CSV with a header. Any error in it refuses the whole of it.
#[server(prefix = "/fn", endpoint = "import_modules", output = crate::codec::PageJson)]
pub async fn import_modules(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] table: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("table", table.as_str()), ("reason", &reason)];
    let form = Form::of(
        "import_modules",
        "modules",
        &migration,
        &environment,
        &fields,
    )?;
    let command =
        control::commands::ImportModules::from_table(form.migration.clone(), &table, reason);
    form.run(command).await
}
