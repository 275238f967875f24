//! Takes a tie between two issues away.

use domain::issues::LinkKind;
use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::issue_parts::{aim, find, note, target};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::issues;

/// A tie to be taken away, named as it was made.
#[derive(Debug, Clone)]
pub struct UnlinkIssues {
    /// The migration.
    pub migration: Key,
    /// The issue that blocks, causes, ...
    pub number: u32,
    /// How.
    pub kind: LinkKind,
    /// The issue that is blocked, caused, ...
    pub other: u32,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for UnlinkIssues {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "issue.unlink"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        let mut aim = aim(&self.migration, self.number);
        aim.targets.push(target(self.other));
        aim
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let from = find(work, &migration, self.number).await?;
        let to = find(work, &migration, self.other).await?;
        let (kind, now) = (self.kind, work.now);
        let mut gone = issues::unlink(work.connection, from.id, to.id, kind, now).await?;
        if !gone && kind.is_symmetric() {
            gone = issues::unlink(work.connection, to.id, from.id, kind, now).await?;
        }
        let sentence = format!(
            "issue {} {} issue {}",
            self.number,
            kind.words(),
            self.other
        );
        if !gone {
            return Err(Refusal::not_found("link", sentence).into());
        }
        note(work, &from).await?;
        note(work, &to).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "issue": self.number, "kind": kind, "other": self.other }),
            reason,
            summary: format!("unlinked: {sentence}"),
            subject: Some(self.number.to_string()),
            topics: vec![Topic::Issues],
            ..Effect::default()
        })
    }
}
