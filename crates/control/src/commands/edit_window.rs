//! Edits a freeze or a change window.

use domain::schedule::windows::Window;
use domain::{Key, Permission, Refusal};
use serde_json::{Map, Value};

use super::create_window::{WindowInput, aim, fields};
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, windows};

/// What a window is to be from now on.
#[derive(Debug, Clone)]
pub struct EditWindow {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub id: i64,
    /// The whole of it.
    pub window: WindowInput,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditWindow {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "window.edit"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.id)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.finish()?;
        let window = self.window.check()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = windows::by_id(work.connection, migration.id, self.id)
            .await?
            .ok_or_else(|| Refusal::not_found("window", self.id.to_string()))?;
        let what = format!("Window {:?}", record.window.name());
        if record.archived_at.is_some() {
            return Err(Refusal::Archived { what }.into());
        }
        let (version, changed) = (record.version, record.changed_sequence);
        scope::expect_version(work, &what, self.expected, version, changed).await?;
        let rows = self.window.rows(work, &migration).await?;
        let (before, after) = changes(&record.window, &window);
        if after.is_empty() {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{what} already is as asked.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        windows::update(work.connection, record.id, &window, rows, work.sequence).await?;
        Ok(Effect {
            action: "window.edit",
            aim: self.aim(),
            before: Value::Object(before),
            after: Value::Object(after),
            reason,
            summary: format!("changed {} {:?}", window.kind().words(), window.name()),
            subject: Some(self.id.to_string()),
            version: Some(version + 1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

/// The fields that differ, as they were and as they are.
fn changes(before: &Window, after: &Window) -> (Map<String, Value>, Map<String, Value>) {
    let (Value::Object(mut before), Value::Object(mut after)) = (fields(before), fields(after))
    else {
        return (Map::new(), Map::new());
    };
    let same: Vec<String> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (before, after)
}
