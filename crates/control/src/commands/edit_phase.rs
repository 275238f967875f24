//! Edits a phase; its number stays.

use domain::schedule::phases::{Broken, PhaseDates, newly_broken};
use domain::{Key, Permission, Phase, PhaseNumber, Refusal};
use jiff::civil::Date;

use super::create_phase::aim;
use super::edited::Edited;
use super::input::Input;
use super::move_phase::{open_phases, overridden};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{dependencies, last_change, phases};

/// What is to change of a phase; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone)]
pub struct EditPhase {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub number: PhaseNumber,
    /// What people call it.
    pub name: Option<String>,
    /// First day, in the migration's zone.
    pub start: Option<Option<Date>>,
    /// Last day, inclusive.
    pub end: Option<Option<Date>>,
    /// How many modules it is to move.
    pub expected_modules: Option<Option<u32>>,
    /// Days it must stay stable before old code may go.
    pub validation_days: Option<Option<u32>>,
    /// Anything to know.
    pub notes: Option<String>,
    /// Lets phases begin before what they need has ended; the reason must say why.
    pub overriding: bool,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty unless overriding.
    pub reason: String,
}

impl Command for EditPhase {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "phase.edit"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.number))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = if self.overriding {
            input.reason(&self.reason)
        } else {
            input.optional_reason(&self.reason)
        };
        let name = self.name.as_ref().map(|name| input.name("name", name));
        let notes = self.notes.as_ref().map(|notes| input.text("notes", notes));
        input.expected_modules(self.expected_modules.flatten());
        input.validation_days(self.validation_days.flatten());
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::phase(work, &migration, self.number).await?;
        let what = format!("Phase {}", self.number);
        if record.phase.archived_at.is_some() {
            return Err(Refusal::Archived { what }.into());
        }
        let changed = last_change::of_phase(work.connection, &self.migration, self.number).await?;
        scope::expect_version(work, &what, self.expected, record.phase.version, changed).await?;
        let mut phase = record.phase.clone();
        let mut edited = Edited::default();
        edited.set("name", &mut phase.name, name);
        edited.set("start", &mut phase.start, self.start);
        edited.set("end", &mut phase.end, self.end);
        edited.set(
            "expected_modules",
            &mut phase.expected_modules,
            self.expected_modules,
        );
        edited.set(
            "validation_days",
            &mut phase.validation_days,
            self.validation_days,
        );
        edited.set("notes", &mut phase.notes, notes);
        let mut window = Input::default();
        window.window(phase.start, phase.end);
        window.finish()?;
        edited.refuse_no_change(work, &what, changed).await?;
        let broken = breaks(work, migration.id, &phase).await?;
        if !broken.is_empty() && !self.overriding {
            return Err(Refusal::breaks_dependency(&broken).into());
        }
        phase.version += 1;
        phases::update(work.connection, record.id, &phase, work.sequence).await?;
        let summary = format!(
            "changed the {} of phase {}{}",
            edited.fields(),
            self.number,
            overridden(&broken)
        );
        let (before, after) = edited.into_values();
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before,
            after,
            reason,
            summary,
            subject: Some(self.number.to_string()),
            version: Some(phase.version),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

/// The dependencies that a phase as it is to be would break, or break further.
async fn breaks(
    work: &mut Work<'_>,
    migration_id: i64,
    phase: &Phase,
) -> Result<Vec<Broken>, Stopped> {
    let needs = dependencies::of_migration(work.connection, migration_id).await?;
    let all = open_phases(work, migration_id).await?;
    let before: Vec<PhaseDates> = all
        .iter()
        .filter_map(|record| PhaseDates::of(&record.phase))
        .collect();
    let others = before.iter().filter(|dates| dates.phase != phase.number);
    let after: Vec<PhaseDates> = others.copied().chain(PhaseDates::of(phase)).collect();
    Ok(newly_broken((&before, &needs), (&after, &needs)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Server, key, refusal};

    fn edit(expected: Option<i64>) -> EditPhase {
        EditPhase {
            migration: key("atlas"),
            number: 1,
            name: None,
            start: None,
            end: None,
            expected_modules: None,
            validation_days: None,
            notes: None,
            overriding: false,
            expected,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn the_entry_holds_exactly_what_changed() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(1).await;
        let command = EditPhase {
            start: Some(Some("2026-11-30".parse().unwrap())),
            notes: Some("moved by a week".into()),
            ..edit(Some(1))
        };
        let done = server.admin(command).await.unwrap();
        assert_eq!((done.version, done.revision), (Some(2), None));
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.before, json!({ "start": null, "notes": "" }));
        assert_eq!(
            entry.after,
            json!({ "start": "2026-11-30", "notes": "moved by a week" })
        );
        // An end before the start that is already there.
        let backwards = EditPhase {
            end: Some(Some("2026-11-29".parse().unwrap())),
            ..edit(Some(2))
        };
        assert_eq!(refusal(server.admin(backwards).await).code(), "invalid");
    }

    #[tokio::test]
    async fn who_comes_second_is_shown_who_came_first() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(1).await;
        server.phase(11).await;
        let rename = |expected| EditPhase {
            name: Some("Core".into()),
            ..edit(expected)
        };
        let first = server.admin(rename(Some(1))).await.unwrap().sequence;
        let stale = refusal(server.admin(rename(Some(1))).await);
        assert_eq!(
            (stale.code(), stale.other_change().unwrap().sequence),
            ("stale", first)
        );
        let same = refusal(server.admin(rename(Some(2))).await);
        assert_eq!(
            (same.code(), same.other_change().unwrap().sequence),
            ("no-change", first)
        );
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        server.phase(1).await;
        let rename = |expected| EditPhase {
            name: Some("Core".into()),
            ..edit(expected)
        };
        assert_eq!(
            refusal(server.admin(rename(None)).await).code(),
            "version-required"
        );
        let absent = EditPhase {
            number: 2,
            ..rename(Some(1))
        };
        assert_eq!(refusal(server.admin(absent).await).code(), "not-found");
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, rename(Some(1))).await).code(),
            "forbidden"
        );
        let archive = crate::commands::ArchivePhase {
            migration: key("atlas"),
            number: 1,
            expected: Some(1),
            reason: "merged".into(),
        };
        server.admin(archive).await.unwrap();
        assert_eq!(
            refusal(server.admin(rename(Some(2))).await).code(),
            "archived"
        );
    }
}
