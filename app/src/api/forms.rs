//! What the forms that matter show before they are pressed, and a change afterwards.

use domain::read::{ChangeView, KillSwitchView, ResumeView, RollbackView};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// The modules a rollback or a batch is about: keys with commas between, or all of a phase.
#[server(name = ReadRollback, prefix = "/fn", endpoint = "rollback", output = crate::codec::PageJson)]
pub async fn rollback(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] modules: String,
    #[server(default)] phase: String,
) -> Result<RollbackView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let selection = super::flags::selection(&modules, &phase).map_err(AppError::with_status)?;
    let control = &context.control;
    super::read(
        control::queries::rollback(
            control,
            &caller,
            &migration,
            environment.as_ref(),
            &selection,
        )
        .await,
    )
}

/// What the kill switch would do.
#[server(name = ReadKillSwitch, prefix = "/fn", endpoint = "kill_switch", output = crate::codec::PageJson)]
pub async fn kill_switch(
    migration: String,
    #[server(default)] environment: String,
) -> Result<KillSwitchView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::kill_switch(&context.control, &caller, &migration, environment.as_ref())
            .await,
    )
}

/// Exactly what resuming would bring back.
#[server(name = ReadResume, prefix = "/fn", endpoint = "resume_list", output = crate::codec::PageJson)]
pub async fn resume_list(
    migration: String,
    #[server(default)] environment: String,
) -> Result<ResumeView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    super::read(
        control::queries::resume(&context.control, &caller, &migration, environment.as_ref()).await,
    )
}

/// A change, with the versions that undoing it must name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePage {
    /// The change.
    pub view: ChangeView,
    /// `config=3,temporal_core=7` for the modules that undoing would move.
    pub versions: String,
}

/// A change and what it did.
#[server(name = ReadChange, prefix = "/fn", endpoint = "change", output = crate::codec::PageJson)]
pub async fn change(migration: String, revision: String) -> Result<ChangePage, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let revision = revision.parse().map_err(|_| {
        AppError::from(domain::Refusal::not_found("change", revision.clone())).with_status()
    })?;
    let control = &context.control;
    let view = super::read(control::queries::change(control, &caller, &migration, revision).await)?;
    let modules: Vec<_> = view
        .undo
        .iter()
        .map(|change| change.module.clone())
        .collect();
    let versions = if modules.is_empty() {
        String::new()
    } else {
        let selection = control::commands::Selection::Modules(modules);
        let environment = Some(&view.frame.environment.key);
        let standing = super::read(
            control::queries::rollback(control, &caller, &migration, environment, &selection).await,
        )?;
        let versions = standing
            .modules
            .iter()
            .map(|row| format!("{}={}", row.key, row.version));
        versions.collect::<Vec<_>>().join(",")
    };
    Ok(ChangePage { view, versions })
}
