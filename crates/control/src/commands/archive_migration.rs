//! Puts a migration away, with its snapshots: its key stays taken, its audit log stays.

use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::{in_use, scope};
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, last_change, migrations};

/// A migration to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveMigration {
    /// Which; none of its active modules may serve new.
    pub migration: Key,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveMigration {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "migration.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let what = format!("The migration {}", self.migration);
        let record = migrations::by_key(work.connection, &self.migration)
            .await?
            .ok_or_else(|| Refusal::not_found("migration", self.migration.as_str()))?;
        let changed = last_change::of_migration(work.connection, &self.migration).await?;
        if record.migration.archived_at.is_some() {
            let other = audit::other_change(work.connection, changed).await?;
            return Err(Refusal::NoChange {
                summary: format!("{what} is archived already."),
                other,
            }
            .into());
        }
        scope::expect_version(
            work,
            &what,
            self.expected,
            record.migration.version,
            changed,
        )
        .await?;
        in_use::refuse_place(work, &what, record.id, None).await?;
        let snapshots = scope::open_environments(work, &record).await?;
        work.make_revision();
        let mut migration = record.migration;
        migration.archived_at = Some(work.now);
        migration.version += 1;
        migrations::update(work.connection, record.id, &migration).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "archived_at": null }),
            after: json!({ "archived_at": migration.archived_at }),
            reason,
            summary: format!("archived the migration {}", self.migration),
            subject: Some(self.migration.to_string()),
            version: Some(migration.version),
            topics: vec![Topic::Flags, Topic::Structure],
            snapshots,
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn archive(expected: Option<i64>) -> ArchiveMigration {
        ArchiveMigration {
            migration: key("atlas"),
            expected,
            reason: "given up".into(),
        }
    }

    #[tokio::test]
    async fn an_archived_migration_has_no_snapshot_and_refuses_flag_changes() {
        let server = Server::with_modules(&["a"]).await;
        server.admin(archive(Some(1))).await.unwrap();
        assert!(
            server
                .control
                .snapshots()
                .get(&key("atlas"), &key("production"))
                .is_none()
        );
        let set = server.try_set("a", FlagState::BOTH_VALIDATE).await;
        assert_eq!(refusal(set).code(), "archived");
        let Refusal::NoChange { other, .. } = refusal(server.admin(archive(Some(2))).await) else {
            panic!()
        };
        assert_eq!(other.unwrap().action, "migration.archive");
    }

    #[tokio::test]
    async fn it_is_refused_while_somebody_gets_new_and_names_the_modules() {
        let server = Server::with_modules(&["a", "b"]).await;
        server.set("b", FlagState::NEW_ONLY).await;
        let refused = refusal(server.admin(archive(Some(1))).await);
        assert_eq!(refused.code(), "in-use");
        assert!(refused.to_string().contains("b serves new"), "{refused}");
        server.retire("b").await;
        server.admin(archive(Some(1))).await.unwrap();
    }

    #[tokio::test]
    async fn it_needs_a_reason_a_version_and_something_there() {
        let server = Server::with_modules(&["a"]).await;
        assert_eq!(
            refusal(server.admin(archive(None)).await).code(),
            "version-required"
        );
        assert_eq!(
            refusal(server.admin(archive(Some(9))).await).code(),
            "stale"
        );
        let silent = ArchiveMigration {
            reason: " ".into(),
            ..archive(Some(1))
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
        let nowhere = ArchiveMigration {
            migration: key("borealis"),
            ..archive(Some(1))
        };
        assert_eq!(refusal(server.admin(nowhere).await).code(), "not-found");
    }
}
