//! Ticks a checklist item as done.

use domain::schedule::checklist::{Tick, TickState};
use domain::{Key, Permission};
use jiff::civil::Date;

use super::checked::{Place, aim, named};
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;

/// An item that was done.
#[derive(Debug, Clone)]
pub struct TickCheck {
    /// The migration.
    pub migration: Key,
    /// The item's id.
    pub item: i64,
    /// The day it was done for, in the migration's zone; today without it. Items that are worked once have none.
    pub day: Option<Date>,
    /// Where the evidence is, an address of http or https; empty for none.
    pub evidence: String,
}

impl Command for TickCheck {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.migration)
    }

    fn action(&self) -> &'static str {
        "check.tick"
    }

    fn aim(&self) -> Aim {
        aim(&self.migration, Some(self.item))
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let place = Place::find(work, &self.migration, self.item, self.day).await?;
        let evidence = self.evidence.trim();
        let tick = Tick {
            item: self.item.to_string(),
            day: place.day.unwrap_or(place.today),
            state: TickState::Done,
            by: work.caller.actor.name.clone(),
            at: work.now,
            evidence: (!evidence.is_empty()).then(|| evidence.to_owned()),
        };
        place.keep(work, &tick).await?;
        let summary = format!("ticked {}{}", named(&place.record.item), place.for_day());
        Ok(Effect {
            summary,
            ..place.effect(self.action(), &self.migration, None, Some(&tick))
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Refusal;
    use domain::schedule::checklist::List;
    use serde_json::json;

    use super::*;
    use crate::commands::{CreateMigration, EditMigration, UntickCheck};
    use crate::queries;
    use crate::testing::{START, Server, key, refusal};

    fn tick(item: i64) -> TickCheck {
        TickCheck {
            migration: key("atlas"),
            item,
            day: None,
            evidence: String::new(),
        }
    }

    #[tokio::test]
    async fn a_tick_says_who_and_when_and_is_audited() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let operator = Server::operator_of("atlas");
        let done = server.control.execute(&operator, tick(item)).await.unwrap();
        assert_eq!(done.summary, "ticked “Smoke test” for 2026-11-22");
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.action, "check.tick");
        assert_eq!(entry.targets, [format!("check {item}")]);
        assert_eq!(entry.after["state"], json!({ "state": "done" }));
        let row = server.check_row(item).await;
        let kept = row.tick.unwrap();
        assert_eq!((kept.by.as_str(), kept.at), ("operator", START));
        assert_eq!(kept.sequence, done.sequence);
    }

    #[tokio::test]
    async fn two_at_once_are_one_tick_and_the_second_learns_who_was_first() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        let (root, operator) = (Server::root(), Server::operator_of("atlas"));
        let (one, other) = tokio::join!(
            server.control.execute(&root, tick(item)),
            server.control.execute(&operator, tick(item)),
        );
        let (done, refused) = match (one, other) {
            (Ok(done), refused @ Err(_)) | (refused @ Err(_), Ok(done)) => (done, refusal(refused)),
            both => panic!("{both:?}"),
        };
        let Refusal::NoChange { summary, other } = refused else {
            panic!("{refused:?}")
        };
        let first = other.unwrap();
        assert_eq!(first.sequence, done.sequence);
        assert!(
            summary.contains(&format!("was already done for 2026-11-22 by {}", first.by)),
            "{summary}"
        );
    }

    #[tokio::test]
    async fn what_is_ticked_at_once_is_all_kept() {
        let server = Server::with_modules(&["a"]).await;
        let mut items = Vec::new();
        for number in 0..8 {
            items.push(server.check(List::Daily, &format!("Item {number}")).await);
        }
        let ticks: Vec<_> = items
            .iter()
            .map(|item| {
                let (control, command) = (server.control.clone(), tick(*item));
                tokio::spawn(async move { control.execute(&Server::root(), command).await })
            })
            .collect();
        for tick in ticks {
            tick.await.unwrap().unwrap();
        }
        for item in items {
            assert!(server.check_row(item).await.tick.is_some());
        }
    }

    #[tokio::test]
    async fn days_are_those_of_the_migrations_zone() {
        let server = Server::open().await;
        // 14:00 UTC on the 22nd is 03:00 on the 23rd in Auckland.
        let command = CreateMigration {
            key: key("atlas"),
            name: "Atlas".into(),
            description: String::new(),
            zone: "Pacific/Auckland".into(),
            start: None,
            expected_modules: None,
            thresholds: domain::Thresholds::default(),
            reason: String::new(),
        };
        server.admin(command).await.unwrap();
        let item = server.check(List::Daily, "Smoke test").await;
        let done = server.admin(tick(item)).await.unwrap();
        assert_eq!(done.summary, "ticked “Smoke test” for 2026-11-23");
        let before = TickCheck {
            day: Some("2026-11-22".parse().unwrap()),
            ..tick(item)
        };
        let told = refusal(server.admin(before).await).to_string();
        assert_eq!(told, "There was no such item before 2026-11-23.");
        // Nine hours on it is still the 22nd in UTC, and another nine later the 24th has begun in Auckland.
        server.control.clock().step(9 * 3_600_000);
        assert_eq!(refusal(server.admin(tick(item)).await).code(), "no-change");
        server.control.clock().step(13 * 3_600_000);
        let done = server.admin(tick(item)).await.unwrap();
        assert_eq!(done.summary, "ticked “Smoke test” for 2026-11-24");
        let view = server.checklists().await;
        assert_eq!(
            (view.today.as_str(), view.streak.current),
            ("2026-11-24", 2)
        );
    }

    #[tokio::test]
    async fn what_was_left_is_carried_over_and_a_day_can_still_be_ticked() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Daily, "Smoke test").await;
        server.control.clock().step(2 * 86_400_000);
        let left = server.check_row(item).await.left_since;
        assert_eq!(left.as_deref(), Some("2026-11-22"));
        let late = TickCheck {
            day: Some("2026-11-23".parse().unwrap()),
            ..tick(item)
        };
        server.admin(late).await.unwrap();
        assert_eq!(server.check_row(item).await.left_since, None);
        let history = server.checklists().await.history;
        let days: Vec<_> = history
            .iter()
            .map(|day| (day.day.as_str(), day.done, day.left))
            .collect();
        assert_eq!(
            days,
            [
                ("2026-11-24", 0, 1),
                ("2026-11-23", 1, 0),
                ("2026-11-22", 0, 1)
            ]
        );
    }

    #[tokio::test]
    async fn a_conditional_item_is_open_again_on_the_next_day_and_a_once_item_is_not() {
        let server = Server::with_modules(&["a"]).await;
        let threshold = domain::schedule::checklist::Threshold::Hold;
        let conditional = server
            .check(List::Conditional(threshold), "Find the cause")
            .await;
        let once = server.check(List::Once, "Record the baseline").await;
        for item in [conditional, once] {
            server.admin(tick(item)).await.unwrap();
        }
        server.control.clock().step(86_400_000);
        assert!(server.check_row(conditional).await.tick.is_none());
        assert!(server.check_row(once).await.tick.is_some());
        server.admin(tick(conditional)).await.unwrap();
        assert_eq!(refusal(server.admin(tick(once)).await).code(), "no-change");
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check(List::Once, "Record the baseline").await;
        let viewer = Server::viewer_of("atlas");
        let code =
            async |caller, command| refusal(server.control.execute(&caller, command).await).code();
        assert_eq!(code(viewer, tick(item)).await, "forbidden");
        let stranger = Server::operator_of("borealis");
        assert_eq!(code(stranger, tick(item)).await, "not-found");
        assert_eq!(code(Server::root(), tick(999)).await, "not-found");
        let on_a_day = TickCheck {
            day: Some("2026-11-22".parse().unwrap()),
            ..tick(item)
        };
        assert_eq!(code(Server::root(), on_a_day).await, "invalid");
        let script = TickCheck {
            evidence: "javascript:alert(1)".into(),
            ..tick(item)
        };
        assert_eq!(code(Server::root(), script).await, "invalid");
        let daily = server.check(List::Daily, "Smoke test").await;
        let early = TickCheck {
            day: Some("2026-11-23".parse().unwrap()),
            ..tick(daily)
        };
        assert_eq!(code(Server::root(), early).await, "invalid");
        let begins = EditMigration {
            start: Some(Some("2026-12-01".parse().unwrap())),
            ..edit_migration()
        };
        server.admin(begins).await.unwrap();
        let told = refusal(server.admin(tick(daily)).await).to_string();
        assert!(told.contains("begins on 2026-12-01"), "{told}");
        let begins = server.checklists().await.begins;
        assert_eq!(begins.as_deref(), Some("2026-12-01"));
    }

    fn edit_migration() -> EditMigration {
        EditMigration {
            migration: key("atlas"),
            name: None,
            description: None,
            zone: None,
            start: None,
            expected_modules: None,
            thresholds: None,
            automatic_rollback: None,
            expected: Some(1),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn evidence_is_asked_for_where_the_item_says_so_and_kept() {
        let server = Server::with_modules(&["a"]).await;
        let item = server.check_with_evidence(List::Once, "Benchmarks").await;
        let told = refusal(server.admin(tick(item)).await);
        let Refusal::Invalid { fields } = told else {
            panic!("{told:?}")
        };
        assert_eq!(fields[0].field, "evidence");
        let link = TickCheck {
            evidence: " https://ci.example.org/run/7 ".into(),
            ..tick(item)
        };
        server.admin(link).await.unwrap();
        let kept = server.check_row(item).await.tick.unwrap();
        assert_eq!(
            kept.evidence.as_deref(),
            Some("https://ci.example.org/run/7")
        );
        // Taken back, nothing of it holds any more.
        let back = UntickCheck {
            migration: key("atlas"),
            item,
            day: None,
            seen: Some(kept.sequence),
            reason: String::new(),
        };
        server.admin(back).await.unwrap();
        assert_eq!(server.check_row(item).await.tick, None);
    }

    #[tokio::test]
    async fn the_overview_says_how_many_are_left_today() {
        let server = Server::with_modules(&["a"]).await;
        let (one, _other) = (
            server.check(List::Daily, "Smoke test").await,
            server.check(List::Daily, "Mismatches").await,
        );
        let line = async || {
            let overview = queries::overview(&server.control, &Server::root(), &key("atlas"), None)
                .await
                .unwrap();
            let lines = overview.needs_hand.into_iter();
            lines
                .filter(|line| line.what == "daily check")
                .map(|line| (line.why, line.href))
                .next()
        };
        let (why, href) = line().await.unwrap();
        assert_eq!(
            (why.as_str(), href.as_str()),
            ("2 of 2 left today", "/m/atlas/checklists")
        );
        server.admin(tick(one)).await.unwrap();
        assert_eq!(line().await.unwrap().0, "1 of 2 left today");
        server.control.clock().step(86_400_000);
        assert_eq!(line().await.unwrap().0, "2 of 2 left today");
    }
}
