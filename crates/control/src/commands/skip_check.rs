//! Skips a checklist item: left out on purpose, with a reason.

use domain::schedule::checklist::{Tick, TickState};
use domain::{Key, Permission};
use jiff::civil::Date;

use super::checked::{Place, aim, named};
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;

/// An item to be left out.
#[derive(Debug, Clone)]
pub struct SkipCheck {
    /// The migration.
    pub migration: Key,
    /// The item's id.
    pub item: i64,
    /// The day it is left out on, in the migration's zone; today without it. Items that are worked once have none.
    pub day: Option<Date>,
    /// Why.
    pub reason: String,
}

impl Command for SkipCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.skip"
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
        let place = Place::find(work, &self.migration, self.item, self.day).await?;
        let tick = Tick {
            item: self.item.to_string(),
            day: place.day.unwrap_or(place.today),
            state: TickState::Skipped {
                reason: reason.clone(),
            },
            by: work.caller.actor.name.clone(),
            at: work.now,
            evidence: None,
        };
        place.keep(work, &tick).await?;
        let summary = format!("skipped {}{}", named(&place.record.item), place.for_day());
        Ok(Effect {
            reason,
            summary,
            ..place.effect(self.action(), &self.migration, None, Some(&tick))
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::schedule::checklist::List;

    use super::*;
    use crate::commands::TickCheck;
    use crate::testing::{Server, key, refusal};

    fn skip(item: i64, reason: &str) -> SkipCheck {
        SkipCheck {
            migration: key("atlas"),
            item,
            day: None,
            reason: reason.into(),
        }
    }

    #[tokio::test]
    async fn a_skip_needs_its_reason_which_the_log_and_the_list_keep() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        assert_eq!(
            refusal(server.admin(skip(item, " ")).await).code(),
            "invalid"
        );
        let done = server.admin(skip(item, "no traffic")).await.unwrap();
        assert_eq!(done.summary, "skipped “Smoke test” for 2026-11-22");
        assert_eq!(server.entry(done.sequence).await.reason, "no traffic");
        let kept = server.check_row(item).await.tick.unwrap();
        assert_eq!((kept.skipped, kept.reason.as_str()), (true, "no traffic"));
        // Nobody says otherwise over it: it is taken back first.
        let tick = TickCheck {
            migration: key("atlas"),
            item,
            day: None,
            evidence: String::new(),
        };
        let told = refusal(server.admin(tick).await);
        assert_eq!(told.code(), "no-change");
        assert!(
            told.to_string().contains("skipped (“no traffic”)"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Once, "Record the baseline").await;
        let viewer = Server::viewer_of("atlas");
        let refused = server.control.execute(&viewer, skip(item, "no")).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        let absent = server.admin(skip(999, "no")).await;
        assert_eq!(refusal(absent).code(), "not-found");
        let long = "r".repeat(1_001);
        assert_eq!(
            refusal(server.admin(skip(item, &long)).await).code(),
            "invalid"
        );
        server.archive_migration().await;
        assert_eq!(
            refusal(server.admin(skip(item, "no")).await).code(),
            "archived"
        );
    }
}
