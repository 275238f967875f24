//! Importing a plan. The upload itself is multipart and answered by the server's edge, which keeps a draft.

use domain::Committed;
use domain::read::{ImportPreview, Viewer};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Who is about to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Importer {
    /// Who looks.
    pub viewer: Viewer,
    /// Whether they administer any migration, or the server: the form says beforehand when they may not.
    pub may: bool,
}

/// Who is about to import.
#[server(name = ReadImporter, prefix = "/fn", endpoint = "importer", output = crate::codec::PageJson)]
pub async fn importer() -> Result<Importer, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let (viewer, _) = super::read(control::queries::migrations(&context.control, &caller).await)?;
    let may = caller
        .actor
        .grants
        .iter()
        .any(|grant| grant.role == domain::Role::Admin);
    Ok(Importer { viewer, may })
}

/// What was recognised in a draft, and what importing it would change now.
#[server(name = ReadImportPreview, prefix = "/fn", endpoint = "import_preview", output = crate::codec::PageJson)]
pub async fn import_preview(draft: String) -> Result<ImportPreview, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    super::read(control::queries::preview(&context.control, &caller, &draft).await)
}

/// Imports exactly the draft that was previewed: its digest comes along.
#[server(prefix = "/fn", endpoint = "import_draft", output = crate::codec::PageJson)]
pub async fn import_draft(
    draft: String,
    digest: String,
    #[server(default)] migration: String,
    #[server(default)] archive_absent: String,
    #[server(default)] overriding: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let answer = super::Answer {
        form: "import_draft",
        back: format!("/import/{}#confirm", crate::address::encoded(&draft)),
        fields: vec![
            ("archive_absent", archive_absent.clone()),
            ("overriding", overriding.clone()),
            ("reason", reason.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let archive = archive_absent == "yes";
    let confirmed = control::queries::Confirmed {
        digest,
        archive_absent: archive,
        overriding: overriding == "yes",
        reason,
    };
    let done = control::queries::import_draft(&context.control, &caller, &draft, confirmed).await;
    answer.done(done, |_| match domain::Key::parse(&migration) {
        Ok(key) => format!("/m/{key}"),
        Err(_) => "/".to_owned(),
    })
}
