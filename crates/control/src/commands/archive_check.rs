//! Puts an item of a checklist away. Its ticks stay in the log, and in the runs of the days before.

use domain::{Key, Permission, Refusal};
use serde_json::json;

use super::checked::{aim, find, named};
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, last_change, plan_items};

/// An item to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveCheck {
    /// The migration.
    pub migration: Key,
    /// The item's id.
    pub item: i64,
    /// The version seen.
    pub expected: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.item))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let record = find(work, &migration, self.item).await?;
        let what = format!("The item {}", named(&record.item));
        let changed = last_change::of_check(work.connection, &self.migration, self.item).await?;
        if record.item.archived.is_some() {
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{what} is archived already.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        scope::expect_version(work, &what, self.expected, record.version, changed).await?;
        plan_items::archive_checklist_item(work.connection, self.item, work.now).await?;
        Ok(Effect {
            action: self.action(),
            aim: self.aim(),
            before: json!({ "archived_at": null, "title": record.item.title }),
            after: json!({ "archived_at": work.now, "title": record.item.title }),
            reason,
            summary: format!("archived {}", named(&record.item)),
            subject: Some(self.item.to_string()),
            version: Some(record.version + 1),
            topics: vec![Topic::Plan],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::schedule::checklist::List;

    use super::*;
    use crate::testing::{Server, key, refusal};

    #[tokio::test]
    async fn what_is_put_away_leaves_today_and_stays_in_the_days_before() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        server.check(List::Daily, "Mismatches").await;
        server.control.clock().step(86_400_000);
        server.archive_check(item, 1).await;
        let view = server.checklists().await;
        let items: Vec<_> = view.history.iter().map(|day| day.items).collect();
        assert_eq!(items, [1, 2]);
        let away = ArchiveCheck {
            migration: key("atlas"),
            item,
            expected: Some(2),
            reason: "twice".into(),
        };
        let again = refusal(server.admin(away.clone()).await);
        assert_eq!(again.code(), "no-change");
        assert_eq!(again.other_change().unwrap().action, "check.archive");
        let viewer = Server::viewer_of("atlas");
        let refused = server.control.execute(&viewer, away.clone()).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        let silent = ArchiveCheck {
            reason: String::new(),
            ..away.clone()
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
        let absent = ArchiveCheck { item: 999, ..away };
        assert_eq!(refusal(server.admin(absent).await).code(), "not-found");
    }
}
