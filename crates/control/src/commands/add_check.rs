//! Adds an item to a checklist.

use domain::schedule::checklist::{Due, Item, List};
use domain::{Key, Permission};
use serde_json::json;

use super::checked::{aim, judge, named, target};
use super::input::Input;
use super::scope;
use crate::civil;
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::checklists::{self, CheckRecord, due_text};

/// An item to be added at the end of its list.
#[derive(Debug, Clone)]
pub struct AddCheck {
    /// The migration.
    pub migration: Key,
    /// The list; around a phase, that phase must be open.
    pub list: List,
    /// What to do.
    pub title: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// When it is due: a time for daily items, a day for all others.
    pub due: Option<Due>,
    /// Commands to copy, as written; empty for none.
    pub commands: String,
    /// Whether a tick as done must carry a link to evidence.
    pub evidence_required: bool,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for AddCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.add"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let migration = scope::migration(work, &self.migration).await?;
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let commands = input.text("commands", &self.commands);
        let item = Item {
            id: String::new(),
            list: self.list,
            title: input.text("title", &self.title),
            owner: self.owner.trim().to_owned(),
            due: self.due,
            evidence_required: self.evidence_required,
            created: civil::today(&migration.migration, work.now),
            archived: None,
        };
        input.require(
            !item.owner.contains('\0') && !item.title.contains('\n'),
            "title",
            "Title and owner are one line each.",
        );
        judge(&mut input, &item);
        input.finish()?;
        let phase_id = match self.list.around() {
            Some((phase, _)) => Some(scope::open_phase(work, &migration, phase).await?.id),
            None => None,
        };
        let limits = migration.migration.thresholds;
        let when = match self.list {
            List::Phase { moment, .. } => moment.words().to_owned(),
            List::Conditional(threshold) => threshold.words(limits),
            List::Once | List::Daily => String::new(),
        };
        let record = CheckRecord {
            id: 0,
            item,
            when,
            commands,
            version: 1,
        };
        let id = checklists::insert(work.connection, migration.id, phase_id, &record).await?;
        let item = &record.item;
        Ok(Effect {
            action: self.action(),
            aim: aim(&self.migration, Some(id)),
            after: json!({
                "list": item.list,
                "title": item.title,
                "owner": item.owner,
                "due": due_text(item.due),
                "commands": record.commands,
                "evidence_required": item.evidence_required,
            }),
            reason,
            summary: format!("added {} {}", target(id), named(item)),
            subject: Some(id.to_string()),
            version: Some(1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Refusal;
    use domain::schedule::checklist::Moment;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn add(list: List) -> AddCheck {
        AddCheck {
            migration: key("atlas"),
            list,
            title: "Smoke test".into(),
            owner: "ines".into(),
            due: None,
            commands: "make smoke".into(),
            evidence_required: true,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn an_item_stands_at_the_end_of_its_list() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(2).await;
        let list = List::Phase {
            phase: 2,
            moment: Moment::Before,
        };
        let first = server.admin(add(list)).await.unwrap();
        let second = AddCheck {
            title: "Second".into(),
            ..add(list)
        };
        let operator = Server::operator_of("atlas");
        let second = server.control.execute(&operator, second).await.unwrap();
        let view = server.checklists().await;
        let before = &view.phases[0].before;
        let titles: Vec<_> = before.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(titles, ["Smoke test", "Second"]);
        let row = &before[0];
        assert_eq!(row.id.to_string(), first.subject.unwrap());
        assert_eq!(
            (
                row.owner.as_str(),
                row.commands.as_str(),
                row.evidence_required
            ),
            ("ines", "make smoke", true)
        );
        let entry = server.entry(second.sequence).await;
        assert_eq!(entry.after["list"]["phase"]["moment"], "before");
    }

    #[tokio::test]
    async fn every_wrong_field_is_named() {
        let server = Server::with_modules(&["a"]).await;
        let wrong = AddCheck {
            title: " ".into(),
            due: Some(Due::Day("2026-12-01".parse().unwrap())),
            commands: "c".repeat(4_001),
            ..add(List::Daily)
        };
        let Refusal::Invalid { fields } = refusal(server.admin(wrong).await) else {
            panic!()
        };
        let mut names: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["commands", "due", "title"]);
        let no_phase = List::Phase {
            phase: 9,
            moment: Moment::After,
        };
        assert_eq!(refusal(server.admin(add(no_phase)).await).code(), "invalid");
        let viewer = Server::viewer_of("atlas");
        let refused = server.control.execute(&viewer, add(List::Once)).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        server.archive_migration().await;
        assert_eq!(
            refusal(server.admin(add(List::Once)).await).code(),
            "archived"
        );
    }
}
