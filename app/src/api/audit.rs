//! The audit log of a migration.

use domain::audit::ChainedEntry;
use domain::read::{AuditPage, Frame};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// A page of the log, with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    /// What stands around it.
    pub frame: Frame,
    /// Entries, the filter as understood, and whether the chain holds.
    pub page: AuditPage,
}

/// One entry whole, with what stands around its page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// What stands around it.
    pub frame: Frame,
    /// The entry and its place in the chain.
    pub chained: ChainedEntry,
}

/// A page of the audit log, newest first.
#[server(prefix = "/fn", endpoint = "audit", output = crate::codec::PageJson)]
pub async fn audit(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] q: String,
    #[server(default)] before: String,
) -> Result<AuditLog, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let filter = domain::read::AuditFilter {
        q,
        environment: None,
        before: before.trim().parse().ok(),
    };
    let control = &context.control;
    let mut page = super::read(
        control::queries::audit(
            control,
            &caller,
            Some(&migration),
            environment.as_ref(),
            &filter,
        )
        .await,
    )?;
    match page.frame.take() {
        Some(frame) => Ok(AuditLog { frame, page }),
        None => Err(AppError::Internal {
            request_id: caller.request_id,
        }
        .with_status()),
    }
}

/// One entry of this migration's audit log.
#[server(prefix = "/fn", endpoint = "audit_entry", output = crate::codec::PageJson)]
pub async fn audit_entry(
    migration: String,
    #[server(default)] environment: String,
    sequence: String,
) -> Result<AuditEntryView, AppError> {
    let (context, caller) = crate::server_context::signed_in()?;
    let migration = super::key("migration", &migration)?;
    let environment = super::environment(&environment)?;
    let control = &context.control;
    let absent = || AppError::from(domain::Refusal::not_found("audit entry", &sequence));
    let number = sequence
        .trim()
        .parse()
        .map_err(|_| absent().with_status())?;
    let frame = super::read(
        control::queries::frame(control, &caller, &migration, environment.as_ref()).await,
    )?;
    let chained = super::read(control::queries::audit_entry(control, &caller, number).await)?;
    if chained.entry.migration.as_ref() != Some(&migration) {
        return Err(absent().with_status());
    }
    Ok(AuditEntryView { frame, chained })
}
