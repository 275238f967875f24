//! Creates a module, `old_only` in every environment.

use domain::{Key, Module, ModuleStatus, Permission, PhaseNumber, Refusal};
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::modules;

/// A module to be created.
#[derive(Debug, Clone)]
pub struct CreateModule {
    /// The migration.
    pub migration: Key,
    /// Its key, never used before in the migration.
    pub key: Key,
    /// What people call it.
    pub name: String,
    /// The phase it moves in.
    pub phase: Option<PhaseNumber>,
    /// User or team; may be empty.
    pub owner: String,
    /// Where old code is; may be empty.
    pub old_path: String,
    /// Where new code is; may be empty.
    pub new_path: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreateModule {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "module.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: None,
            targets: vec![self.key.to_string()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let aim = self.aim();
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let module = Module {
            name: input.name("name", &self.name),
            owner: input.text("owner", &self.owner),
            old_path: input.text("old_path", &self.old_path),
            new_path: input.text("new_path", &self.new_path),
            phase: self.phase,
            status: ModuleStatus::Active,
            version: 1,
            key: self.key,
        };
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let phase_id = match self.phase {
            None => None,
            Some(number) => Some(scope::open_phase(work, &migration, number).await?.id),
        };
        if modules::key_taken(work.connection, migration.id, &module.key).await? {
            return Err(Refusal::KeyTaken {
                what: "module".into(),
                key: module.key,
            }
            .into());
        }
        scope::room_for_modules(work, 1).await?;
        let snapshots = scope::open_environments(work, &migration).await?;
        work.make_revision();
        let (sequence, now) = (work.sequence, work.now);
        let id = modules::insert(
            work.connection,
            migration.id,
            &module,
            phase_id,
            sequence,
            now,
        )
        .await?;
        Ok(Effect {
            action: "module.create",
            aim,
            after: json!(module),
            reason,
            summary: format!("created the module {}", module.key),
            subject: Some(module.key.to_string()),
            version: Some(1),
            modules: vec![id],
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

    fn create(name: &str) -> CreateModule {
        CreateModule {
            migration: key("atlas"),
            key: key(name),
            name: "Memory".into(),
            phase: None,
            owner: "core".into(),
            old_path: "old/memory.py".into(),
            new_path: "new/memory.py".into(),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn a_new_module_serves_old_in_every_open_environment() {
        let server = Server::with_modules(&[]).await;
        server.environment("staging").await;
        let done = server.admin(create("memory")).await.unwrap();
        for environment in ["production", "staging"] {
            let published = server
                .control
                .snapshots()
                .get(&key("atlas"), &key(environment))
                .unwrap();
            let snapshot = published.set.snapshot();
            assert_eq!(Some(snapshot.revision.number), done.revision_number);
            assert_eq!(snapshot.flags.len(), 1);
            assert_eq!(snapshot.flags[0].state, FlagState::OLD_ONLY);
        }
    }

    #[tokio::test]
    async fn keys_phases_texts_and_roles_are_checked() {
        let server = Server::with_modules(&["a-b"]).await;
        assert_eq!(
            refusal(server.admin(create("a_b")).await).code(),
            "key-taken"
        );
        let lost = CreateModule {
            phase: Some(7),
            ..create("c")
        };
        assert_eq!(refusal(server.admin(lost).await).code(), "invalid");
        let wrong = CreateModule {
            name: String::new(),
            owner: "o".repeat(4_001),
            ..create("c")
        };
        let Refusal::Invalid { fields } = refusal(server.admin(wrong).await) else {
            panic!()
        };
        assert_eq!(fields.len(), 2);
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, create("c")).await).code(),
            "forbidden"
        );
        server.archive_migration().await;
        assert_eq!(refusal(server.admin(create("c")).await).code(), "archived");
    }
}
