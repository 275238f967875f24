//! Undoes an entry: brings what it changed back to how it was before, as a new audited change judged by rank.

mod edit;
mod flags;

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::{Committed, Key, Outcome, Permission, Refusal};

use crate::control::authorise;
use crate::store::audit;
use crate::{Caller, CommandError, Control};
use edit::UndoEdit;
use flags::UndoFlags;

/// Which entry to undo, and why.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The migration.
    pub migration: Key,
    /// The entry to undo.
    pub sequence: u64,
    /// Why.
    pub reason: String,
    /// The version seen of each module; needed where undoing raises its flag.
    pub expected: BTreeMap<Key, i64>,
}

/// Undoes an entry. It is read before anything is queued, which it may be since entries never change: what it holds
/// says who may undo it, and whether undoing only lowers and so goes first.
///
/// # Errors
/// As [`Control::execute`].
pub async fn undo(
    control: &Control,
    caller: &Caller,
    wanted: Undo,
) -> Result<Committed, CommandError> {
    authorise(caller, Permission::View(&wanted.migration))?;
    let entry = entry_to_undo(control, &wanted).await?;
    if let Some(edit) = UndoEdit::of(&wanted, &entry)? {
        return control.execute(caller, edit).await;
    }
    let flags = UndoFlags::of(wanted, &entry)?;
    control.execute(caller, flags).await
}

async fn entry_to_undo(control: &Control, wanted: &Undo) -> Result<AuditEntry, CommandError> {
    let mut connection = control.inner().store.read().await?;
    let entry = audit::by_sequence(&mut connection, wanted.sequence)
        .await?
        .map(|record| record.entry())
        .transpose()?
        .filter(|entry| entry.migration.as_ref() == Some(&wanted.migration))
        .ok_or_else(|| Refusal::not_found("audit entry", wanted.sequence.to_string()))?;
    if entry.outcome != Outcome::Committed {
        return Err(
            Refusal::field("sequence", "That entry was refused: it changed nothing.").into(),
        );
    }
    Ok(entry)
}
