//! Edits a migration: name, description, zone, dates, thresholds. A change of zone keeps civil dates as they are.

use domain::{Key, Permission, Thresholds};
use jiff::civil::Date;

use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{last_change, migrations};

/// What is to change of a migration; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct EditMigration {
    /// Which.
    pub migration: Key,
    /// What people call it.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// IANA time zone of its dates.
    pub zone: Option<String>,
    /// First day of the earliest phase; `Some(None)` takes it away.
    pub start: Option<Option<Date>>,
    /// How many modules are to move; `Some(None)` takes the number away.
    pub expected_modules: Option<Option<u32>>,
    /// Limits on errors.
    pub thresholds: Option<Thresholds>,
    /// Whether modules are rolled back without waiting for a person.
    pub automatic_rollback: Option<bool>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditMigration {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "migration.edit"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let name = self.name.as_ref().map(|name| input.name("name", name));
        let description = self
            .description
            .as_ref()
            .map(|text| input.text("description", text));
        let zone = self.zone.as_ref().map(|zone| input.zone(zone));
        input.date("start", self.start.flatten());
        input.expected_modules(self.expected_modules.flatten());
        if let Some(thresholds) = self.thresholds {
            input.thresholds(thresholds);
        }
        input.finish()?;
        let record = scope::migration(work, &self.migration).await?;
        let changed = last_change::of_migration(work.connection, &self.migration).await?;
        let what = format!("The migration {}", self.migration);
        scope::expect_version(
            work,
            &what,
            self.expected,
            record.migration.version,
            changed,
        )
        .await?;
        let mut migration = record.migration;
        let mut edited = Edited::default();
        edited.set("name", &mut migration.name, name);
        edited.set("description", &mut migration.description, description);
        edited.set("zone", &mut migration.zone, zone);
        edited.set("start", &mut migration.start, self.start);
        edited.set(
            "expected_modules",
            &mut migration.expected_modules,
            self.expected_modules,
        );
        edited.set("thresholds", &mut migration.thresholds, self.thresholds);
        edited.set(
            "automatic_rollback",
            &mut migration.automatic_rollback,
            self.automatic_rollback,
        );
        edited.refuse_no_change(work, &what, changed).await?;
        migration.version += 1;
        migrations::update(work.connection, record.id, &migration).await?;
        let summary = format!(
            "changed the {} of the migration {}",
            edited.fields(),
            self.migration
        );
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before,
            after,
            reason,
            summary,
            subject: Some(self.migration.to_string()),
            version: Some(migration.version),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Refusal;
    use serde_json::json;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn edit(expected: Option<i64>) -> EditMigration {
        EditMigration {
            migration: key("atlas"),
            name: None,
            description: None,
            zone: None,
            start: None,
            expected_modules: None,
            thresholds: None,
            automatic_rollback: None,
            expected,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn the_entry_holds_exactly_what_changed_and_no_revision_is_made() {
        let server = Server::with_modules(&["a"]).await;
        let command = EditMigration {
            name: Some("Atlas moves".into()),
            zone: Some("UTC".into()),
            start: Some(None),
            expected_modules: Some(Some(7)),
            ..edit(Some(1))
        };
        let done = server.admin(command).await.unwrap();
        assert_eq!((done.version, done.revision_number), (Some(2), None));
        let entry = server.entry(done.sequence).await;
        assert_eq!(
            entry.before,
            json!({ "name": "Atlas", "expected_modules": null })
        );
        assert_eq!(
            entry.after,
            json!({ "name": "Atlas moves", "expected_modules": 7 })
        );
    }

    #[tokio::test]
    async fn who_comes_second_is_shown_who_came_first() {
        let server = Server::with_modules(&["a"]).await;
        let first = server
            .admin(EditMigration {
                name: Some("B".into()),
                ..edit(Some(1))
            })
            .await;
        let first = first.unwrap().sequence;
        let again = EditMigration {
            name: Some("C".into()),
            ..edit(Some(1))
        };
        let Refusal::Stale { current, other, .. } = refusal(server.admin(again).await) else {
            panic!()
        };
        assert_eq!((current, other.unwrap().sequence), (2, first));
        let same = EditMigration {
            name: Some("B".into()),
            ..edit(Some(2))
        };
        let Refusal::NoChange { other, .. } = refusal(server.admin(same).await) else {
            panic!()
        };
        assert_eq!(other.unwrap().sequence, first);
    }

    #[tokio::test]
    async fn an_edit_needs_a_version_a_role_good_input_and_an_open_migration() {
        let server = Server::with_modules(&["a"]).await;
        let rename = |expected| EditMigration {
            name: Some("B".into()),
            ..edit(expected)
        };
        assert_eq!(
            refusal(server.admin(rename(None)).await).code(),
            "version-required"
        );
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, rename(Some(1))).await).code(),
            "forbidden"
        );
        let stranger = Server::operator_of("borealis");
        assert_eq!(
            refusal(server.control.execute(&stranger, rename(Some(1))).await).code(),
            "not-found"
        );
        let wrong = EditMigration {
            zone: Some("nowhere".into()),
            ..edit(Some(1))
        };
        assert_eq!(refusal(server.admin(wrong).await).code(), "invalid");
        server.archive_migration().await;
        assert_eq!(
            refusal(server.admin(rename(Some(2))).await).code(),
            "archived"
        );
    }
}
