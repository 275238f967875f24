//! Edits a module: name, phase, owner, paths. Its flags do not move.

use domain::{Key, Permission, PhaseNumber};

use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;

/// What is to change of a module; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct EditModule {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub module: Key,
    /// What people call it.
    pub name: Option<String>,
    /// The phase it moves in; `Some(None)` takes it out of any.
    pub phase: Option<Option<PhaseNumber>>,
    /// User or team.
    pub owner: Option<String>,
    /// Where old code is.
    pub old_path: Option<String>,
    /// Where new code is.
    pub new_path: Option<String>,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for EditModule {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "module.edit"
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
        let reason = input.optional_reason(&self.reason);
        let name = self.name.as_ref().map(|name| input.name("name", name));
        let owner = self.owner.as_ref().map(|owner| input.text("owner", owner));
        let old_path = self
            .old_path
            .as_ref()
            .map(|path| input.text("old_path", path));
        let new_path = self
            .new_path
            .as_ref()
            .map(|path| input.text("new_path", path));
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::open_module(work, &migration, &self.module).await?;
        let what = format!("Module {}", self.module);
        let (version, changed) = (record.module.version, record.changed_sequence);
        scope::expect_version(work, &what, self.expected, version, changed).await?;
        let mut module = record.module;
        let mut edited = Edited::default();
        if let Some(Some(number)) = self.phase
            && module.phase != Some(number)
        {
            scope::open_phase(work, &migration, number).await?;
        }
        edited.set("name", &mut module.name, name);
        let phase = module.phase;
        edited.set("phase", &mut module.phase, self.phase);
        edited.set("owner", &mut module.owner, owner);
        edited.set("old_path", &mut module.old_path, old_path);
        edited.set("new_path", &mut module.new_path, new_path);
        edited.refuse_no_change(work, &what, changed).await?;
        module.version += 1;
        scope::update_module(work, &migration, record.id, &module).await?;
        // The phase is kept with the snapshots, though no flag changes: no revision is made.
        let snapshots = if module.phase == phase {
            Vec::new()
        } else {
            scope::open_environments(work, &migration).await?
        };
        let summary = format!("changed the {} of {}", edited.fields(), self.module);
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before,
            after,
            reason,
            summary,
            subject: Some(self.module.to_string()),
            version: Some(module.version),
            modules: vec![record.id],
            topics: vec![Topic::Structure],
            snapshots,
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{FlagState, Refusal};
    use serde_json::json;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn edit(expected: Option<i64>) -> EditModule {
        EditModule {
            migration: key("atlas"),
            module: key("a"),
            name: None,
            phase: None,
            owner: None,
            old_path: None,
            new_path: None,
            expected,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn the_entry_holds_exactly_what_changed_and_flags_stay() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(2).await;
        let revision = server.control.revision();
        let command = EditModule {
            phase: Some(Some(2)),
            owner: Some(" core ".into()),
            name: Some("a".into()),
            ..edit(Some(1))
        };
        let done = server.admin(command).await.unwrap();
        assert_eq!(
            (done.version, server.control.revision()),
            (Some(2), revision)
        );
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.before, json!({ "phase": null, "owner": "" }));
        assert_eq!(entry.after, json!({ "phase": 2, "owner": "core" }));
    }

    #[tokio::test]
    async fn a_flag_change_in_between_makes_an_edit_stale() {
        let server = Server::with_modules(&["a"]).await;
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let rename = EditModule {
            name: Some("B".into()),
            ..edit(Some(1))
        };
        let Refusal::Stale { other, .. } = refusal(server.admin(rename).await) else {
            panic!()
        };
        assert_eq!(other.unwrap().action, "flag.set");
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let rename = |expected| EditModule {
            name: Some("B".into()),
            ..edit(expected)
        };
        assert_eq!(
            refusal(server.admin(rename(None)).await).code(),
            "version-required"
        );
        let absent = EditModule {
            module: key("z"),
            ..rename(Some(1))
        };
        assert_eq!(refusal(server.admin(absent).await).code(), "not-found");
        let lost = EditModule {
            phase: Some(Some(9)),
            ..edit(Some(1))
        };
        assert_eq!(refusal(server.admin(lost).await).code(), "invalid");
        let same = EditModule {
            name: Some("a".into()),
            phase: Some(None),
            ..edit(Some(1))
        };
        assert_eq!(refusal(server.admin(same).await).code(), "no-change");
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, rename(Some(1))).await).code(),
            "forbidden"
        );
        server.archive_module("a").await;
        assert_eq!(
            refusal(server.admin(rename(Some(2))).await).code(),
            "archived"
        );
    }
}
