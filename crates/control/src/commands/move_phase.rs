//! Moves a phase on the calendar, and, when asked, what waits for it.

use domain::schedule::phases::{Broken, Following, Moves, PhaseDates, move_phase};
use domain::{Key, Permission, PhaseNumber, Refusal};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::create_phase::target;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::phases::PhaseRecord;
use crate::store::{audit, dependencies, last_change, phases};

/// New dates for a phase.
#[derive(Debug, Clone)]
pub struct MovePhase {
    /// The migration.
    pub migration: Key,
    /// Which.
    pub number: PhaseNumber,
    /// Its first day, in the migration's zone.
    pub start: Date,
    /// Its last day, inclusive.
    pub end: Date,
    /// What the phases that need it do.
    pub following: Following,
    /// Lets it begin before what it needs has ended; the reason must say why.
    pub overriding: bool,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty unless overriding.
    pub reason: String,
}

impl Command for MovePhase {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "phase.move"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        super::create_phase::aim(&self.migration, Some(self.number))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = if self.overriding {
            input.reason(&self.reason)
        } else {
            input.optional_reason(&self.reason)
        };
        input.window(Some(self.start), Some(self.end));
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = scope::phase(work, &migration, self.number).await?;
        let what = format!("Phase {}", self.number);
        if record.phase.archived_at.is_some() {
            return Err(Refusal::Archived { what }.into());
        }
        let changed = last_change::of_phase(work.connection, &self.migration, self.number).await?;
        let version = record.phase.version;
        scope::expect_version(work, &what, self.expected, version, changed).await?;
        let all = open_phases(work, migration.id).await?;
        let needs = dependencies::of_migration(work.connection, migration.id).await?;
        let dates: Vec<PhaseDates> = all
            .iter()
            .filter_map(|record| PhaseDates::of(&record.phase))
            .collect();
        let moves = move_phase(
            &dates,
            &needs,
            self.number,
            self.start,
            self.end,
            self.following,
            self.overriding,
        )
        .map_err(Refusal::from)?;
        if moves.moved.is_empty() {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{what} is from {} to {} already.", self.start, self.end);
            return Err(Refusal::NoChange { summary, other }.into());
        }
        store(work, &all, &moves).await?;
        let (before, after) = values(&all, &moves);
        Ok(Effect {
            action: "phase.move",
            aim: Aim {
                migration: Some(self.migration.clone()),
                environment: None,
                targets: moves.moved.iter().map(|one| target(one.phase)).collect(),
            },
            before,
            after,
            reason,
            summary: self.summary(&moves),
            subject: Some(self.number.to_string()),
            version: Some(version + 1),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

impl MovePhase {
    fn summary(&self, moves: &Moves) -> String {
        let others = moves
            .moved
            .iter()
            .filter(|one| one.phase != self.number)
            .count();
        let along = match others {
            0 => String::new(),
            1 => ", and 1 phase along".to_owned(),
            more => format!(", and {more} phases along"),
        };
        let broken = overridden(&moves.broken);
        format!(
            "moved phase {} to {} to {}{along}{broken}",
            self.number, self.start, self.end
        )
    }
}

/// The end of a summary: which dependencies were overridden.
pub(super) fn overridden(broken: &[Broken]) -> String {
    if broken.is_empty() {
        return String::new();
    }
    let sentences: Vec<String> = broken.iter().map(ToString::to_string).collect();
    format!("; overridden: {}", sentences.join(" "))
}

/// Phases that are not archived.
pub(super) async fn open_phases(
    work: &mut Work<'_>,
    migration_id: i64,
) -> Result<Vec<PhaseRecord>, Stopped> {
    let all = phases::of_migration(work.connection, migration_id).await?;
    let open = all
        .into_iter()
        .filter(|record| record.phase.archived_at.is_none());
    Ok(open.collect())
}

async fn store(work: &mut Work<'_>, all: &[PhaseRecord], moves: &Moves) -> Result<(), Stopped> {
    for moved in &moves.moved {
        let Some(record) = all.iter().find(|record| record.phase.number == moved.phase) else {
            continue;
        };
        let mut phase = record.phase.clone();
        (phase.start, phase.end) = (Some(moved.to.start), Some(moved.to.end));
        phase.version += 1;
        phases::update(work.connection, record.id, &phase, work.sequence).await?;
    }
    Ok(())
}

/// `{"phases": {"<number>": {"start": ..., "end": ...}}}`, before and after.
fn values(all: &[PhaseRecord], moves: &Moves) -> (Value, Value) {
    let (mut before, mut after) = (Map::new(), Map::new());
    for moved in &moves.moved {
        let number = moved.phase.to_string();
        let was = all.iter().find(|record| record.phase.number == moved.phase);
        let (start, end) = was.map_or((None, None), |record| {
            (record.phase.start, record.phase.end)
        });
        before.insert(number.clone(), json!({ "start": start, "end": end }));
        after.insert(
            number,
            json!({ "start": moved.to.start, "end": moved.to.end }),
        );
    }
    (json!({ "phases": before }), json!({ "phases": after }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{CreatePhase, SetDependencies};
    use crate::testing::{Server, key, refusal};

    fn phase(number: PhaseNumber, start: &str, end: &str) -> CreatePhase {
        CreatePhase {
            migration: key("atlas"),
            number: Some(number),
            name: format!("Phase {number}"),
            start: Some(start.parse().unwrap()),
            end: Some(end.parse().unwrap()),
            expected_modules: None,
            validation_days: None,
            notes: String::new(),
            reason: String::new(),
        }
    }

    fn to(start: &str, end: &str, expected: i64) -> MovePhase {
        MovePhase {
            migration: key("atlas"),
            number: 1,
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            following: Following::Stay,
            overriding: false,
            expected: Some(expected),
            reason: String::new(),
        }
    }

    /// Two weeks, the second of which needs the first.
    async fn two_phases() -> Server {
        let server = Server::with_modules(&["a"]).await;
        server
            .admin(phase(1, "2026-12-07", "2026-12-13"))
            .await
            .unwrap();
        server
            .admin(phase(2, "2026-12-14", "2026-12-20"))
            .await
            .unwrap();
        let needs = SetDependencies {
            migration: key("atlas"),
            number: 2,
            needs: vec![1],
            expected: Some(1),
            overriding: false,
            reason: String::new(),
        };
        server.admin(needs).await.unwrap();
        server
    }

    #[tokio::test]
    async fn what_needs_a_phase_moves_along_when_asked() {
        let server = two_phases().await;
        let refused = refusal(server.admin(to("2026-12-09", "2026-12-15", 1)).await);
        assert_eq!(refused.code(), "breaks-dependency");
        assert!(refused.to_string().contains("2026-12-16"), "{refused}");
        let along = MovePhase {
            following: Following::MoveAlong,
            ..to("2026-12-09", "2026-12-15", 1)
        };
        let done = server.admin(along).await.unwrap();
        let entry = server.entry(done.sequence).await;
        assert_eq!(
            entry.after,
            json!({ "phases": {
                "1": { "start": "2026-12-09", "end": "2026-12-15" },
                "2": { "start": "2026-12-16", "end": "2026-12-22" },
            } })
        );
        assert_eq!(entry.targets, ["phase 1", "phase 2"]);
        let again = refusal(server.admin(to("2026-12-09", "2026-12-15", 2)).await);
        assert_eq!(again.code(), "no-change");
    }

    #[tokio::test]
    async fn a_dependency_is_overridden_with_a_reason_only() {
        let server = two_phases().await;
        let overriding = |reason: &str| MovePhase {
            overriding: true,
            reason: reason.into(),
            ..to("2026-12-09", "2026-12-15", 1)
        };
        assert_eq!(
            refusal(server.admin(overriding("")).await).code(),
            "invalid"
        );
        let done = server
            .admin(overriding("teams overlap for two days"))
            .await
            .unwrap();
        assert!(done.summary.contains("overridden"), "{}", done.summary);
    }

    #[tokio::test]
    async fn refusals() {
        let server = two_phases().await;
        let code = async |command: MovePhase| refusal(server.admin(command).await).code();
        assert_eq!(code(to("2026-12-09", "2026-12-08", 1)).await, "invalid");
        assert_eq!(code(to("2300-01-01", "2300-01-02", 1)).await, "invalid");
        assert_eq!(code(to("2026-12-08", "2026-12-10", 7)).await, "stale");
        let unseen = MovePhase {
            expected: None,
            ..to("2026-12-08", "2026-12-10", 1)
        };
        assert_eq!(code(unseen).await, "version-required");
        let operator = Server::operator_of("atlas");
        let command = to("2026-12-08", "2026-12-10", 1);
        let refused = refusal(server.control.execute(&operator, command).await);
        assert_eq!(refused.code(), "forbidden");
    }
}
