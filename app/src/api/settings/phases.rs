//! Adding, editing and archiving phases.

use domain::Committed;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::{Form, expected};
use crate::error::AppError;

/// Adds a phase; without a number it comes last.
#[server(prefix = "/fn", endpoint = "create_phase", output = crate::codec::PageJson)]
pub async fn create_phase(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] name: String,
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] expected_modules: String,
    #[server(default)] validation_days: String,
    #[server(default)] notes: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("name", name.as_str()),
        ("start", &start),
        ("end", &end),
        ("expected_modules", &expected_modules),
        ("validation_days", &validation_days),
        ("notes", &notes),
    ];
    let form = Form::of("create_phase", "phases", &migration, &environment, &fields)?;
    let mut input = crate::api::input::Input::default();
    let window = (input.date("start", &start), input.date("end", &end));
    let expected_modules = input.number("expected_modules", &expected_modules);
    let validation_days = input.number("validation_days", &validation_days);
    let command = input
        .finish(Some(()))
        .map(|()| control::commands::CreatePhase {
            migration: form.migration.clone(),
            number: None,
            name,
            start: window.0,
            end: window.1,
            expected_modules,
            validation_days,
            notes,
            reason: String::new(),
        });
    form.run(command).await
}

/// Changes a phase; its number stays.
#[server(prefix = "/fn", endpoint = "edit_phase", output = crate::codec::PageJson)]
pub async fn edit_phase(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] name: String,
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] expected_modules: String,
    #[server(default)] validation_days: String,
    #[server(default)] notes: String,
    #[server(default)] overriding: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [
        ("number", number.as_str()),
        ("name", &name),
        ("start", &start),
        ("end", &end),
        ("expected_modules", &expected_modules),
        ("validation_days", &validation_days),
        ("notes", &notes),
        ("overriding", &overriding),
        ("reason", &reason),
    ];
    let form = Form::of("edit_phase", "phases", &migration, &environment, &fields)?;
    let mut input = crate::api::input::Input::default();
    let number = input.number("number", &number);
    let window = (input.date("start", &start), input.date("end", &end));
    let expected_modules = input.number("expected_modules", &expected_modules);
    let validation_days = input.number("validation_days", &validation_days);
    let command = input
        .finish(number)
        .map(|number| control::commands::EditPhase {
            migration: form.migration.clone(),
            number,
            name: Some(name),
            start: Some(window.0),
            end: Some(window.1),
            expected_modules: Some(expected_modules),
            validation_days: Some(validation_days),
            notes: Some(notes),
            overriding: !overriding.is_empty(),
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}

/// Puts a phase away; refused while modules are in it.
#[server(prefix = "/fn", endpoint = "archive_phase", output = crate::codec::PageJson)]
pub async fn archive_phase(
    migration: String,
    #[server(default)] environment: String,
    number: String,
    #[server(default)] version: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let fields = [("number", number.as_str()), ("reason", &reason)];
    let form = Form::of("archive_phase", "phases", &migration, &environment, &fields)?;
    let mut input = crate::api::input::Input::default();
    let read = input.number("number", &number);
    let command = input
        .finish(read)
        .map(|number| control::commands::ArchivePhase {
            migration: form.migration.clone(),
            number,
            expected: expected(&version),
            reason,
        });
    form.run(command).await
}
