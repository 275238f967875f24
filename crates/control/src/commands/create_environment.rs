//! Creates an environment in which every module is `old_only`.

use domain::{Environment, Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::environments;

/// Most environments of a migration, archived ones too: each has a flag for every module.
const MAX_ENVIRONMENTS: usize = 50;

/// An environment to be created.
#[derive(Debug, Clone)]
pub struct CreateEnvironment {
    /// The migration.
    pub migration: Key,
    /// Its key, never used before in the migration.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreateEnvironment {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "environment.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: Some(self.key.clone()),
            targets: vec![self.key.to_string()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let aim = self.aim();
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let name = input.name("name", &self.name);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let others = environments::of_migration(work.connection, migration.id).await?;
        let folded = self.key.folded();
        if others
            .iter()
            .any(|other| other.environment.key.folded() == folded)
        {
            return Err(Refusal::KeyTaken {
                what: "environment".into(),
                key: self.key,
            }
            .into());
        }
        if others.len() >= MAX_ENVIRONMENTS {
            let message = format!(
                "A migration has at most {MAX_ENVIRONMENTS} environments, archived ones too."
            );
            return Err(Refusal::field("key", message).into());
        }
        let environment = Environment {
            key: self.key,
            name,
            deciding: false,
            kill_switch: false,
            revision: work.make_revision(),
            archived_at: None,
            version: 1,
        };
        let id =
            environments::insert(work.connection, migration.id, &environment, work.now).await?;
        Ok(Effect {
            action: "environment.create",
            aim,
            after: json!({ "key": environment.key, "name": environment.name }),
            reason,
            summary: format!("created the environment {}", environment.key),
            subject: Some(environment.key.to_string()),
            version: Some(1),
            topics: vec![Topic::Structure],
            snapshots: vec![id],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn create(name: &str) -> CreateEnvironment {
        CreateEnvironment {
            migration: key("atlas"),
            key: key(name),
            name: name.into(),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn a_new_environment_serves_old_whatever_production_does() {
        let server = Server::with_modules(&["a", "b"]).await;
        server.set("a", FlagState::NEW_ONLY).await;
        let done = server.admin(create("staging")).await.unwrap();
        let published = server
            .control
            .snapshots()
            .get(&key("atlas"), &key("staging"))
            .unwrap();
        assert_eq!(
            Some(published.set.snapshot().revision.number),
            done.revision_number
        );
        assert!(!published.deciding);
        let states: Vec<FlagState> = published
            .set
            .snapshot()
            .flags
            .iter()
            .map(|flag| flag.state)
            .collect();
        assert_eq!(states, [FlagState::OLD_ONLY; 2]);
    }

    #[tokio::test]
    async fn keys_names_roles_and_places_are_checked() {
        let server = Server::with_modules(&["a"]).await;
        server.admin(create("stag-ing")).await.unwrap();
        assert_eq!(
            refusal(server.admin(create("stag_ing")).await).code(),
            "key-taken"
        );
        assert_eq!(
            refusal(server.admin(create("production")).await).code(),
            "key-taken"
        );
        let nameless = CreateEnvironment {
            name: String::new(),
            ..create("test")
        };
        assert_eq!(refusal(server.admin(nameless).await).code(), "invalid");
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, create("test")).await).code(),
            "forbidden"
        );
        for number in 2..MAX_ENVIRONMENTS {
            server.admin(create(&format!("e{number}"))).await.unwrap();
        }
        assert_eq!(
            refusal(server.admin(create("one-more")).await).code(),
            "invalid"
        );
        server.archive_migration().await;
        assert_eq!(
            refusal(server.admin(create("test")).await).code(),
            "archived"
        );
    }
}
