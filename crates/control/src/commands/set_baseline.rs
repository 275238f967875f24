//! Takes the plan as it is now for what was agreed on: from here on the calendar compares with it.

use domain::{Key, Permission, Refusal};
use serde_json::{Map, Value, json};

use super::input::Input;
use super::move_phase::open_phases;
use super::scope;
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::phases;

/// Makes the dates of all phases their baseline.
#[derive(Debug, Clone)]
pub struct SetBaseline {
    /// The migration.
    pub migration: Key,
    /// Why.
    pub reason: String,
}

impl Command for SetBaseline {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "plan.baseline"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let (mut before, mut after) = (Map::new(), Map::new());
        for record in open_phases(work, migration.id).await? {
            let now = (record.phase.start, record.phase.end);
            if record.baseline == now {
                continue;
            }
            let dates = |(start, end): (_, _)| json!({ "start": start, "end": end });
            let number = record.phase.number.to_string();
            before.insert(number.clone(), dates(record.baseline));
            after.insert(number, dates(now));
            phases::set_baseline(work.connection, record.id).await?;
        }
        if after.is_empty() {
            let summary = "every phase is where the baseline has it.".to_owned();
            return Err(Refusal::NoChange {
                summary,
                other: None,
            }
            .into());
        }
        let summary = format!(
            "took the plan as it is for the baseline, {} phases",
            after.len()
        );
        Ok(Effect {
            action: "plan.baseline",
            aim: self.aim(),
            before: json!({ "phases": Value::Object(before) }),
            after: json!({ "phases": Value::Object(after) }),
            reason,
            summary,
            topics: vec![Topic::Structure],
            ..Effect::default()
        })
    }
}
