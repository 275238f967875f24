//! Creates a migration, with the environment `production`, which decides.

use domain::{Environment, Key, Migration, Permission, Refusal, Thresholds};
use jiff::civil::Date;
use serde_json::json;

use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{StoreError, environments, migrations};

/// The environment every migration begins with.
const FIRST_ENVIRONMENT: &str = "production";

/// A migration to be created.
#[derive(Debug, Clone)]
pub struct CreateMigration {
    /// Its key, never used before.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// IANA time zone of its dates.
    pub zone: String,
    /// First day of the earliest phase.
    pub start: Option<Date>,
    /// How many modules are to move.
    pub expected_modules: Option<u32>,
    /// Limits on errors.
    pub thresholds: Thresholds,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreateMigration {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "migration.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.key.clone()),
            ..Aim::default()
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let aim = self.aim();
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.date("start", self.start);
        input.expected_modules(self.expected_modules);
        input.thresholds(self.thresholds);
        let migration = Migration {
            name: input.name("name", &self.name),
            description: input.text("description", &self.description),
            zone: input.zone(&self.zone),
            key: self.key,
            start: self.start,
            expected_modules: self.expected_modules,
            thresholds: self.thresholds,
            automatic_rollback: true,
            archived_at: None,
            version: 1,
        };
        input.finish()?;
        let created = insert(work, &migration).await?;
        work.make_revision();
        Ok(Effect {
            action: "migration.create",
            aim,
            after: json!(migration),
            reason,
            summary: format!("created the migration {}", migration.key),
            subject: Some(migration.key.to_string()),
            version: Some(1),
            topics: vec![Topic::Structure],
            snapshots: vec![created.environment_id],
            ..Effect::default()
        })
    }
}

/// Row ids of a new migration and its first environment.
pub(super) struct Created {
    pub(super) id: i64,
    pub(super) environment_id: i64,
}

/// Stores a migration and its first environment.
pub(super) async fn insert(work: &mut Work<'_>, migration: &Migration) -> Result<Created, Stopped> {
    if migrations::key_taken(work.connection, &migration.key).await? {
        let (what, key) = ("migration".to_owned(), migration.key.clone());
        return Err(Refusal::KeyTaken { what, key }.into());
    }
    let id = migrations::insert(work.connection, migration, work.now).await?;
    let key = Key::parse(FIRST_ENVIRONMENT)
        .map_err(|error| StoreError::corrupt("environments", error))?;
    let environment = Environment {
        key,
        name: "Production".into(),
        deciding: true,
        kill_switch: false,
        revision: 0,
        archived_at: None,
        version: 1,
    };
    let environment_id = environments::insert(work.connection, id, &environment, work.now).await?;
    Ok(Created { id, environment_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn command(name: &str) -> CreateMigration {
        CreateMigration {
            key: key(name),
            name: "Atlas".into(),
            description: "Old to new".into(),
            zone: "Europe/Berlin".into(),
            start: Some("2026-11-23".parse().unwrap()),
            expected_modules: Some(79),
            thresholds: Thresholds::default(),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn a_new_migration_has_a_deciding_production_with_a_snapshot() {
        let server = Server::open().await;
        let done = server.admin(command("atlas")).await.unwrap();
        assert_eq!(done.subject.as_deref(), Some("atlas"));
        assert_eq!(done.revision_number, Some(1));
        let published = server
            .control
            .snapshots()
            .get(&key("atlas"), &key("production"))
            .unwrap();
        assert!(published.deciding);
        assert_eq!(published.set.snapshot().revision.number, 1);
        let entry = server.entry(done.sequence).await;
        assert_eq!(
            (entry.action.as_str(), entry.migration),
            ("migration.create", Some(key("atlas")))
        );
        assert_eq!(entry.after["zone"], "Europe/Berlin");
    }

    #[tokio::test]
    async fn a_key_is_taken_for_ever_and_dashes_count_as_underscores() {
        let server = Server::open().await;
        server.admin(command("at-las")).await.unwrap();
        assert_eq!(
            refusal(server.admin(command("at_las")).await).code(),
            "key-taken"
        );
        server
            .admin(crate::commands::ArchiveMigration {
                migration: key("at-las"),
                expected: Some(1),
                reason: "over".into(),
            })
            .await
            .unwrap();
        assert_eq!(
            refusal(server.admin(command("at-las")).await).code(),
            "key-taken"
        );
    }

    #[tokio::test]
    async fn every_wrong_field_is_told_at_once() {
        let server = Server::open().await;
        let wrong = CreateMigration {
            name: " ".into(),
            zone: "Mars/Olympus".into(),
            start: Some("2300-01-01".parse().unwrap()),
            expected_modules: Some(10_001),
            thresholds: Thresholds {
                hold_basis_points: 600,
                rollback_basis_points: 500,
            },
            reason: "x".repeat(1_001),
            ..command("atlas")
        };
        let Refusal::Invalid { fields } = refusal(server.admin(wrong).await) else {
            panic!()
        };
        let mut names: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "expected_modules",
                "name",
                "reason",
                "rollback",
                "start",
                "zone"
            ]
        );
    }

    #[tokio::test]
    async fn only_an_admin_of_the_server_creates_migrations() {
        let server = Server::open().await;
        server.admin(command("atlas")).await.unwrap();
        let caller = Server::admin_of("atlas");
        let refused = refusal(server.control.execute(&caller, command("borealis")).await);
        assert_eq!(refused.code(), "forbidden");
    }
}
