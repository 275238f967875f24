//! Creates a milestone: a day to remember.

use domain::{Key, Permission};
use jiff::civil::Date;
use serde_json::json;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::milestones;

/// A milestone to be created.
#[derive(Debug, Clone)]
pub struct CreateMilestone {
    /// The migration.
    pub migration: Key,
    /// What people call it.
    pub name: String,
    /// The day, in the migration's zone.
    pub day: Date,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for CreateMilestone {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "milestone.create"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let name = input.name("name", &self.name);
        input.date("day", Some(self.day));
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let (sequence, now) = (work.sequence, work.now);
        let id = milestones::insert(
            work.connection,
            migration.id,
            &name,
            self.day,
            sequence,
            now,
        )
        .await?;
        Ok(Effect {
            action: "milestone.create",
            aim: aim(&self.migration, id),
            after: json!({ "name": name, "day": self.day }),
            reason,
            summary: format!("created the milestone {name:?} on {}", self.day),
            subject: Some(id.to_string()),
            version: Some(1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

/// Where a command about a milestone aims.
pub(super) fn aim(migration: &Key, id: i64) -> Aim {
    Aim {
        migration: Some(migration.clone()),
        environment: None,
        targets: vec![format!("milestone {id}")],
    }
}
