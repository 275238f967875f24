//! Puts an environment away, with its snapshot: its tokens read nothing any more.

use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::{in_use, scope};
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, environments, last_change};

/// An environment to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveEnvironment {
    /// The migration.
    pub migration: Key,
    /// Which; not the deciding one, and none of its active flags may serve new.
    pub environment: Key,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveEnvironment {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "environment.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: Some(self.environment.clone()),
            targets: vec![self.environment.to_string()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let what = format!("The environment {}", self.environment);
        let migration = scope::migration(work, &self.migration).await?;
        let record = environments::of_migration(work.connection, migration.id)
            .await?
            .into_iter()
            .find(|record| record.environment.key == self.environment)
            .ok_or_else(|| Refusal::not_found("environment", self.environment.as_str()))?;
        let mut environment = record.environment;
        let changed =
            last_change::of_environment(work.connection, &self.migration, &self.environment)
                .await?;
        if environment.archived_at.is_some() {
            let other = audit::other_change(work.connection, changed).await?;
            return Err(Refusal::NoChange {
                summary: format!("{what} is archived already."),
                other,
            }
            .into());
        }
        scope::expect_version(work, &what, self.expected, environment.version, changed).await?;
        if environment.deciding {
            let why =
                "gates and criteria look at it. Make another environment the deciding one first."
                    .into();
            return Err(Refusal::InUse { what, why }.into());
        }
        in_use::refuse_place(work, &what, migration.id, Some(record.id)).await?;
        work.make_revision();
        environment.archived_at = Some(work.now);
        environment.version += 1;
        environments::update(work.connection, record.id, &environment).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "archived_at": null }),
            after: json!({ "archived_at": environment.archived_at }),
            reason,
            summary: format!("archived the environment {}", self.environment),
            subject: Some(self.environment.to_string()),
            version: Some(environment.version),
            topics: vec![Topic::Flags, Topic::Structure],
            snapshots: vec![record.id],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn archive(environment: &str, expected: Option<i64>) -> ArchiveEnvironment {
        ArchiveEnvironment {
            migration: key("atlas"),
            environment: key(environment),
            expected,
            reason: "no longer used".into(),
        }
    }

    #[tokio::test]
    async fn its_snapshot_goes_and_its_key_stays_taken() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        server.admin(archive("staging", Some(1))).await.unwrap();
        assert!(
            server
                .control
                .snapshots()
                .get(&key("atlas"), &key("staging"))
                .is_none()
        );
        assert!(
            server
                .control
                .snapshots()
                .get(&key("atlas"), &key("production"))
                .is_some()
        );
        let again = refusal(server.admin(archive("staging", Some(2))).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().action.as_str()),
            ("no-change", "environment.archive")
        );
        assert_eq!(
            refusal(server.try_environment("staging").await).code(),
            "key-taken"
        );
    }

    #[tokio::test]
    async fn the_deciding_one_and_one_that_serves_new_stay() {
        let server = Server::with_modules(&["a"]).await;
        assert_eq!(
            refusal(server.admin(archive("production", Some(1))).await).code(),
            "in-use"
        );
        server.environment("staging").await;
        server.set_in("staging", "a", FlagState::NEW_ONLY).await;
        let refused = refusal(server.admin(archive("staging", Some(1))).await);
        assert_eq!(refused.code(), "in-use");
        assert!(refused.to_string().contains("a serves new"), "{refused}");
    }

    #[tokio::test]
    async fn it_needs_a_reason_a_version_and_something_there() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        assert_eq!(
            refusal(server.admin(archive("staging", None)).await).code(),
            "version-required"
        );
        assert_eq!(
            refusal(server.admin(archive("staging", Some(2))).await).code(),
            "stale"
        );
        assert_eq!(
            refusal(server.admin(archive("nowhere", Some(1))).await).code(),
            "not-found"
        );
        let silent = ArchiveEnvironment {
            reason: String::new(),
            ..archive("staging", Some(1))
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
    }
}
