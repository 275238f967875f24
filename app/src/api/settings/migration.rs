//! Editing and archiving a migration.

use domain::Committed;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::{Form, expected};
use crate::error::AppError;

/// Changes what is known about a migration; the key stays.
#[server(prefix = "/fn", endpoint = "edit_migration", output = crate::codec::PageJson)]
pub async fn edit_migration(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] zone: String,
    #[server(default)] start: String,
    #[server(default)] expected_modules: String,
    #[server(default)] hold: String,
    #[server(default)] rollback: String,
    #[server(default)] automatic_rollback: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("name", name.as_str()),
        ("description", &description),
        ("zone", &zone),
        ("start", &start),
        ("expected_modules", &expected_modules),
        ("hold", &hold),
        ("rollback", &rollback),
        ("automatic_rollback", &automatic_rollback),
        ("reason", &reason),
    ];
    let form = Form::of(
        "edit_migration",
        "migration",
        &migration,
        &environment,
        &fields,
    )?;
    let mut input = crate::api::input::Input::default();
    let start = input.date("start", &start);
    let expected_modules = input.number("expected_modules", &expected_modules);
    let limits = (
        input.percent("hold", &hold),
        input.percent("rollback", &rollback),
    );
    let command = input
        .finish(limits.0.zip(limits.1))
        .map(|(hold, rollback)| control::commands::EditMigration {
            migration: form.migration.clone(),
            name: Some(name),
            description: Some(description),
            zone: Some(zone),
            start: Some(start),
            expected_modules: Some(expected_modules),
            thresholds: Some(domain::Thresholds {
                hold_basis_points: hold,
                rollback_basis_points: rollback,
            }),
            // A form that does not say leaves it as it is.
            automatic_rollback: match automatic_rollback.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}

/// Puts a migration away. Wants its key typed.
#[server(prefix = "/fn", endpoint = "archive_migration", output = crate::codec::PageJson)]
pub async fn archive_migration(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] confirm: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("confirm", confirm.as_str()), ("reason", &reason)];
    let mut form = Form::of(
        "archive_migration",
        "archive",
        &migration,
        &environment,
        &fields,
    )?;
    "/".clone_into(&mut form.then);
    let command = if confirm.trim() == form.migration.as_str() {
        Ok(control::commands::ArchiveMigration {
            migration: form.migration.clone(),
            expected: expected(&version),
            reason,
        })
    } else {
        let wanted = format!("Type the migration's key, {}.", form.migration);
        Err(domain::Refusal::field("confirm", wanted))
    };
    form.run(command).await
}
