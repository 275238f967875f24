//! Writes a comment. It is kept as written: who was wrong writes another.

use domain::issues::check_comment;
use domain::{Key, Permission};
use serde_json::json;

use super::input::Input;
use super::issue_parts::{aim, aim_at, find, note};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{issues, words};

/// Most comments of one issue.
const MOST_COMMENTS: u32 = 500;
/// Most bytes that an issue's comments have in all: each new one is indexed with all before it.
const MOST_BYTES: u64 = 1024 * 1024;

/// A comment to be written.
#[derive(Debug, Clone)]
pub struct CommentIssue {
    /// The migration.
    pub migration: Key,
    /// Which issue.
    pub number: u32,
    /// What to say, as Markdown.
    pub comment: String,
}

impl Command for CommentIssue {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "issue.comment"
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.number)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let text = input.plain("comment", &self.comment);
        input.judged(check_comment(&text))?;
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = find(work, &migration, self.number).await?;
        let (kept, bytes) = issues::comments_kept(work.connection, record.id).await?;
        let more = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let mut room = Input::default();
        room.require(
            kept < MOST_COMMENTS && bytes.saturating_add(more) <= MOST_BYTES,
            "comment",
            "This issue has as many comments as one holds (500, or 1 MB). Open another issue and link the two.",
        );
        room.finish()?;
        let (comment, by) = (kept + 1, work.caller.actor.name.clone());
        let now = work.now;
        issues::comment(work.connection, record.id, comment, &by, &text, now).await?;
        words::index(work.connection, record.id).await?;
        note(work, &record).await?;
        Ok(Effect {
            action: self.action(),
            aim: aim_at(&self.migration, &record),
            after: json!({ "comment": comment, "text": text }),
            summary: format!("commented on issue {}", self.number),
            subject: Some(self.number.to_string()),
            topics: vec![Topic::Issues],
            ..Effect::default()
        })
    }
}
