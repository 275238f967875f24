//! What may be edited of a migration: itself, its environments, phases and modules. Every edit carries the version
//! that was seen; a stale one is refused with the change that came between.

use domain::read::Frame;
use domain::{Environment, Thresholds};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::plan::PhaseText;
use crate::error::AppError;

pub mod environments;
pub mod migration;
pub mod modules;
pub mod phases;

/// A migration as its form shows it; its key and name stand in the frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationText {
    /// What it is about, plain text.
    pub description: String,
    /// First day of the earliest phase, ISO; empty when it is not set.
    pub start: String,
    /// How many modules are to move, named yet or not.
    pub expected_modules: Option<u32>,
    /// When errors ask for a hand.
    pub thresholds: Thresholds,
    /// Whether modules are rolled back without waiting for a person.
    pub automatic_rollback: bool,
    /// Row counter for edits.
    pub version: i64,
}

/// Everything on the settings page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// What stands around it.
    pub frame: Frame,
    /// The migration.
    pub migration: MigrationText,
    /// Its environments, archived ones too.
    pub environments: Vec<Environment>,
    /// Its phases, archived ones too.
    pub phases: Vec<PhaseText>,
}

/// What may be edited of a migration.
#[server(prefix = "/fn", endpoint = "settings", output = crate::codec::PageJson)]
pub async fn settings(
    migration: String,
    #[server(default)] environment: String,
) -> Result<SettingsView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let control = &context.control;
    let frame = super::read(
        control::queries::frame(control, &caller, &migration, environment.as_ref()).await,
    )?;
    let environments =
        super::read(control::queries::environments(control, &caller, &migration).await)?;
    let phases = super::read(control::queries::phases(control, &caller, &migration).await)?;
    let migration = super::read(control::queries::migration(control, &caller, &migration).await)?;
    let migration = MigrationText {
        description: migration.description,
        start: migration
            .start
            .map(|day| day.to_string())
            .unwrap_or_default(),
        expected_modules: migration.expected_modules,
        thresholds: migration.thresholds,
        automatic_rollback: migration.automatic_rollback,
        version: migration.version,
    };
    let phases = phases.into_iter().map(PhaseText::from).collect();
    Ok(SettingsView {
        frame,
        migration,
        environments,
        phases,
    })
}

#[cfg(feature = "ssr")]
use super::page_form::expected;
#[cfg(feature = "ssr")]
use settings_form::Form;

#[cfg(feature = "ssr")]
mod settings_form {
    use crate::api::page_form::PageForm;
    use crate::error::AppError;

    /// A form of the settings page.
    pub(super) struct Form;

    impl Form {
        /// `part` is where on the page it stands.
        pub(super) fn of(
            name: &'static str,
            part: &str,
            migration: &str,
            chosen: &str,
            fields: &[(&'static str, &str)],
        ) -> Result<PageForm, AppError> {
            let page = format!("settings#{part}");
            Ok(PageForm::of(name, &page, migration, chosen, fields)?.leading_to("settings"))
        }
    }
}
