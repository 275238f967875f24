//! Edits an item of a checklist; the list it stands on stays.

use domain::schedule::checklist::Due;
use domain::{Key, Permission, Refusal};

use super::checked::{aim, find, judge, named};
use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{checklists, last_change};

/// What is to change of an item; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct EditCheck {
    /// The migration.
    pub migration: Key,
    /// The item's id.
    pub item: i64,
    /// What to do.
    pub title: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it is due; `Some(None)` never is.
    pub due: Option<Option<Due>>,
    /// Commands to copy.
    pub commands: Option<String>,
    /// Whether a tick as done must carry a link to evidence. Ticks that are there stay.
    pub evidence_required: Option<bool>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.edit"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.item))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let title = self.title.as_ref().map(|title| input.text("title", title));
        let owner = self.owner.as_ref().map(|owner| input.text("owner", owner));
        let commands = self
            .commands
            .as_ref()
            .map(|commands| input.text("commands", commands));
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let mut record = find(work, &migration, self.item).await?;
        let what = format!("The item {}", named(&record.item));
        if record.item.archived.is_some() {
            return Err(Refusal::Archived { what }.into());
        }
        let changed = last_change::of_check(work.connection, &self.migration, self.item).await?;
        scope::expect_version(work, &what, self.expected, record.version, changed).await?;
        let mut edited = Edited::default();
        let item = &mut record.item;
        let renamed = title.as_ref().is_some_and(|title| *title != item.title);
        edited.set("title", &mut item.title, title);
        edited.set("owner", &mut item.owner, owner);
        edited.set("due", &mut item.due, self.due);
        edited.set("commands", &mut record.commands, commands);
        edited.set(
            "evidence_required",
            &mut item.evidence_required,
            self.evidence_required,
        );
        let mut judged = item.clone();
        if !renamed {
            // The titles of plans may be longer than those of people.
            judged.title = named(item);
        }
        let mut input = Input::default();
        judge(&mut input, &judged);
        input.finish()?;
        edited.refuse_no_change(work, &what, changed).await?;
        record.version += 1;
        checklists::update(work.connection, &record).await?;
        let summary = format!("changed the {} of {}", edited.fields(), named(&record.item));
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before,
            after,
            reason,
            summary,
            subject: Some(self.item.to_string()),
            version: Some(record.version),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::schedule::checklist::List;
    use serde_json::json;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn edit(item: i64, expected: Option<i64>) -> EditCheck {
        EditCheck {
            migration: key("atlas"),
            item,
            title: None,
            owner: Some("joan".into()),
            due: None,
            commands: None,
            evidence_required: None,
            expected,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn the_entry_holds_exactly_what_changed() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let command = EditCheck {
            due: Some(Some(Due::Time("09:00".parse().unwrap()))),
            ..edit(item, Some(1))
        };
        let done = server.admin(command).await.unwrap();
        assert_eq!(done.version, Some(2));
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.before, json!({ "owner": "", "due": null }));
        assert_eq!(
            entry.after,
            json!({ "owner": "joan", "due": { "time": "09:00:00" } })
        );
        let row = server.check_row(item).await;
        assert_eq!((row.due.as_str(), row.overdue), ("09:00", true));
    }

    #[tokio::test]
    async fn who_comes_second_is_shown_who_came_first() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let first = server.admin(edit(item, Some(1))).await.unwrap().sequence;
        let stale = refusal(server.admin(edit(item, Some(1))).await);
        assert_eq!(
            (stale.code(), stale.other_change().unwrap().sequence),
            ("stale", first)
        );
        let same = refusal(server.admin(edit(item, Some(2))).await);
        assert_eq!(
            (same.code(), same.other_change().unwrap().sequence),
            ("no-change", first)
        );
        assert_eq!(
            refusal(server.admin(edit(item, None)).await).code(),
            "version-required"
        );
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let on_a_day = EditCheck {
            due: Some(Some(Due::Day("2026-12-01".parse().unwrap()))),
            title: Some(String::new()),
            ..edit(item, Some(1))
        };
        let Refusal::Invalid { fields } = refusal(server.admin(on_a_day).await) else {
            panic!()
        };
        assert_eq!(fields.len(), 2);
        let absent = server.admin(edit(999, Some(1))).await;
        assert_eq!(refusal(absent).code(), "not-found");
        let viewer = Server::viewer_of("atlas");
        let refused = server.control.execute(&viewer, edit(item, Some(1))).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        server.archive_check(item, 1).await;
        let archived = server.admin(edit(item, Some(2))).await;
        assert_eq!(refusal(archived).code(), "archived");
    }
}
