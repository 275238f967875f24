//! What commands about checklist items share: finding the item, the day a tick is for, and who came first.

use domain::schedule::checklist::{
    Item, List, RUN_DAYS, Tick, check_tick, first_line, refuse_second,
};
use domain::{Key, Migration, Refusal};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::input::Input;
use super::scope;
use crate::civil;
use crate::command::{Aim, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::audit;
use crate::store::checklists::{self, CheckRecord, Reading, Said, TickRecord};
use crate::store::migrations::MigrationRecord;

/// An item as target of an entry.
pub(super) fn target(id: i64) -> String {
    format!("check {id}")
}

/// Where a command about an item aims.
pub(super) fn aim(migration: &Key, id: Option<i64>) -> Aim {
    Aim {
        migration: Some(migration.clone()),
        environment: None,
        targets: id.map(target).into_iter().collect(),
    }
}

/// How sentences and refusals name an item.
pub(super) fn named(item: &Item) -> String {
    format!("\u{201c}{}\u{201d}", first_line(&item.title))
}

/// An item of a migration, archived or not.
pub(super) async fn find(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    id: i64,
) -> Result<CheckRecord, Stopped> {
    let reading = Reading::of(&migration.migration);
    checklists::by_id(work.connection, migration.id, &reading, id)
        .await?
        .ok_or_else(|| Refusal::not_found("checklist item", id.to_string()).into())
}

/// Adds what is wrong with an item to what is wrong with its texts.
pub(super) fn judge(input: &mut Input, item: &Item) {
    if let Err(Refusal::Invalid { fields }) = item.check() {
        for field in fields {
            input.wrong(&field.field, field.message);
        }
    }
}

/// An item, the day that is meant, and what holds of it.
pub(super) struct Place {
    pub(super) record: CheckRecord,
    /// `None` for an item that is worked once.
    pub(super) day: Option<Date>,
    /// The day it is in the migration's zone.
    pub(super) today: Date,
    pub(super) holds: Option<TickRecord>,
}

impl Place {
    /// Finds it; `wanted` is today where it is left out.
    pub(super) async fn find(
        work: &mut Work<'_>,
        migration: &Key,
        id: i64,
        wanted: Option<Date>,
    ) -> Result<Self, Stopped> {
        let migration = scope::migration(work, migration).await?;
        let record = find(work, &migration, id).await?;
        let today = civil::today(&migration.migration, work.now);
        let day = day_of(&migration.migration, &record.item, wanted, today)?;
        let holds = checklists::tick(work.connection, id, day).await?;
        Ok(Self {
            record,
            day,
            today,
            holds,
        })
    }

    /// ` for 2026-12-01`, where it is worked by days.
    pub(super) fn for_day(&self) -> String {
        self.day
            .map(|day| format!(" for {day}"))
            .unwrap_or_default()
    }

    /// Keeps a tick, unless there is one, or it may not be.
    pub(super) async fn keep(&self, work: &mut Work<'_>, tick: &Tick) -> Result<(), Stopped> {
        let item = &self.record.item;
        check_tick(item, tick, self.today)?;
        let first = self.holds.as_ref().map(|holds| &holds.tick);
        if let Err(refusal) = refuse_second(item, first) {
            return Err(self.told_who(work, refusal).await?);
        }
        let (actor, evidence) = (
            work.caller.actor.clone(),
            tick.evidence.as_deref().unwrap_or_default(),
        );
        let said = Said {
            by_id: &actor.id,
            by_name: &actor.name,
            at: work.now,
            on: self.today,
            sequence: work.sequence,
        };
        checklists::keep(
            work.connection,
            self.record.id,
            self.day,
            &tick.state,
            evidence,
            said,
        )
        .await?;
        Ok(())
    }

    /// A refusal as no change, with the entry that came first.
    pub(super) async fn told_who(
        &self,
        work: &mut Work<'_>,
        refusal: Refusal,
    ) -> Result<Stopped, Stopped> {
        let sequence = self.holds.as_ref().map(|holds| holds.sequence);
        let other = audit::other_change(work.connection, sequence).await?;
        Ok(match refusal {
            Refusal::NoChange { summary, .. } => Refusal::NoChange { summary, other }.into(),
            other => other.into(),
        })
    }

    /// What the audit log keeps of a tick.
    pub(super) fn kept(&self, tick: Option<&Tick>) -> Value {
        let state = match tick {
            Some(tick) => json!(tick.state),
            None => json!({ "state": "open" }),
        };
        json!({
            "title": self.record.item.title,
            "day": self.day,
            "state": state,
            "evidence": tick.and_then(|tick| tick.evidence.as_ref()),
        })
    }

    /// The effect that all three commands about ticks have.
    pub(super) fn effect(
        &self,
        action: &'static str,
        migration: &Key,
        before: Option<&Tick>,
        after: Option<&Tick>,
    ) -> Effect {
        Effect {
            action,
            aim: aim(migration, Some(self.record.id)),
            before: self.kept(before),
            after: self.kept(after),
            subject: Some(self.record.id.to_string()),
            topics: vec![Topic::Plan],
            ..Effect::default()
        }
    }
}

/// The day a tick is for: `None` for an item that is worked once.
fn day_of(
    migration: &Migration,
    item: &Item,
    wanted: Option<Date>,
    today: Date,
) -> Result<Option<Date>, Refusal> {
    if !item.list.by_day() {
        return match wanted {
            None => Ok(None),
            Some(_) => Err(Refusal::field(
                "day",
                "This item is worked once: leave the day out.",
            )),
        };
    }
    let day = wanted.unwrap_or(today);
    let horizon = today.checked_sub((RUN_DAYS - 1).days()).unwrap_or(today);
    if day < horizon {
        let message = format!("Days before {horizon} are closed.");
        return Err(Refusal::field("day", message));
    }
    match migration.start {
        Some(start) if day < start && item.list == List::Daily => {
            let message =
                format!("The daily checklist begins on {start}, the migration’s first day.");
            Err(Refusal::field("day", message))
        }
        _ => Ok(Some(day)),
    }
}
