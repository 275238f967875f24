//! What services saw of old and new.

use domain::read::{EvidenceRange, EvidenceView, ModuleEvidenceView};
use leptos::prelude::*;

use crate::error::AppError;

/// All modules side by side.
#[server(name = ReadEvidence, prefix = "/fn", endpoint = "evidence", output = crate::codec::PageJson)]
pub async fn evidence(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] range: EvidenceRange,
) -> Result<EvidenceView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let control = &context.control;
    super::read(
        control::queries::evidence(control, &caller, &migration, environment.as_ref(), range).await,
    )
}

/// One module over time.
#[server(name = ReadModuleEvidence, prefix = "/fn", endpoint = "module_evidence", output = crate::codec::PageJson)]
pub async fn module_evidence(
    migration: String,
    #[server(default)] environment: String,
    module: String,
    #[server(default)] range: EvidenceRange,
) -> Result<ModuleEvidenceView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let module = super::key("module", &module)?;
    let control = &context.control;
    let environment = environment.as_ref();
    super::read(
        control::queries::module_evidence(
            control,
            &caller,
            &migration,
            environment,
            &module,
            range,
        )
        .await,
    )
}
