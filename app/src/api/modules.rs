//! The table of modules, one module, and editing what is known about it.

use domain::Committed;
use domain::read::{ModuleFilter, ModuleView, ModulesView};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// The modules of a migration that a filter lets through.
#[server(name = ReadModules, prefix = "/fn", endpoint = "modules", output = crate::codec::PageJson)]
pub async fn modules(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] filter: ModuleFilter,
) -> Result<ModulesView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let control = &context.control;
    super::read(
        control::queries::modules(control, &caller, &migration, environment.as_ref(), &filter)
            .await,
    )
}

/// Everything about one module, and its exposure over time as a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModulePage {
    /// What the page shows.
    pub view: ModuleView,
    /// SVG; `None` while nothing has changed it.
    pub exposure: Option<String>,
}

/// Everything about one module.
#[server(name = ReadModule, prefix = "/fn", endpoint = "module", output = crate::codec::PageJson)]
pub async fn module(
    migration: String,
    #[server(default)] environment: String,
    module: String,
) -> Result<ModulePage, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let module = super::key("module", &module)?;
    let control = &context.control;
    let view = super::read(
        control::queries::module(control, &caller, &migration, environment.as_ref(), &module).await,
    )?;
    Ok(ModulePage {
        exposure: crate::charts::exposure_over_time(&view),
        view,
    })
}

/// Changes what is known about a module: its name, phase, owner and paths.
#[server(prefix = "/fn", endpoint = "edit_module", output = crate::codec::PageJson)]
pub async fn edit_module(
    migration: String,
    #[server(default)] environment: String,
    module: String,
    #[server(default)] name: String,
    #[server(default)] phase: String,
    #[server(default)] owner: String,
    #[server(default)] old_path: String,
    #[server(default)] new_path: String,
    #[server(default)] reason: String,
    #[server(default)] expected: String,
) -> Result<Committed, AppError> {
    let links = crate::address::Links::to(
        &super::key("migration", &migration)?,
        super::environment(&environment)?.as_ref(),
    );
    let (migration, module) = (
        super::key("migration", &migration)?,
        super::key("module", &module)?,
    );
    let answer = super::Answer {
        form: "edit_module",
        back: links.page(&format!("modules/{module}/edit")),
        fields: vec![
            ("name", name.clone()),
            ("phase", phase.clone()),
            ("owner", owner.clone()),
            ("old_path", old_path.clone()),
            ("new_path", new_path.clone()),
            ("reason", reason.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let phase = match phase.trim() {
        "" => None,
        number => {
            let Ok(number) = number.parse() else {
                let wrong = domain::Refusal::field("phase", "Choose a phase of the list.");
                return Err(answer.refused(wrong.into()));
            };
            Some(number)
        }
    };
    let command = control::commands::EditModule {
        migration,
        module: module.clone(),
        name: Some(name),
        phase: Some(phase),
        owner: Some(owner),
        old_path: Some(old_path),
        new_path: Some(new_path),
        expected: expected.trim().parse().ok(),
        reason,
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        links.module(&module)
    })
}
