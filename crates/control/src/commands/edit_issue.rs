//! Edits an issue; its number and status stay.

use domain::issues::{Severity, check_issue};
use domain::{Key, Permission};
use jiff::civil::Date;

use super::edited::Edited;
use super::input::Input;
use super::issue_parts::{aim, aim_at, find, labels, note};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{issues, words};

/// What is to change of an issue; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone)]
pub struct EditIssue {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub number: u32,
    /// What it is called.
    pub title: Option<String>,
    /// What happened, as Markdown.
    pub body: Option<String>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// The module it is about.
    pub module: Option<Option<Key>>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// All its labels.
    pub labels: Option<Vec<String>>,
    /// The day it should be resolved by, in the migration's zone.
    pub due: Option<Option<Date>>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditIssue {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "issue.edit"
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
        let mut text =
            |field: &str, text: &Option<String>| text.as_ref().map(|text| input.plain(field, text));
        let (title, body) = (text("title", &self.title), text("body", &self.body));
        let owner = self.owner.as_ref().map(|owner| input.text("owner", owner));
        let labels = self.labels.as_deref().map(labels);
        input.date("due", self.due.flatten());
        // What is left as it is was judged when it was written.
        input.judged(check_issue(
            title.as_deref().unwrap_or("as it is"),
            body.as_deref().unwrap_or_default(),
            labels.as_deref().unwrap_or_default(),
        ))?;
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let mut record = find(work, &migration, self.number).await?;
        let what = format!("Issue {}", self.number);
        let changed = record.changed_sequence;
        scope::expect_version(work, &what, self.expected, record.issue.version, changed).await?;
        let mut modules: Vec<i64> = record.module_id.into_iter().collect();
        if let Some(module) = self
            .module
            .as_ref()
            .filter(|module| **module != record.issue.module)
        {
            record.module_id = match module {
                None => None,
                Some(key) => Some(scope::open_module(work, &migration, key).await?.id),
            };
            modules.extend(record.module_id);
        }
        let issue = &mut record.issue;
        let mut edited = Edited::default();
        edited.set("title", &mut issue.title, title);
        edited.set("body", &mut issue.body, body);
        edited.set("severity", &mut issue.severity, self.severity);
        edited.set("module", &mut issue.module, self.module);
        edited.set("owner", &mut issue.owner, owner);
        edited.set("labels", &mut issue.labels, labels);
        edited.set("due", &mut issue.due, self.due);
        edited.refuse_no_change(work, &what, changed).await?;
        issue.version += 1;
        let (id, sequence) = (record.id, work.sequence);
        issues::update(
            work.connection,
            id,
            record.module_id,
            &record.issue,
            sequence,
        )
        .await?;
        issues::set_labels(work.connection, id, &record.issue.labels).await?;
        words::index(work.connection, id).await?;
        note(work, &record).await?;
        let summary = format!("changed the {} of issue {}", edited.fields(), self.number);
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: "issue.edit",
            aim: aim_at(&self.migration, &record),
            before,
            after,
            reason,
            summary,
            subject: Some(self.number.to_string()),
            version: Some(record.issue.version),
            modules,
            topics: vec![Topic::Issues],
            ..Effect::default()
        })
    }
}
