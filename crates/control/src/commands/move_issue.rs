//! Moves an issue: mitigated, resolved with how, or open again.

use domain::issues::IssueStatus;
use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::issue_parts::{aim, aim_at, find, note};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, issues, words};

/// Brings an issue to another status.
#[derive(Debug, Clone)]
pub struct MoveIssue {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub number: u32,
    /// To where.
    pub to: IssueStatus,
    /// How it was resolved, as Markdown: needed to resolve it, and for nothing else.
    pub resolution: Option<String>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for MoveIssue {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        match self.to {
            IssueStatus::Open => "issue.reopen",
            IssueStatus::Mitigated => "issue.mitigate",
            IssueStatus::Resolved => "issue.resolve",
        }
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.number)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let resolution = self
            .resolution
            .as_ref()
            .map(|resolution| input.plain("resolution", resolution))
            .filter(|resolution| !resolution.is_empty());
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let mut record = find(work, &migration, self.number).await?;
        let what = format!("Issue {}", self.number);
        let changed = record.changed_sequence;
        scope::expect_version(work, &what, self.expected, record.issue.version, changed).await?;
        match record.issue.status.move_to(self.to, resolution.as_deref()) {
            Err(Refusal::NoChange { summary, .. }) => {
                let other = audit::other_change(work.connection, changed).await?;
                return Err(Refusal::NoChange { summary, other }.into());
            }
            judged => judged?,
        }
        let action = self.action();
        let issue = &mut record.issue;
        let before = json!({ "status": issue.status, "resolution": issue.resolution });
        issue.status = self.to;
        issue.resolution = resolution.unwrap_or_default();
        issue.resolved_at = (self.to == IssueStatus::Resolved).then_some(work.now);
        issue.version += 1;
        let after = json!({ "status": issue.status, "resolution": issue.resolution });
        let (id, sequence) = (record.id, work.sequence);
        issues::update(
            work.connection,
            id,
            record.module_id,
            &record.issue,
            sequence,
        )
        .await?;
        words::index(work.connection, id).await?;
        note(work, &record).await?;
        let did = match self.to {
            IssueStatus::Open => "reopened",
            IssueStatus::Mitigated => "mitigated",
            IssueStatus::Resolved => "resolved",
        };
        Ok(Effect {
            action,
            aim: aim_at(&self.migration, &record),
            before,
            after,
            reason,
            summary: format!("{did} issue {}: {}", self.number, record.issue.title),
            subject: Some(self.number.to_string()),
            version: Some(record.issue.version),
            modules: record.module_id.into_iter().collect(),
            topics: vec![Topic::Issues],
            ..Effect::default()
        })
    }
}
