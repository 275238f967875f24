//! Ties two issues of a migration.

use domain::issues::LinkKind;
use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::input::Input;
use super::issue_parts::{aim, find, note, target};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::issues;

/// Most ties of one issue.
const MOST_LINKS: usize = 100;

/// A tie to be made: `number` blocks, causes, duplicates or relates to `other`.
#[derive(Debug, Clone)]
pub struct LinkIssues {
    /// The migration.
    pub migration: Key,
    /// The issue that blocks, causes, ...
    pub number: u32,
    /// How.
    pub kind: LinkKind,
    /// The issue that is blocked, caused, ...
    pub other: u32,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for LinkIssues {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "issue.link"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        let mut aim = aim(&self.migration, self.number);
        aim.targets.push(target(self.other));
        aim
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.require(
            self.number != self.other,
            "other",
            "An issue is not linked to itself: choose another.",
        );
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let from = find(work, &migration, self.number).await?;
        let to = find(work, &migration, self.other).await?;
        let there = issues::links(work.connection, from.id).await?;
        let same = there.iter().any(|link| {
            link.kind == self.kind
                && link.other.number == self.other
                && (!link.inverse || self.kind.is_symmetric())
        });
        if same {
            let summary = format!("{} already.", sentence(&self));
            return Err(Refusal::NoChange {
                summary,
                other: None,
            }
            .into());
        }
        let there = there
            .len()
            .max(issues::links(work.connection, to.id).await?.len());
        let mut room = Input::default();
        room.require(
            there < MOST_LINKS,
            "other",
            "One of the two has 100 links, as many as an issue keeps. Take one away first.",
        );
        room.finish()?;
        let now = work.now;
        issues::link(work.connection, from.id, to.id, self.kind, now).await?;
        note(work, &from).await?;
        note(work, &to).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            after: json!({ "issue": self.number, "kind": self.kind, "other": self.other }),
            reason,
            summary: format!("linked: {}", sentence(&self)),
            subject: Some(self.number.to_string()),
            topics: vec![Topic::Issues],
            ..Effect::default()
        })
    }
}

fn sentence(link: &LinkIssues) -> String {
    format!(
        "issue {} {} issue {}",
        link.number,
        link.kind.words(),
        link.other
    )
}
