//! Says which phases a phase waits for.

use domain::schedule::phases::{Dependency, PhaseDates, check_dependencies, check_new_dependency};
use domain::{Key, Permission, PhaseNumber, Refusal};
use serde_json::json;

use super::create_phase::aim;
use super::input::Input;
use super::move_phase::open_phases;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, dependencies, last_change, phases};

/// What a phase is to wait for.
#[derive(Debug, Clone)]
pub struct SetDependencies {
    /// The migration.
    pub migration: Key,
    /// Which phase waits.
    pub number: PhaseNumber,
    /// The phases it waits for, all of them.
    pub needs: Vec<PhaseNumber>,
    /// Allows dates that do not keep it; the reason must say why.
    pub overriding: bool,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why; may be empty unless overriding.
    pub reason: String,
}

impl Command for SetDependencies {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "phase.needs"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.number))
    }

    async fn apply(mut self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = if self.overriding {
            input.reason(&self.reason)
        } else {
            input.optional_reason(&self.reason)
        };
        input.finish()?;
        self.needs.sort_unstable();
        self.needs.dedup();
        let migration = scope::migration(work, &self.migration).await?;
        let mut record = scope::phase(work, &migration, self.number).await?;
        let what = format!("Phase {}", self.number);
        if record.phase.archived_at.is_some() {
            return Err(Refusal::Archived { what }.into());
        }
        let changed = last_change::of_phase(work.connection, &self.migration, self.number).await?;
        let version = record.phase.version;
        scope::expect_version(work, &what, self.expected, version, changed).await?;
        let all = open_phases(work, migration.id).await?;
        let existing = dependencies::of_migration(work.connection, migration.id).await?;
        let before: Vec<PhaseNumber> = existing
            .iter()
            .filter(|one| one.phase == self.number)
            .map(|one| one.needs)
            .collect();
        if before == self.needs {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{what} already waits for exactly these.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let numbers: Vec<PhaseNumber> = all.iter().map(|record| record.phase.number).collect();
        let mut kept: Vec<Dependency> = existing
            .into_iter()
            .filter(|one| one.phase != self.number)
            .collect();
        for needs in &self.needs {
            let dependency = Dependency {
                phase: self.number,
                needs: *needs,
            };
            if !numbers.contains(needs) {
                let message =
                    format!("There is no open phase {needs}. Create it first, or choose another.");
                return Err(Refusal::field("needs", message).into());
            }
            check_new_dependency(&kept, dependency).map_err(Refusal::from)?;
            kept.push(dependency);
        }
        let dates: Vec<PhaseDates> = all
            .iter()
            .filter_map(|record| PhaseDates::of(&record.phase))
            .collect();
        let broken: Vec<_> = check_dependencies(&dates, &kept)
            .into_iter()
            .filter(|broken| broken.phase == self.number && !before.contains(&broken.needs))
            .collect();
        if !broken.is_empty() && !self.overriding {
            return Err(Refusal::breaks_dependency(&broken).into());
        }
        let ids: Vec<i64> = all
            .iter()
            .filter(|record| self.needs.contains(&record.phase.number))
            .map(|record| record.id)
            .collect();
        dependencies::replace(work.connection, record.id, &ids).await?;
        record.phase.version += 1;
        phases::update(work.connection, record.id, &record.phase, work.sequence).await?;
        let summary = match self.needs.as_slice() {
            [] => format!("phase {} waits for nothing any more", self.number),
            needs => {
                let names: Vec<String> = needs.iter().map(ToString::to_string).collect();
                format!(
                    "phase {} waits for phase {}",
                    self.number,
                    names.join(" and ")
                )
            }
        };
        Ok(Effect {
            action: "phase.needs",
            aim: self.aim(),
            before: json!({ "needs": before }),
            after: json!({ "needs": self.needs }),
            reason,
            summary,
            subject: Some(self.number.to_string()),
            version: Some(record.phase.version),
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn needs(number: PhaseNumber, needs: &[PhaseNumber], expected: i64) -> SetDependencies {
        SetDependencies {
            migration: key("atlas"),
            number,
            needs: needs.to_vec(),
            overriding: false,
            expected: Some(expected),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn circles_and_strangers_are_refused() {
        let server = Server::with_modules(&["a"]).await;
        for number in 1..=3 {
            server.phase(number).await;
        }
        server.admin(needs(2, &[1], 1)).await.unwrap();
        server.admin(needs(3, &[1, 2], 1)).await.unwrap();
        let code = async |command: SetDependencies| refusal(server.admin(command).await).code();
        assert_eq!(code(needs(1, &[3], 1)).await, "invalid");
        assert_eq!(code(needs(1, &[1], 1)).await, "invalid");
        assert_eq!(code(needs(1, &[9], 1)).await, "invalid");
        assert_eq!(code(needs(2, &[1], 2)).await, "no-change");
        assert_eq!(code(needs(2, &[], 1)).await, "stale");
        let freed = server.admin(needs(3, &[], 2)).await.unwrap();
        assert!(freed.summary.contains("nothing any more"));
        server.admin(needs(1, &[3], 1)).await.unwrap();
    }
}
