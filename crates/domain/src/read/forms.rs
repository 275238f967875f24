//! The forms that matter, and a change with what it did.

use flags::{FlagState, Key};
use serde::{Deserialize, Serialize};

use super::{AuditRow, Frame, Listening, ModuleRow, ReceiptView};
use crate::FlagChange;

/// What a rollback would do: one module, several, or a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackView {
    /// What stands around it.
    pub frame: Frame,
    /// Modules it is about, as they stand.
    pub modules: Vec<ModuleRow>,
    /// Who would notice.
    pub listening: Listening,
}

/// What the kill switch would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSwitchView {
    /// What stands around it.
    pub frame: Frame,
    /// Active modules that serve new to anyone now.
    pub affected: Vec<ModuleRow>,
    /// Retired modules: it does not cover them.
    pub not_covered: Vec<Key>,
    /// Who pressed it last, while it is on.
    pub pressed: Option<AuditRow>,
    /// Who would notice.
    pub listening: Listening,
}

/// One flag that comes back when the kill switch is resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeItem {
    /// The module.
    pub module: Key,
    /// The state beneath the kill switch.
    pub state: FlagState,
}

/// Exactly what resuming brings back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeView {
    /// What stands around it.
    pub frame: Frame,
    /// Modules that will serve new to someone again.
    pub returning: Vec<ResumeItem>,
    /// Active modules that stay old.
    pub staying_old: u32,
    /// Digest of the list to send along; another list then is refused as drift.
    pub digest: String,
    /// Who pressed the kill switch.
    pub pressed: Option<AuditRow>,
}

/// A change and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// What stands around it.
    pub frame: Frame,
    /// The audit entry.
    pub audit: AuditRow,
    /// Flags it changed.
    pub flags: Vec<FlagChange>,
    /// The kill switch before and after, where it changed.
    pub kill_switch: Option<(bool, bool)>,
    /// What undoing it now would change: the current state and the one it would return to.
    pub undo: Vec<FlagChange>,
    /// Modules whose flag is no longer as this change left it.
    pub drifted: Vec<Key>,
    /// Who obeyed it, where it moved a flag.
    pub receipt: Option<ReceiptView>,
    /// Readers of this environment that have asked since the change, of `readers_before`.
    pub readers_since: u32,
    /// Readers that were there when it was made: first heard from before it, and last in the 30 s before it or since,
    /// as far as this server process knows.
    pub readers_before: u32,
}
