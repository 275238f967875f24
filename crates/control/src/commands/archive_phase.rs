//! Puts a phase away. Modules that still move in it must leave it first.

use domain::{Key, ModuleStatus, Permission, PhaseNumber, Refusal};
use serde_json::json;

use super::create_phase::aim;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, last_change, modules, phases};

/// A phase to be put away.
#[derive(Debug, Clone)]
pub struct ArchivePhase {
    /// The migration.
    pub migration: Key,
    /// Which; no active module may be in it.
    pub number: PhaseNumber,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchivePhase {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "phase.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.number))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let what = format!("Phase {}", self.number);
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::phase(work, &migration, self.number).await?;
        let mut phase = record.phase;
        let changed = last_change::of_phase(work.connection, &self.migration, self.number).await?;
        if phase.archived_at.is_some() {
            let other = audit::other_change(work.connection, changed).await?;
            return Err(Refusal::NoChange {
                summary: format!("{what} is archived already."),
                other,
            }
            .into());
        }
        scope::expect_version(work, &what, self.expected, phase.version, changed).await?;
        refuse_with_modules(work, &what, migration.id, self.number).await?;
        phase.archived_at = Some(work.now);
        phase.version += 1;
        phases::update(work.connection, record.id, &phase, work.sequence).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "archived_at": null }),
            after: json!({ "archived_at": phase.archived_at }),
            reason,
            summary: format!("archived phase {}, {}", self.number, phase.name),
            subject: Some(self.number.to_string()),
            version: Some(phase.version),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

async fn refuse_with_modules(
    work: &mut Work<'_>,
    what: &str,
    migration_id: i64,
    number: PhaseNumber,
) -> Result<(), Stopped> {
    let all = modules::of_migration(work.connection, migration_id).await?;
    let moving = |module: &domain::Module| {
        module.phase == Some(number) && module.status == ModuleStatus::Active
    };
    let count = all.iter().filter(|record| moving(&record.module)).count();
    if count == 0 {
        return Ok(());
    }
    let are = if count == 1 {
        "1 active module is".into()
    } else {
        format!("{count} active modules are")
    };
    let why = format!("{are} in it. Move them to another phase, retire or archive them first.");
    Err(Refusal::InUse {
        what: what.to_owned(),
        why,
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn archive(expected: Option<i64>) -> ArchivePhase {
        ArchivePhase {
            migration: key("atlas"),
            number: 1,
            expected,
            reason: "merged".into(),
        }
    }

    #[tokio::test]
    async fn a_phase_with_active_modules_stays() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(1).await;
        server.move_to_phase("a", Some(1)).await;
        let refused = refusal(server.admin(archive(Some(1))).await);
        assert_eq!(refused.code(), "in-use");
        assert!(refused.to_string().contains("1 active module"), "{refused}");
        server.move_to_phase("a", None).await;
        server.admin(archive(Some(1))).await.unwrap();
        let again = refusal(server.admin(archive(Some(2))).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().action.as_str()),
            ("no-change", "phase.archive")
        );
    }

    #[tokio::test]
    async fn it_needs_a_reason_a_version_and_something_there() {
        let server = Server::with_modules(&["a"]).await;
        assert_eq!(
            refusal(server.admin(archive(Some(1))).await).code(),
            "not-found"
        );
        server.phase(1).await;
        assert_eq!(
            refusal(server.admin(archive(None)).await).code(),
            "version-required"
        );
        assert_eq!(
            refusal(server.admin(archive(Some(2))).await).code(),
            "stale"
        );
        let silent = ArchivePhase {
            reason: String::new(),
            ..archive(Some(1))
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
    }
}
