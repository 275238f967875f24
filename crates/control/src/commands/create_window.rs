//! Creates a freeze or a change window.

use domain::schedule::recurrence::Recurrence;
use domain::schedule::windows::{Scope, Window, WindowKind};
use domain::{Key, Permission, Refusal};
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::migrations::MigrationRecord;
use crate::store::windows::{self, ScopeIds};

/// A window as it is asked for. Times are civil, in the migration's zone.
#[derive(Debug, Clone)]
pub struct WindowInput {
    /// What people call it.
    pub name: String,
    /// Whether promotions are refused inside it, or outside of it.
    pub kind: WindowKind,
    /// Which modules it is about.
    pub scope: Scope,
    /// When it begins.
    pub starts: DateTime,
    /// When it ends; this minute is outside.
    pub ends: DateTime,
    /// A rule of RFC 5545 by which it comes again; empty for once.
    pub recurrence: String,
}

impl WindowInput {
    /// A window as it is.
    pub(super) fn of(window: &Window) -> Self {
        Self {
            name: window.name().to_owned(),
            kind: window.kind(),
            scope: window.scope().clone(),
            starts: window.starts(),
            ends: window.ends(),
            recurrence: window
                .recurrence()
                .map_or("", Recurrence::as_str)
                .to_owned(),
        }
    }

    /// The window, when everything about it can be taken.
    pub(super) fn check(&self) -> Result<Window, Refusal> {
        let recurrence = match self.recurrence.trim() {
            "" => None,
            rule => Some(
                Recurrence::parse(rule)
                    .map_err(|error| Refusal::field("recurrence", error.to_string()))?,
            ),
        };
        let scope = self.scope.clone();
        Window::new(
            &self.name,
            self.kind,
            scope,
            self.starts,
            self.ends,
            recurrence,
        )
    }

    /// The rows it is about, which must be there and open.
    pub(super) async fn rows(
        &self,
        work: &mut Work<'_>,
        migration: &MigrationRecord,
    ) -> Result<ScopeIds, Stopped> {
        Ok(match &self.scope {
            Scope::Migration => ScopeIds::default(),
            Scope::Phase(number) => ScopeIds {
                phase: Some(scope::open_phase(work, migration, *number).await?.id),
                module: None,
            },
            Scope::Module(key) => ScopeIds {
                phase: None,
                module: Some(scope::open_module(work, migration, key).await?.id),
            },
        })
    }
}

/// A window to be created.
#[derive(Debug, Clone)]
pub struct CreateWindow {
    /// The migration.
    pub migration: Key,
    /// What it is to be.
    pub window: WindowInput,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreateWindow {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "window.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.finish()?;
        let window = self.window.check()?;
        let migration = scope::migration(work, &self.migration).await?;
        let rows = self.window.rows(work, &migration).await?;
        let (sequence, now) = (work.sequence, work.now);
        let id =
            windows::insert(work.connection, migration.id, &window, rows, sequence, now).await?;
        Ok(Effect {
            action: "window.create",
            aim: aim(&self.migration, id),
            after: fields(&window),
            reason,
            summary: format!(
                "created {} {:?}, {}",
                window.kind().words(),
                window.name(),
                times(&window)
            ),
            subject: Some(id.to_string()),
            version: Some(1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

/// Where a command about a window aims.
pub(super) fn aim(migration: &Key, id: i64) -> Aim {
    Aim {
        migration: Some(migration.clone()),
        environment: None,
        targets: vec![format!("window {id}")],
    }
}

/// What an entry keeps of a window.
pub(super) fn fields(window: &Window) -> Value {
    json!({
        "name": window.name(),
        "kind": window.kind(),
        "scope": window.scope(),
        "starts": window.starts().to_string(),
        "ends": window.ends().to_string(),
        "recurrence": window.recurrence().map_or("", Recurrence::as_str),
    })
}

fn times(window: &Window) -> String {
    let written = |at: DateTime| at.strftime("%Y-%m-%d %H:%M").to_string();
    let again = window
        .recurrence()
        .map_or_else(String::new, |rule| format!(", again by {}", rule.as_str()));
    format!(
        "{} to {}{again}",
        written(window.starts()),
        written(window.ends())
    )
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::commands::{ArchiveWindow, EditWindow};
    use crate::testing::{START, Server, key, refusal};

    fn freeze(starts: &str, ends: &str) -> CreateWindow {
        CreateWindow {
            migration: key("atlas"),
            window: WindowInput {
                name: "Black Friday".into(),
                kind: WindowKind::Freeze,
                scope: Scope::Migration,
                starts: starts.parse().unwrap(),
                ends: ends.parse().unwrap(),
                recurrence: String::new(),
            },
            reason: String::new(),
        }
    }

    /// The clock of tests stands at 2026-11-22 14:00 UTC.
    fn on_now() -> CreateWindow {
        freeze("2026-11-22T12:00", "2026-11-30T08:00")
    }

    #[tokio::test]
    async fn a_freeze_refuses_promotions_says_until_when_and_never_a_rollback() {
        let server = Server::with_modules(&["a", "b"]).await;
        server.set("a", FlagState::BOTH_VALIDATE).await;
        server.admin(on_now()).await.unwrap();
        let refused = refusal(server.try_set("b", FlagState::BOTH_VALIDATE).await);
        assert_eq!(refused.code(), "closed");
        assert!(
            refused
                .to_string()
                .contains("\"Black Friday\" is on for b until Mon 30 Nov 2026 08:00 UTC"),
            "{refused}"
        );
        server.set("a", FlagState::OLD_ONLY).await;
        server
            .control
            .clock()
            .step(domain::Timestamp(1_796_025_600_000).since(START));
        server.set("b", FlagState::BOTH_VALIDATE).await;
    }

    #[tokio::test]
    async fn a_window_is_about_what_it_names() {
        let server = Server::with_modules(&["a", "b"]).await;
        let mut of_b = on_now();
        of_b.window.scope = Scope::Module(key("b"));
        server.admin(of_b).await.unwrap();
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let refused = refusal(server.try_set("b", FlagState::BOTH_VALIDATE).await);
        assert_eq!(refused.code(), "closed");
    }

    #[tokio::test]
    async fn outside_of_change_windows_nothing_is_promoted() {
        let server = Server::with_modules(&["a"]).await;
        let mut window = freeze("2026-11-23T09:00", "2026-11-23T16:00");
        window.window.kind = WindowKind::Change;
        window.window.recurrence = "FREQ=DAILY;COUNT=5".into();
        server.admin(window).await.unwrap();
        let refused = refusal(server.try_set("a", FlagState::BOTH_VALIDATE).await);
        assert!(
            refused.to_string().contains("Mon 23 Nov 2026 09:00 UTC"),
            "{refused}"
        );
        server.control.clock().step(20 * 3_600_000);
        server.set("a", FlagState::BOTH_VALIDATE).await;
    }

    #[tokio::test]
    async fn resuming_waits_for_the_freeze_unless_it_brings_nothing_back() {
        let server = Server::with_modules(&["a"]).await;
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let pressed = crate::commands::PressKillSwitch {
            migration: key("atlas"),
            environment: None,
            reason: "a test".into(),
        };
        server.admin(pressed).await.unwrap();
        server.admin(on_now()).await.unwrap();
        let resume = |digest: Option<String>, from_old| crate::commands::Resume {
            migration: key("atlas"),
            environment: None,
            digest,
            from_old,
            reason: "a test".into(),
        };
        let (control, atlas) = (&server.control, key("atlas"));
        let view = crate::queries::resume(control, &Server::root(), &atlas, None).await;
        let digest = view.unwrap().digest;
        let refused = refusal(server.admin(resume(Some(digest), false)).await);
        assert_eq!(refused.code(), "closed");
        server.admin(resume(None, true)).await.unwrap();
    }

    #[tokio::test]
    async fn windows_are_edited_by_version_and_put_away() {
        let server = Server::with_modules(&["a"]).await;
        let created = server.admin(on_now()).await.unwrap();
        let id: i64 = created.subject.unwrap().parse().unwrap();
        let edit = |expected| EditWindow {
            migration: key("atlas"),
            id,
            window: WindowInput {
                ends: "2026-11-22T13:00".parse().unwrap(),
                ..on_now().window
            },
            expected,
            reason: String::new(),
        };
        assert_eq!(
            refusal(server.admin(edit(None)).await).code(),
            "version-required"
        );
        let edited = server.admin(edit(Some(1))).await.unwrap();
        assert_eq!(edited.version, Some(2));
        let entry = server.entry(edited.sequence).await;
        assert_eq!(entry.before, json!({ "ends": "2026-11-30T08:00:00" }));
        let stale = refusal(server.admin(edit(Some(1))).await);
        assert_eq!(stale.other_change().unwrap().sequence, edited.sequence);
        assert_eq!(
            refusal(server.admin(edit(Some(2))).await).code(),
            "no-change"
        );
        // It has ended an hour ago.
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let archive = |expected| ArchiveWindow {
            migration: key("atlas"),
            id,
            expected,
            reason: "over".into(),
        };
        server.admin(archive(Some(2))).await.unwrap();
        assert_eq!(
            refusal(server.admin(archive(Some(3))).await).code(),
            "no-change"
        );
        assert_eq!(
            refusal(server.admin(edit(Some(3))).await).code(),
            "archived"
        );
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let code = async |command: CreateWindow| refusal(server.admin(command).await).code();
        let backwards = freeze("2026-11-30T08:00", "2026-11-22T12:00");
        assert_eq!(code(backwards).await, "invalid");
        let mut endless = on_now();
        endless.window.recurrence = "FREQ=WEEKLY".into();
        assert_eq!(code(endless).await, "invalid");
        let mut nowhere = on_now();
        nowhere.window.scope = Scope::Module(key("z"));
        assert_eq!(code(nowhere).await, "not-found");
        let mut no_phase = on_now();
        no_phase.window.scope = Scope::Phase(9);
        assert_eq!(code(no_phase).await, "invalid");
        let operator = Server::operator_of("atlas");
        let refused = refusal(server.control.execute(&operator, on_now()).await);
        assert_eq!(refused.code(), "forbidden");
    }
}
