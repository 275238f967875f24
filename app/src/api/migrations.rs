//! The list of migrations, and a new one by hand.

use domain::Committed;
use domain::read::{MigrationRow, Viewer};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Every migration the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationsView {
    /// Who looks.
    pub viewer: Viewer,
    /// Migrations in order, archived ones too.
    pub rows: Vec<MigrationRow>,
}

/// Every migration the caller may see.
#[server(prefix = "/fn", endpoint = "migrations", output = crate::codec::PageJson)]
pub async fn migrations() -> Result<MigrationsView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let (viewer, rows) =
        super::read(control::queries::migrations(&context.control, &caller).await)?;
    Ok(MigrationsView { viewer, rows })
}

/// Creates a migration with its environment `production`; modules and phases come by import or by hand.
#[server(prefix = "/fn", endpoint = "create_migration", output = crate::codec::PageJson)]
pub async fn create_migration(
    #[server(default)] key: String,
    #[server(default)] name: String,
    #[server(default)] zone: String,
    #[server(default)] start: String,
    #[server(default)] expected_modules: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "create_migration",
        back: "/".to_owned(),
        fields: vec![
            ("key", key.clone()),
            ("name", name.clone()),
            ("zone", zone.clone()),
            ("start", start.clone()),
            ("expected_modules", expected_modules.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let mut input = super::input::Input::default();
    let read = input.key("key", &key);
    let (start, expected_modules) = (
        input.date("start", &start),
        input.number("expected_modules", &expected_modules),
    );
    let key = match input.finish(read) {
        Ok(key) => key,
        Err(wrong) => return Err(answer.refused(wrong.into())),
    };
    let name = if name.trim().is_empty() {
        key.to_string()
    } else {
        name
    };
    let command = control::commands::CreateMigration {
        key: key.clone(),
        name,
        description: String::new(),
        zone: zone.trim().to_owned(),
        start,
        expected_modules,
        thresholds: domain::Thresholds::default(),
        reason: String::new(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        format!("/m/{key}")
    })
}
