//! Puts a freeze or a change window away: it keeps nothing back any more.

use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::create_window::aim;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, windows};

/// A window to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveWindow {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub id: i64,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveWindow {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "window.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.id)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = windows::by_id(work.connection, migration.id, self.id)
            .await?
            .ok_or_else(|| Refusal::not_found("window", self.id.to_string()))?;
        let what = format!("Window {:?}", record.window.name());
        let (version, changed) = (record.version, record.changed_sequence);
        if record.archived_at.is_some() {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{what} is archived already.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        scope::expect_version(work, &what, self.expected, version, changed).await?;
        windows::archive(work.connection, record.id, work.sequence, work.now).await?;
        Ok(Effect {
            action: "window.archive",
            aim: self.aim(),
            before: json!({ "archived_at": null }),
            after: json!({ "archived_at": work.now }),
            reason,
            summary: format!(
                "archived {} {:?}",
                record.window.kind().words(),
                record.window.name()
            ),
            subject: Some(self.id.to_string()),
            version: Some(version + 1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}
