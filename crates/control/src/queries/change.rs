//! A change and what it did.

use domain::read::ChangeView;
use domain::{FlagChange, Key, Permission, Refusal, Timestamp};

use super::audit::audit_row;
use super::forms::LISTENING_MILLISECONDS;
use super::standing::load;
use crate::control::authorise;
use crate::readers::Reader;
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
    let readers = listening_at(control, migration, environment, row.at);
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

/// Readers that were there when a change was made: whoever first read after it was not, and has nothing to obey.
fn listening_at(
    control: &Control,
    migration: &Key,
    environment: &Key,
    at: Timestamp,
) -> Vec<Reader> {
    let mut readers =
        control
            .readers()
            .of_environment(migration, environment, at.plus(-LISTENING_MILLISECONDS));
    readers.retain(|reader| reader.first_read_at <= at);
    readers
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

#[cfg(test)]
mod tests {
    use domain::FlagState;
    use domain::read::TokenKind;

    use super::*;
    use crate::commands::{NewToken, create_token};
    use crate::testing::{Server, key};

    #[tokio::test]
    async fn who_came_after_a_change_was_not_listening_before_it() {
        let server = Server::with_modules(&["a"]).await;
        let new = NewToken {
            name: "service".into(),
            kind: TokenKind::Sdk,
            migration: Some(key("atlas")),
            environment: None,
            reason: String::new(),
        };
        let (control, root) = (&server.control, Server::root());
        let (_, token) = create_token(control, &root, new).await.unwrap();
        let identity = control.directory().authenticate(&token).unwrap();
        let read = |client: &str, revision: u64| {
            let now = control.clock().now();
            control.readers().saw(&identity, client, revision, now);
        };
        read("gone", 1);
        control.clock().step(LISTENING_MILLISECONDS);
        read("silent", 1);
        read("obeying", 1);
        control.clock().step(1_000);
        let made = server.try_set("a", FlagState::BOTH_VALIDATE).await.unwrap();
        let revision = made.revision_number.unwrap();
        control.clock().step(1_000);
        read("obeying", revision);
        read("new", revision);
        let view = change(control, &root, &key("atlas"), revision)
            .await
            .unwrap();
        assert_eq!((view.readers_before, view.readers_since), (2, 1));
    }
}
