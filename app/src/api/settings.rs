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
use edge::{Form, expected};

#[cfg(feature = "ssr")]
mod edge {
    use control::Caller;
    use domain::Key;

    use crate::address::Links;
    use crate::api::{Answer, environment, key};
    use crate::error::AppError;
    use crate::server_context::ServerContext;

    /// A form of the settings page: what it is about, who sent it, and how it is answered.
    pub(super) struct Form {
        pub(super) migration: Key,
        pub(super) answer: Answer,
        pub(super) context: ServerContext,
        pub(super) caller: Caller,
        /// Where it leads when it was carried out: the settings again.
        pub(super) then: String,
    }

    impl Form {
        /// Reads the place; refuses who is not signed in, with the fields kept. `part` is where on the page it stands.
        pub(super) fn of(
            name: &'static str,
            part: &str,
            migration: &str,
            chosen: &str,
            fields: &[(&'static str, &str)],
        ) -> Result<Self, AppError> {
            let migration = key("migration", migration)?;
            let then = Links::to(&migration, environment(chosen)?.as_ref()).page("settings");
            let fields = fields
                .iter()
                .map(|(field, value)| (*field, (*value).to_owned()))
                .collect();
            let answer = Answer {
                form: name,
                back: format!("{then}#{part}"),
                fields,
            };
            let (answer, context, caller) = answer.signed_in()?;
            Ok(Self {
                migration,
                answer,
                context,
                caller,
                then,
            })
        }

        /// Runs the command that the fields make up, or answers with what is wrong with them.
        pub(super) async fn run<C: control::command::Command>(
            self,
            command: Result<C, domain::Refusal>,
        ) -> Result<domain::Committed, AppError> {
            match command {
                Ok(command) => {
                    let result = self.context.control.execute(&self.caller, command).await;
                    self.answer.done(result, |_| self.then)
                }
                Err(wrong) => Err(self.answer.refused(wrong.into())),
            }
        }
    }

    /// The version a form was made from; `None` is refused by the command.
    pub(super) fn expected(version: &str) -> Option<i64> {
        version.trim().parse().ok()
    }
}
