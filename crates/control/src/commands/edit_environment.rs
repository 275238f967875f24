//! Renames an environment, or makes it the deciding one in place of the one that was.

use domain::{Key, Permission};

use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::environments::{self, EnvironmentRecord};
use crate::store::last_change;

/// What is to change of an environment; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct EditEnvironment {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub environment: Key,
    /// What people call it.
    pub name: Option<String>,
    /// Whether gates and criteria look at it; only `true` can be asked for.
    pub deciding: Option<bool>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditEnvironment {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "environment.edit"
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
        let mut aim = self.aim();
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let name = self.name.as_ref().map(|name| input.name("name", name));
        input.require(
            self.deciding != Some(false),
            "deciding",
            "One environment decides. Make another one the deciding one; this one then no longer is.",
        );
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::environment(work, &migration, Some(&self.environment)).await?;
        let changed =
            last_change::of_environment(work.connection, &self.migration, &self.environment)
                .await?;
        let what = format!("The environment {}", self.environment);
        scope::expect_version(
            work,
            &what,
            self.expected,
            record.environment.version,
            changed,
        )
        .await?;
        let mut environment = record.environment;
        let mut edited = Edited::default();
        edited.set("name", &mut environment.name, name);
        let decided = environment.deciding;
        edited.set("deciding", &mut environment.deciding, self.deciding);
        edited.refuse_no_change(work, &what, changed).await?;
        let mut snapshots = Vec::new();
        if environment.deciding && !decided {
            let other = scope::environment(work, &migration, None).await?;
            aim.targets.push(other.environment.key.to_string());
            // Which one decides is kept with the snapshots, though no flag changes: no revision is made.
            snapshots = vec![record.id, other.id];
            stop_deciding(work, other).await?;
        }
        environment.version += 1;
        environments::update(work.connection, record.id, &environment).await?;
        let summary = format!(
            "changed the {} of the environment {}",
            edited.fields(),
            self.environment
        );
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim,
            before,
            after,
            reason,
            summary,
            subject: Some(self.environment.to_string()),
            version: Some(environment.version),
            topics: vec![Topic::Structure],
            snapshots,
            ..Effect::default()
        })
    }
}

async fn stop_deciding(work: &mut Work<'_>, record: EnvironmentRecord) -> Result<(), Stopped> {
    let mut environment = record.environment;
    environment.deciding = false;
    environment.version += 1;
    environments::update(work.connection, record.id, &environment).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::Refusal;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn edit(environment: &str, expected: Option<i64>) -> EditEnvironment {
        EditEnvironment {
            migration: key("atlas"),
            environment: key(environment),
            name: None,
            deciding: None,
            expected,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn deciding_moves_over_and_flags_keep_their_revision() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        let revision = server.control.revision();
        let command = EditEnvironment {
            deciding: Some(true),
            ..edit("staging", Some(1))
        };
        let done = server.admin(command).await.unwrap();
        assert_eq!(done.revision, None);
        assert_eq!(server.control.revision(), revision);
        let snapshots = server.control.snapshots();
        assert!(
            snapshots
                .get(&key("atlas"), &key("staging"))
                .unwrap()
                .deciding
        );
        assert!(
            !snapshots
                .get(&key("atlas"), &key("production"))
                .unwrap()
                .deciding
        );
        // The other one changed too: whoever edits it with the old version is shown this change.
        let stale = EditEnvironment {
            name: Some("Live".into()),
            ..edit("production", Some(1))
        };
        let Refusal::Stale { other, current, .. } = refusal(server.admin(stale).await) else {
            panic!()
        };
        assert_eq!((current, other.unwrap().sequence), (2, done.sequence));
    }

    #[tokio::test]
    async fn a_rename_holds_exactly_that() {
        let server = Server::with_modules(&["a"]).await;
        let command = EditEnvironment {
            name: Some("Live".into()),
            ..edit("production", Some(1))
        };
        let done = server.admin(command.clone()).await.unwrap();
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.after, serde_json::json!({ "name": "Live" }));
        let again = EditEnvironment {
            expected: Some(2),
            ..command
        };
        assert_eq!(refusal(server.admin(again).await).code(), "no-change");
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        let rename = |environment, expected| EditEnvironment {
            name: Some("X".into()),
            ..edit(environment, expected)
        };
        assert_eq!(
            refusal(server.admin(rename("staging", None)).await).code(),
            "version-required"
        );
        assert_eq!(
            refusal(server.admin(rename("nowhere", Some(1))).await).code(),
            "not-found"
        );
        let undecided = EditEnvironment {
            deciding: Some(false),
            ..edit("production", Some(1))
        };
        assert_eq!(refusal(server.admin(undecided).await).code(), "invalid");
        let archive = crate::commands::ArchiveEnvironment {
            migration: key("atlas"),
            environment: key("staging"),
            expected: Some(1),
            reason: "gone".into(),
        };
        server.admin(archive).await.unwrap();
        assert_eq!(
            refusal(server.admin(rename("staging", Some(2))).await).code(),
            "archived"
        );
        let operator = Server::operator_of("atlas");
        let refused = server
            .control
            .execute(&operator, rename("production", Some(1)))
            .await;
        assert_eq!(refusal(refused).code(), "forbidden");
    }
}
