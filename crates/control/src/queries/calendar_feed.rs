//! A migration as an iCalendar document (RFC 5545), read by calendar programs under a secret address.
//!
//! Phases and milestones are whole days; everything else is told in UTC, each occurrence by itself, so that no program
//! has to know the migration's zone or its rules. UIDs stay for as long as what they name, so a program that reads again
//! moves what it has; what is gone from the document goes from the calendar.

use domain::read::FeedRow;
use domain::schedule::windows::{WindowKind, occurrences_between};
use domain::schedule::{civil, instant};
use domain::{Key, ModuleStatus, Permission, Timestamp};
use icalendar::{Calendar, Component as _, Event, Property};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::calendar::{Loaded, load_all, projected};
use crate::control::authorise;
use crate::store::{calendar_feeds, checklists, migrations};
use crate::{Caller, Control, QueryError, secret};

/// What lies longer ago, days, is left out.
const BEHIND: i64 = 31;
/// What lies further ahead, days, is left out until it comes nearer.
const AHEAD: i64 = 366;
/// How often programs are asked to read again.
const EVERY: &str = "PT1H";
/// How long a check is taken to last, milliseconds.
const CHECK: i64 = 15 * 60 * 1_000;

/// A document, and what it is called as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFeed {
    /// The migration.
    pub migration: Key,
    /// The document: lines of at most 75 octets, ended by CRLF.
    pub text: String,
}

/// Addresses of a migration: one's own, for its admins everybody's.
pub async fn calendar_feeds(
    control: &Control,
    caller: &Caller,
    migration: &Key,
) -> Result<Vec<FeedRow>, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let actor = &caller.actor;
    let everybody = actor.may(Permission::Administer(migration));
    let mut connection = control.inner().store.read().await?;
    let Some(record) = migrations::by_key(&mut connection, migration).await? else {
        return Err(domain::Refusal::not_found("migration", migration.as_str()).into());
    };
    let own = (!everybody).then_some(actor.id.as_str());
    let feeds = calendar_feeds::of_migration(&mut connection, record.id, own).await?;
    Ok(feeds
        .into_iter()
        .map(|feed| FeedRow {
            own: feed.user_id == actor.id,
            id: feed.id,
            user: feed.user_name,
            hint: feed.hint,
            created_at: feed.created_at,
        })
        .collect())
}

/// The document behind a secret; `None` when there is no such address, it was revoked, or whose it is may not see the
/// migration any more: nobody is told which. `base` is the address that people use, such as `https://switchback.example`.
pub async fn calendar_feed(
    control: &Control,
    secret: &str,
    base: &str,
    request_id: &str,
) -> Result<Option<CalendarFeed>, QueryError> {
    let mut connection = control.inner().store.read().await?;
    let feed = calendar_feeds::by_hash(&mut connection, &secret::hash(secret)).await?;
    drop(connection);
    let Some(feed) = feed.filter(|feed| feed.revoked_at.is_none()) else {
        return Ok(None);
    };
    let Some(actor) = control.user_actor(&feed.user_id).await? else {
        return Ok(None);
    };
    if !actor.may(Permission::View(&feed.migration)) {
        return Ok(None);
    }
    let caller = Caller::new(actor, request_id);
    let mut loaded = load_all(control, &caller, &feed.migration, None).await?;
    let id = loaded.standing.migration.id;
    let transaction = &mut loaded.standing.transaction;
    let changed = calendar_feeds::changed_at(transaction, &feed.migration).await?;
    let times = checklists::daily_times(transaction, id).await?;
    let writer = Writer {
        base: base.trim_end_matches('/'),
        migration: &feed.migration,
        stamp: utc(changed.unwrap_or(feed.created_at)),
    };
    let mut events = writer.phases(&loaded);
    events.extend(writer.milestones(&loaded));
    events.extend(writer.windows(&loaded));
    events.extend(writer.soaks(&loaded));
    events.extend(writer.checks(&loaded, &times));
    events.extend(writer.issues(&loaded));
    let mut calendar = Calendar::new();
    calendar.name(&loaded.standing.migration.migration.name);
    calendar.append_property(Property::new("PRODID", "-//Switchback//Switchback//EN"));
    calendar.append_property(Property::new("X-PUBLISHED-TTL", EVERY));
    calendar.append_property(
        Property::new("REFRESH-INTERVAL", EVERY)
            .add_parameter("VALUE", "DURATION")
            .done(),
    );
    for event in events {
        calendar.push(event);
    }
    Ok(Some(CalendarFeed {
        migration: feed.migration,
        text: calendar.done().to_string(),
    }))
}

/// What all events of a document share.
struct Writer<'a> {
    base: &'a str,
    migration: &'a Key,
    stamp: String,
}

impl Writer<'_> {
    /// An event without its time. `version` counts up with every change of what it shows.
    fn event(&self, uid: &str, summary: &str, below: &str, version: i64) -> Event {
        let mut event = Event::new();
        let host = self
            .base
            .split_once("://")
            .map_or(self.base, |(_, host)| host);
        let page = format!("{}/m/{}/{below}", self.base, self.migration);
        event
            .uid(&format!("{uid}.{}@{host}", self.migration))
            .summary(summary)
            .sequence(u32::try_from(version.saturating_sub(1)).unwrap_or_default())
            .append_property(Property::new("URL", page))
            .append_property(Property::new("DTSTAMP", self.stamp.as_str()));
        event.done()
    }

    fn phases(&self, loaded: &Loaded) -> Vec<Event> {
        loaded
            .phases
            .iter()
            .filter_map(|record| {
                let phase = &record.phase;
                let first = phase.start.or(phase.end)?;
                let last = phase.end.unwrap_or(first);
                let uid = format!("phase-{}", phase.number);
                let below = format!("calendar/phases/{}", phase.number);
                let event = self.event(&uid, &phase.name, &below, phase.version);
                Some(days(event, first, last))
            })
            .collect()
    }

    fn issues(&self, loaded: &Loaded) -> Vec<Event> {
        loaded
            .due
            .iter()
            .map(|(number, title, day)| {
                let below = format!("issues/{number}");
                let event = self.event(
                    &format!("issue-{number}"),
                    &format!("Due: {title}"),
                    &below,
                    1,
                );
                days(event, *day, *day)
            })
            .collect()
    }

    fn milestones(&self, loaded: &Loaded) -> Vec<Event> {
        loaded
            .milestones
            .iter()
            .map(|one| {
                let uid = format!("milestone-{}", one.id);
                let event = self.event(&uid, &one.name, "calendar#milestones", one.version);
                days(event, one.day, one.day)
            })
            .collect()
    }

    fn windows(&self, loaded: &Loaded) -> Vec<Event> {
        let (from, to) = (
            loaded.now.plus(-BEHIND * 86_400_000),
            loaded.now.plus(AHEAD * 86_400_000),
        );
        let mut events = Vec::new();
        for record in &loaded.windows {
            let word = match record.window.kind() {
                WindowKind::Freeze => "Freeze",
                WindowKind::Change => "Change window",
            };
            let summary = format!("{word}: {}", record.window.name());
            for (begins, ends) in occurrences_between(&record.window, &loaded.zone, from, to) {
                // An occurrence that goes on is the one it was before: named by the day it began.
                let day = civil(begins, &loaded.zone).strftime("%Y%m%dT%H%M");
                let uid = format!("window-{}-{day}", record.id);
                let event = self.event(&uid, &summary, "calendar#windows", record.version);
                events.push(instants(event, begins, ends));
            }
        }
        events
    }

    fn soaks(&self, loaded: &Loaded) -> Vec<Event> {
        projected(loaded)
            .iter()
            .filter(|one| one.flag.status == ModuleStatus::Active)
            .filter_map(|one| {
                let at = one.projection.end?;
                let module = &one.flag.module;
                let uid = format!("soaked-{module}");
                let summary = format!("Expected: {module} has soaked");
                let event = self.event(&uid, &summary, &format!("modules/{module}"), 1);
                Some(instants(event, at, at.plus(CHECK)))
            })
            .collect()
    }

    /// Daily checks of the days on which the migration is active, those of one time together.
    fn checks(&self, loaded: &Loaded, times: &[(String, u32)]) -> Vec<Event> {
        let start = loaded.phases.iter().filter_map(|one| one.phase.start).min();
        let end = loaded.phases.iter().filter_map(|one| one.phase.end).max();
        let Some((start, end)) = start.zip(end) else {
            return Vec::new();
        };
        let today = civil(loaded.now, &loaded.zone).date();
        let mut day = start.max(today.saturating_sub(BEHIND.days()));
        let last = end.min(today.saturating_add(AHEAD.days()));
        let mut events = Vec::new();
        while day <= last {
            for (time, count) in times {
                let word = if *count == 1 { "check" } else { "checks" };
                let summary = format!("{count} daily {word}");
                let uid = format!("checks-{}-{day}", time.replace(':', ""));
                let event = self.event(&uid, &summary, "checklists?list=daily", 1);
                let clock = jiff::civil::Time::strptime("%H:%M", time);
                events.push(match clock {
                    Ok(clock) => {
                        let at = instant(day.to_datetime(clock), &loaded.zone);
                        instants(event, at, at.plus(CHECK))
                    }
                    Err(_) => days(event, day, day),
                });
            }
            day = day.saturating_add(1.day());
        }
        events
    }
}

/// Whole days, the last inclusive.
fn days(mut event: Event, first: Date, last: Date) -> Event {
    let after = last.saturating_add(1.day());
    for (name, day) in [("DTSTART", first), ("DTEND", after)] {
        event.append_property(
            Property::new(name, day.strftime("%Y%m%d").to_string())
                .add_parameter("VALUE", "DATE")
                .done(),
        );
    }
    // It blocks nobody's time.
    event.append_property(Property::new("TRANSP", "TRANSPARENT"));
    event.done()
}

fn instants(mut event: Event, from: Timestamp, to: Timestamp) -> Event {
    event.append_property(Property::new("DTSTART", utc(from)));
    event.append_property(Property::new("DTEND", utc(to)));
    event.append_property(Property::new("TRANSP", "TRANSPARENT"));
    event.done()
}

/// `20261222T140211Z`.
fn utc(at: Timestamp) -> String {
    civil(at, &jiff::tz::TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}
