//! Puts a module away: it leaves the snapshots, and callers fall back to old.

use domain::{Key, Module, ModuleStatus, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::{in_use, scope};
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, flags, modules};

/// A module to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveModule {
    /// The migration.
    pub migration: Key,
    /// Which; it must serve old to everybody, everywhere.
    pub module: Key,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveModule {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "module.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.migration.clone()),
            environment: None,
            targets: vec![self.module.to_string()],
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = modules::by_key(work.connection, migration.id, &self.module)
            .await?
            .ok_or_else(|| Refusal::not_found("module", self.module.as_str()))?;
        let changed = record.changed_sequence;
        if record.module.status == ModuleStatus::Archived {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("The module {} is archived already.", self.module);
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let what = format!("Module {}", self.module);
        scope::expect_version(work, &what, self.expected, record.module.version, changed).await?;
        let serving = flags::serving_new(work.connection, migration.id).await?;
        in_use::refuse_module(&self.module, &serving)?;
        let snapshots = scope::open_environments(work, &migration).await?;
        work.make_revision();
        let before = record.module.status;
        let module = Module {
            status: ModuleStatus::Archived,
            version: record.module.version + 1,
            ..record.module
        };
        scope::update_module(work, &migration, record.id, &module).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "status": before }),
            after: json!({ "status": module.status }),
            reason,
            summary: format!("archived the module {}", self.module),
            subject: Some(self.module.to_string()),
            version: Some(module.version),
            modules: vec![record.id],
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

    fn archive(module: &str, expected: Option<i64>) -> ArchiveModule {
        ArchiveModule {
            migration: key("atlas"),
            module: key(module),
            expected,
            reason: "not needed".into(),
        }
    }

    #[tokio::test]
    async fn it_leaves_the_snapshots_and_keeps_its_key() {
        let server = Server::with_modules(&["a", "b"]).await;
        let done = server.admin(archive("a", Some(1))).await.unwrap();
        let published = server
            .control
            .snapshots()
            .get(&key("atlas"), &key("production"))
            .unwrap();
        let snapshot = published.set.snapshot();
        assert_eq!(Some(snapshot.revision.number), done.revision_number);
        let modules: Vec<&str> = snapshot
            .flags
            .iter()
            .map(|flag| flag.module.as_str())
            .collect();
        assert_eq!(modules, ["b"]);
        assert_eq!(refusal(server.try_module("a").await).code(), "key-taken");
        let again = refusal(server.admin(archive("a", Some(2))).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().sequence),
            ("no-change", done.sequence)
        );
    }

    #[tokio::test]
    async fn one_that_serves_new_to_anyone_stays_and_says_what_to_do() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        server.set_in("staging", "a", Server::percent(10)).await;
        let refused = refusal(server.admin(archive("a", Some(2))).await);
        assert_eq!(refused.code(), "in-use");
        assert!(
            refused
                .to_string()
                .contains("serves new in staging. Roll it back first"),
            "{refused}"
        );
        server
            .set_in("staging", "a", FlagState::BOTH_VALIDATE)
            .await;
        server.admin(archive("a", Some(3))).await.unwrap();
    }

    #[tokio::test]
    async fn a_retired_module_stays_on_record() {
        let server = Server::with_modules(&["a"]).await;
        server.set("a", FlagState::NEW_ONLY).await;
        server.retire("a").await;
        let refused = refusal(server.admin(archive("a", Some(3))).await);
        assert_eq!(refused.code(), "in-use");
        assert!(refused.to_string().contains("retired"), "{refused}");
    }

    #[tokio::test]
    async fn it_needs_a_reason_a_version_and_something_there() {
        let server = Server::with_modules(&["a"]).await;
        assert_eq!(
            refusal(server.admin(archive("a", None)).await).code(),
            "version-required"
        );
        assert_eq!(
            refusal(server.admin(archive("a", Some(2))).await).code(),
            "stale"
        );
        assert_eq!(
            refusal(server.admin(archive("z", Some(1))).await).code(),
            "not-found"
        );
        let silent = ArchiveModule {
            reason: String::new(),
            ..archive("a", Some(1))
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
    }
}
