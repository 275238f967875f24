//! A change and what it did.

use domain::read::ChangeView;
use domain::{FlagChange, Key, Permission, Refusal};

use super::audit::audit_row;
use super::forms::LISTENING_MILLISECONDS;
use super::standing::load;
use crate::control::authorise;
use crate::store::audit;
use crate::{Caller, Control, QueryError};

/// The change that made this revision.
pub async fn change(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    revision: u64,
) -> Result<ChangeView, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let mut connection = control.inner().store.read().await?;
    let record = audit::by_revision(&mut connection, revision)
        .await?
        .filter(|record| record.migration.as_deref() == Some(migration.as_str()))
        .ok_or_else(|| Refusal::not_found("change", revision.to_string()))?;
    drop(connection);
    let row = audit_row(&record)?;
    let standing = load(control, caller, migration, row.environment.as_ref()).await?;
    let flags = flags_of(&row.before, &row.after);
    let current = |module: &Key| {
        standing
            .flags
            .iter()
            .find(|flag| flag.module == *module)
            .map(|flag| flag.state)
    };
    let undo = flags
        .iter()
        .filter_map(|change| {
            let before = current(&change.module)?;
            (before != change.before).then(|| FlagChange {
                module: change.module.clone(),
                before,
                after: change.before,
            })
        })
        .collect();
    let drifted = flags
        .iter()
        .filter(|change| current(&change.module) != Some(change.after))
        .map(|change| change.module.clone())
        .collect();
    let environment = &standing.environment.environment.key;
    let readers = control.readers().of_environment(
        migration,
        environment,
        row.at.plus(-LISTENING_MILLISECONDS),
    );
    let since = readers
        .iter()
        .filter(|reader| reader.revision >= revision)
        .count();
    let receipt = control
        .receipt(migration, environment, row.sequence)
        .await?;
    let switch = |value: &serde_json::Value| value.get("kill_switch")?.as_bool();
    Ok(ChangeView {
        receipt,
        kill_switch: switch(&row.before).zip(switch(&row.after)),
        readers_since: u32::try_from(since).unwrap_or(u32::MAX),
        readers_before: u32::try_from(readers.len()).unwrap_or(u32::MAX),
        audit: row,
        flags,
        undo,
        drifted,
        frame: standing.frame,
    })
}

/// Pairs an entry's two sides by module.
fn flags_of(before: &serde_json::Value, after: &serde_json::Value) -> Vec<FlagChange> {
    let Some(modules) = before.get("flags").and_then(|flags| flags.as_object()) else {
        return Vec::new();
    };
    modules
        .iter()
        .filter_map(|(module, state)| {
            let new = after.get("flags")?.get(module)?;
            Some(FlagChange {
                module: Key::parse(module).ok()?,
                before: serde_json::from_value(state.clone()).ok()?,
                after: serde_json::from_value(new.clone()).ok()?,
            })
        })
        .collect()
}
