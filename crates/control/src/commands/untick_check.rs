//! Takes a tick back: the item is left again. What was said stays in the audit log.

use domain::{Key, Permission, Refusal};
use jiff::civil::Date;

use super::checked::{Place, aim, named};
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::store::audit;
use crate::store::checklists::{self, Said};

/// A tick, or a skip, to be taken back.
#[derive(Debug, Clone)]
pub struct UntickCheck {
    /// The migration.
    pub migration: Key,
    /// The item's id.
    pub item: i64,
    /// The day it is for, in the migration's zone; today without it. Items that are worked once have none.
    pub day: Option<Date>,
    /// The audit entry of the tick that was seen, so that no other is taken back; any without it.
    pub seen: Option<u64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for UntickCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.untick"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.item))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.finish()?;
        let place = Place::find(work, &self.migration, self.item, self.day).await?;
        let item = &place.record.item;
        if item.archived.is_some() {
            let what = format!("The item {}", named(item));
            return Err(Refusal::Archived { what }.into());
        }
        let Some(holds) = &place.holds else {
            let summary = format!("{} is not ticked{}.", named(item), place.for_day());
            return Err(Refusal::NoChange {
                summary,
                other: None,
            }
            .into());
        };
        if self.seen.is_some_and(|seen| seen != holds.sequence) {
            let number = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
            let other = audit::other_change(work.connection, Some(holds.sequence)).await?;
            return Err(Refusal::Stale {
                what: named(item),
                expected: self.seen.map(number),
                current: number(holds.sequence),
                other: other.map(Box::new),
            }
            .into());
        }
        let actor = work.caller.actor.clone();
        let said = Said {
            by_id: &actor.id,
            by_name: &actor.name,
            at: work.now,
            on: place.today,
            sequence: work.sequence,
        };
        checklists::take_back(work.connection, self.item, place.day, said).await?;
        let summary = format!("took back the tick of {}{}", named(item), place.for_day());
        Ok(Effect {
            reason,
            summary,
            ..place.effect(self.action(), &self.migration, Some(&holds.tick), None)
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::schedule::checklist::List;

    use super::*;
    use crate::commands::TickCheck;
    use crate::testing::{Server, key, refusal};

    fn back(item: i64, seen: Option<u64>) -> UntickCheck {
        UntickCheck {
            migration: key("atlas"),
            item,
            day: None,
            seen,
            reason: String::new(),
        }
    }

    async fn tick(server: &Server, item: i64) -> u64 {
        let command = TickCheck {
            migration: key("atlas"),
            item,
            day: None,
            evidence: String::new(),
        };
        server.admin(command).await.unwrap().sequence
    }

    #[tokio::test]
    async fn a_tick_taken_back_is_open_again_and_both_stay_in_the_log() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let first = tick(&server, item).await;
        let done = server.admin(back(item, Some(first))).await.unwrap();
        assert_eq!(
            done.summary,
            "took back the tick of “Smoke test” for 2026-11-22"
        );
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.before["state"]["state"], "done");
        assert_eq!(entry.after["state"]["state"], "open");
        assert_eq!(server.check_row(item).await.tick, None);
        assert_eq!(server.entry(first).await.action, "check.tick");
        // And is ticked again.
        let again = tick(&server, item).await;
        let kept = server.check_row(item).await.tick.unwrap();
        assert_eq!(kept.sequence, again);
    }

    #[tokio::test]
    async fn nobody_takes_back_a_tick_that_was_not_seen() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let first = tick(&server, item).await;
        server.admin(back(item, Some(first))).await.unwrap();
        let second = tick(&server, item).await;
        let stale = refusal(server.admin(back(item, Some(first))).await);
        assert_eq!(stale.code(), "stale");
        assert_eq!(stale.other_change().unwrap().sequence, second);
        server.admin(back(item, None)).await.unwrap();
        let nothing = refusal(server.admin(back(item, None)).await);
        assert_eq!(nothing.code(), "no-change");
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Once, "Record the baseline").await;
        tick(&server, item).await;
        let viewer = Server::viewer_of("atlas");
        let refused = server.control.execute(&viewer, back(item, None)).await;
        assert_eq!(refusal(refused).code(), "forbidden");
        assert_eq!(
            refusal(server.admin(back(999, None)).await).code(),
            "not-found"
        );
        server.archive_check(item, 1).await;
        assert_eq!(
            refusal(server.admin(back(item, None)).await).code(),
            "archived"
        );
    }
}
