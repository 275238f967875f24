//! Undoes an entry: brings what it changed back to how it was before, as a new audited change judged by rank.

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::transition::{Standing, plan_states};
use domain::{FlagState, Key, Outcome, Permission, Refusal};

use super::Selection;
use super::flag_changes::select;
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::store::{StoreError, audit};

/// Brings flags back to an entry's `before`.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The migration.
    pub migration: Key,
    /// The entry to undo.
    pub sequence: u64,
    /// Why.
    pub reason: String,
    /// The version seen of each module; needed where undoing raises it.
    pub expected: BTreeMap<Key, i64>,
}

impl Command for Undo {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "flag.undo"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: None,
            targets: vec![format!("entry {}", self.sequence)],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let entry = entry_to_undo(work, &self.migration, self.sequence).await?;
        let wanted = flags_before(&entry)?;
        let selection = Selection::Modules(wanted.keys().cloned().collect());
        let selected = select(
            work,
            &self.migration,
            entry.environment.as_ref(),
            &selection,
        )
        .await?;
        let standings: Vec<Standing> = selected.flags.iter().map(|flag| flag.standing()).collect();
        let plan =
            plan_states(standings.iter().filter_map(|standing| {
                wanted.get(&standing.module).map(|state| (standing, *state))
            }))?;
        selected.refuse_no_change(work, &plan).await?;
        selected
            .allow_promotion(work, &plan, &self.expected)
            .await?;
        let mut effect = selected.carry_out(work, plan, reason).await?;
        effect.summary = format!("undid entry {}: {}", self.sequence, effect.summary);
        Ok(effect)
    }
}

async fn entry_to_undo(
    work: &mut Work<'_>,
    migration: &Key,
    sequence: u64,
) -> Result<AuditEntry, Stopped> {
    let entry = audit::by_sequence(work.connection, sequence)
        .await?
        .map(|record| record.entry())
        .transpose()?
        .filter(|entry| entry.migration.as_ref() == Some(migration))
        .ok_or_else(|| Refusal::not_found("audit entry", sequence.to_string()))?;
    if entry.outcome != Outcome::Committed {
        return Err(
            Refusal::field("sequence", "That entry was refused: it changed nothing.").into(),
        );
    }
    Ok(entry)
}

/// The flags an entry changed, as they were before it.
pub(crate) fn flags_before(entry: &AuditEntry) -> Result<BTreeMap<Key, FlagState>, Stopped> {
    let flags = entry.before.get("flags").cloned().unwrap_or_default();
    let wanted: BTreeMap<Key, FlagState> = if flags.is_null() {
        BTreeMap::new()
    } else {
        serde_json::from_value(flags).map_err(StoreError::from)?
    };
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let message = match entry.action.as_str() {
        "kill_switch.on" => "The kill switch is undone by resuming, which shows what comes back.",
        "kill_switch.off" => "Resuming is undone by pressing the kill switch again.",
        _ => {
            "That entry changed no flag. Edit what it changed; its before values are in the audit log."
        }
    };
    Err(Refusal::field("sequence", message).into())
}
