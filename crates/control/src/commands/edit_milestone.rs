//! Edits a milestone, or puts it away.

use domain::{Key, Permission, Refusal, Timestamp};
use jiff::civil::Date;

use super::create_milestone::aim;
use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::milestones;

/// What is to change of a milestone; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct EditMilestone {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub id: i64,
    /// What people call it.
    pub name: Option<String>,
    /// The day, in the migration's zone.
    pub day: Option<Date>,
    /// Puts it away.
    pub archive: bool,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; must be given to put it away.
    pub reason: String,
}

impl Command for EditMilestone {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        if self.archive {
            "milestone.archive"
        } else {
            "milestone.edit"
        }
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.id)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = if self.archive {
            input.reason(&self.reason)
        } else {
            input.optional_reason(&self.reason)
        };
        let name = self.name.as_ref().map(|name| input.name("name", name));
        input.date("day", self.day);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let mut record = milestones::by_id(work.connection, migration.id, self.id)
            .await?
            .ok_or_else(|| Refusal::not_found("milestone", self.id.to_string()))?;
        let what = format!("Milestone {:?}", record.name);
        if record.archived_at.is_some() && !self.archive {
            return Err(Refusal::Archived { what }.into());
        }
        let changed = record.changed_sequence;
        scope::expect_version(work, &what, self.expected, record.version, changed).await?;
        let mut edited = Edited::default();
        edited.set("name", &mut record.name, name);
        edited.set("day", &mut record.day, self.day);
        let archived: Option<Option<Timestamp>> =
            (self.archive && record.archived_at.is_none()).then_some(Some(work.now));
        edited.set("archived_at", &mut record.archived_at, archived);
        edited.refuse_no_change(work, &what, changed).await?;
        milestones::update(work.connection, &record, work.sequence).await?;
        let summary = if self.archive {
            format!("archived the milestone {:?}", record.name)
        } else {
            format!(
                "changed the {} of the milestone {:?}",
                edited.fields(),
                record.name
            )
        };
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before,
            after,
            reason,
            summary,
            subject: Some(self.id.to_string()),
            version: Some(record.version + 1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::CreateMilestone;
    use crate::testing::{Server, key, refusal};

    #[tokio::test]
    async fn a_milestone_moves_and_is_put_away() {
        let server = Server::with_modules(&["a"]).await;
        let create = CreateMilestone {
            migration: key("atlas"),
            name: "Board review".into(),
            day: "2026-12-18".parse().unwrap(),
            reason: String::new(),
        };
        let created = server.admin(create).await.unwrap();
        let edit = |day: &str, expected| EditMilestone {
            migration: key("atlas"),
            id: created.subject.clone().unwrap().parse().unwrap(),
            name: None,
            day: Some(day.parse().unwrap()),
            archive: false,
            expected,
            reason: String::new(),
        };
        let moved = server.admin(edit("2026-12-21", Some(1))).await.unwrap();
        assert_eq!(
            server.entry(moved.sequence).await.after,
            json!({ "day": "2026-12-21" })
        );
        let stale = refusal(server.admin(edit("2026-12-22", Some(1))).await);
        assert_eq!(stale.code(), "stale");
        let outside = refusal(server.admin(edit("1969-12-31", Some(2))).await);
        assert_eq!(outside.code(), "invalid");
        let archive = EditMilestone {
            day: None,
            archive: true,
            reason: "cancelled".into(),
            ..edit("2026-12-21", Some(2))
        };
        let unexplained = EditMilestone {
            reason: String::new(),
            ..archive.clone()
        };
        assert_eq!(refusal(server.admin(unexplained).await).code(), "invalid");
        server.admin(archive).await.unwrap();
        let late = refusal(server.admin(edit("2026-12-22", Some(3))).await);
        assert_eq!(late.code(), "archived");
    }
}
