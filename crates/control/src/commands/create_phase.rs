//! Creates a phase: an ordered window of civil dates.

use domain::{Key, Permission, Phase, PhaseNumber, Refusal};
use jiff::civil::Date;
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{StoreError, phases};

/// Highest number of a phase.
pub(super) const MAX_PHASE: PhaseNumber = 10_000;

/// A phase to be created.
#[derive(Debug, Clone)]
pub struct CreatePhase {
    /// The migration.
    pub migration: Key,
    /// Its place, never used before; the one after the last without it.
    pub number: Option<PhaseNumber>,
    /// What people call it.
    pub name: String,
    /// First day, in the migration's zone.
    pub start: Option<Date>,
    /// Last day, inclusive.
    pub end: Option<Date>,
    /// How many modules it is to move.
    pub expected_modules: Option<u32>,
    /// Days it must stay stable before old code may go.
    pub validation_days: Option<u32>,
    /// Anything to know; may be empty.
    pub notes: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreatePhase {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "phase.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, self.number)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let name = input.name("name", &self.name);
        let notes = input.text("notes", &self.notes);
        input.window(self.start, self.end);
        input.expected_modules(self.expected_modules);
        input.validation_days(self.validation_days);
        let within = self
            .number
            .is_none_or(|number| (1..=MAX_PHASE).contains(&number));
        input.require(within, "number", "Phases are numbered from 1 to 10000.");
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let number = free_number(work, migration.id, self.number).await?;
        let phase = Phase {
            number,
            name,
            start: self.start,
            end: self.end,
            expected_modules: self.expected_modules,
            validation_days: self.validation_days,
            overrun_days: 0,
            same_process: false,
            notes,
            archived_at: None,
            version: 1,
        };
        phases::insert(
            work.connection,
            migration.id,
            &phase,
            work.sequence,
            work.now,
        )
        .await?;
        Ok(Effect {
            action: "phase.create",
            aim: aim(&self.migration, Some(number)),
            after: json!(phase),
            reason,
            summary: format!("created phase {number}, {}", phase.name),
            subject: Some(number.to_string()),
            version: Some(1),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

/// A phase as target of an entry.
pub(super) fn target(number: PhaseNumber) -> String {
    format!("phase {number}")
}

/// Where a command about a phase aims.
pub(super) fn aim(migration: &Key, number: Option<PhaseNumber>) -> Aim {
    Aim {
        migration: Some(migration.clone()),
        environment: None,
        targets: number.map(target).into_iter().collect(),
    }
}

async fn free_number(
    work: &mut Work<'_>,
    migration_id: i64,
    wanted: Option<PhaseNumber>,
) -> Result<PhaseNumber, Stopped> {
    let taken: Vec<PhaseNumber> = phases::of_migration(work.connection, migration_id)
        .await?
        .iter()
        .map(|record| record.phase.number)
        .collect();
    match wanted {
        Some(number) if taken.contains(&number) => {
            let key = Key::parse(&number.to_string())
                .map_err(|error| StoreError::corrupt("phases", error))?;
            Err(Refusal::KeyTaken {
                what: "phase".into(),
                key,
            }
            .into())
        }
        Some(number) => Ok(number),
        None => match taken.last().map_or(1, |last| last.saturating_add(1)) {
            number if number <= MAX_PHASE => Ok(number),
            _ => Err(Refusal::field(
                "number",
                "There is no number after the last phase: choose a free one.",
            )
            .into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn create(number: Option<u32>) -> CreatePhase {
        CreatePhase {
            migration: key("atlas"),
            number,
            name: "Core".into(),
            start: Some("2026-11-23".parse().unwrap()),
            end: Some("2026-12-06".parse().unwrap()),
            expected_modules: Some(3),
            validation_days: Some(14),
            notes: String::new(),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn phases_are_numbered_on_and_numbers_are_never_reused() {
        let server = Server::with_modules(&["a"]).await;
        assert_eq!(
            server.admin(create(None)).await.unwrap().subject.as_deref(),
            Some("1")
        );
        let done = server.admin(create(Some(5))).await.unwrap();
        assert_eq!((done.subject.as_deref(), done.revision), (Some("5"), None));
        assert_eq!(
            server.admin(create(None)).await.unwrap().subject.as_deref(),
            Some("6")
        );
        assert_eq!(
            refusal(server.admin(create(Some(5))).await).code(),
            "key-taken"
        );
        let archive = crate::commands::ArchivePhase {
            migration: key("atlas"),
            number: 6,
            expected: Some(1),
            reason: "merged".into(),
        };
        server.admin(archive).await.unwrap();
        assert_eq!(
            refusal(server.admin(create(Some(6))).await).code(),
            "key-taken"
        );
        assert_eq!(
            server.admin(create(None)).await.unwrap().subject.as_deref(),
            Some("7")
        );
        server.admin(create(Some(10_000))).await.unwrap();
        assert_eq!(refusal(server.admin(create(None)).await).code(), "invalid");
    }

    #[tokio::test]
    async fn windows_and_numbers_are_checked() {
        let server = Server::with_modules(&["a"]).await;
        let wrong = CreatePhase {
            number: Some(0),
            name: String::new(),
            start: Some("2026-12-07".parse().unwrap()),
            expected_modules: Some(20_000),
            validation_days: Some(9_999),
            notes: "n".repeat(4_001),
            ..create(None)
        };
        let Refusal::Invalid { fields } = refusal(server.admin(wrong).await) else {
            panic!()
        };
        let mut names: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "end",
                "expected_modules",
                "name",
                "notes",
                "number",
                "validation_days"
            ]
        );
        let early = CreatePhase {
            start: Some("1969-12-31".parse().unwrap()),
            ..create(None)
        };
        assert_eq!(refusal(server.admin(early).await).code(), "invalid");
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, create(None)).await).code(),
            "forbidden"
        );
        server.archive_migration().await;
        assert_eq!(refusal(server.admin(create(None)).await).code(), "archived");
    }
}
