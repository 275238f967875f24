//! A migration as an iCalendar document (RFC 5545), read by calendar programs under a secret address.
//!
//! UIDs stay for as long as what they name, whatever is edited: a program that reads again moves what it has, and what is
//! gone from the document goes from the calendar. SEQUENCE is the number of the audit entry that changed an event last,
//! and LAST-MODIFIED when that was. Nothing depends on when it is read but what is told one by one and long over.

use std::collections::HashMap;

use domain::plan_items::Step;
use domain::read::FeedRow;
use domain::schedule::agenda::{Occasion, When, of_days, of_window};
use domain::schedule::checklist::{Due, List};
use domain::schedule::civil;
use domain::schedule::windows::{Scope, WindowKind};
use domain::{FlagState, Key, ModuleStatus, Permission, Refusal, Timestamp};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::module::choose_template;
use super::standing::{Standing, load};
use crate::commands::gates::zone_of;
use crate::control::authorise;
use crate::ical::{self, Document, Entry};
use crate::store::calendar_feeds;
use crate::store::checklists::{self, CheckRecord, Reading};
use crate::store::flags::FlagRecord;
use crate::store::issue_lists::{self, DueIssue};
use crate::store::milestones::{self, MilestoneRecord};
use crate::store::phases::{self, PhaseRecord};
use crate::store::windows::{self, WindowRecord};
use crate::store::{migrations, plan_items};
use crate::{Caller, Control, QueryError, secret};

/// How long a daily check and the end of a soak are on a calendar.
const MOMENT: SignedDuration = SignedDuration::from_mins(15);
/// What is told one by one is forgotten so long after it, in milliseconds.
const KEPT: i64 = 31 * 24 * 60 * 60 * 1_000;
/// Issues on a calendar, those due first.
const MOST_ISSUES: u32 = 500;

/// A document, and what it is called as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFeed {
    /// The migration.
    pub migration: Key,
    /// The document: lines of at most 75 octets, ended by CRLF. The same calendar is always the same text.
    pub text: String,
}

/// The document behind a secret, as the person sees the migration whose it is; `None` when there is no such address, it
/// was revoked, or that person may not see the migration any more: nobody is told which. `base` is the address that
/// people use, such as `https://switchback.example`.
pub async fn calendar_feed(
    control: &Control,
    secret: &str,
    base: &str,
    request_id: &str,
) -> Result<Option<CalendarFeed>, QueryError> {
    if !secret::may_be_random(secret) {
        return Ok(None);
    }
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
    let text = document(control, &caller, &feed.migration, base).await?;
    let now = control.clock().now();
    control.inner().feed_reads.note(&feed.id, now);
    Ok(Some(CalendarFeed {
        migration: feed.migration,
        text,
    }))
}

/// Addresses of a migration: one's own, for its admins everybody's.
pub async fn calendar_feeds(
    control: &Control,
    caller: &Caller,
    migration: &Key,
) -> Result<Vec<FeedRow>, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let own = caller.actor.id.as_str();
    let everybodys = caller.actor.may(Permission::Administer(migration));
    let mut connection = control.inner().store.read().await?;
    let record = migrations::by_key(&mut connection, migration)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", migration.as_str()))?;
    let whose = (!everybodys).then_some(own);
    let feeds = calendar_feeds::of_migration(&mut connection, record.id, whose).await?;
    if feeds.is_empty() {
        return Ok(Vec::new());
    }
    let mut evidence = control.inner().store.read_evidence().await?;
    let written = calendar_feeds::reads(&mut evidence).await?;
    Ok(feeds
        .into_iter()
        .map(|feed| FeedRow {
            last_read_at: control
                .inner()
                .feed_reads
                .of(&feed.id)
                .max(written.get(&feed.id).copied()),
            own: feed.user_id == own,
            id: feed.id,
            user: feed.user_name,
            hint: feed.hint,
            created_at: feed.created_at,
        })
        .collect())
}

/// Everything that is on the calendar.
struct Plan {
    phases: Vec<PhaseRecord>,
    steps: Vec<Step>,
    windows: Vec<WindowRecord>,
    milestones: Vec<MilestoneRecord>,
    daily: Vec<CheckRecord>,
    issues: Vec<DueIssue>,
}

impl Plan {
    async fn load(standing: &mut Standing) -> Result<Self, QueryError> {
        let (id, reading) = (
            standing.migration.id,
            Reading::of(&standing.migration.migration),
        );
        let transaction = &mut standing.transaction;
        let items = checklists::items(transaction, id, &reading, Timestamp(i64::MAX)).await?;
        Ok(Self {
            phases: phases::of_migration(transaction, id).await?,
            steps: plan_items::steps(transaction, id).await?,
            windows: windows::of_migration(transaction, id).await?,
            milestones: milestones::of_migration(transaction, id).await?,
            daily: items
                .into_iter()
                .filter(|record| record.item.list == List::Daily)
                .collect(),
            issues: issue_lists::due_issues(transaction, id, MOST_ISSUES).await?,
        })
    }
}

async fn document(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    base: &str,
) -> Result<String, QueryError> {
    let mut standing = load(control, caller, migration, None).await?;
    let plan = Plan::load(&mut standing).await?;
    let changed = calendar_feeds::plan_changed(&mut standing.transaction, migration).await?;
    let zone = zone_of(&standing.migration);
    let mut agenda = Agenda {
        migration,
        base: base.trim_end_matches('/'),
        zone: &zone,
        since: standing.frame.now.plus(-KEPT),
        changed: changed.unwrap_or_default(),
        entries: Vec::new(),
    };
    // Of a migration that was put away nothing is going to happen: programs take off their calendars what they had.
    if standing.frame.archived_at.is_none() {
        agenda.phases(&plan);
        agenda.milestones(&plan);
        agenda.windows(&plan);
        agenda.daily_checks(&plan);
        // Beneath the kill switch nothing soaks.
        if !standing.environment.environment.kill_switch {
            agenda.soaks(&plan, &standing.flags);
        }
        agenda.issues(&plan);
    }
    let mut entries = agenda.entries;
    let mut sequences: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    let instants: HashMap<u64, Timestamp> =
        calendar_feeds::instants(&mut standing.transaction, &sequences).await?;
    for entry in &mut entries {
        if let Some(at) = instants.get(&entry.sequence) {
            entry.changed_at = *at;
        }
    }
    Ok(ical::write(&Document {
        name: &standing.frame.name,
        zone: &zone,
        entries,
    }))
}

/// Collects entries.
struct Agenda<'a> {
    migration: &'a Key,
    base: &'a str,
    zone: &'a TimeZone,
    /// What is told one by one is told from here on.
    since: Timestamp,
    /// The entry that changed the plan itself last.
    changed: u64,
    entries: Vec<Entry>,
}

/// What an entry says, however often it is.
struct Thing<'a> {
    /// Its name within the migration, for good.
    name: String,
    /// The audit entry that changed it last.
    sequence: u64,
    category: &'static str,
    summary: String,
    description: String,
    /// Its page, below the migration.
    page: &'a str,
    expected: bool,
}

impl Agenda<'_> {
    fn add(&mut self, thing: &Thing<'_>, occasion: Occasion) {
        let mark = occasion
            .mark
            .map(|begin: DateTime| format!("-{}", begin.strftime("%Y%m%dT%H%M")))
            .unwrap_or_default();
        self.entries.push(Entry {
            // Nothing of the server's address: that may change, and keys are never given twice.
            uid: format!("{}{mark}.{}@switchback", thing.name, self.migration),
            sequence: thing.sequence,
            changed_at: Timestamp::default(),
            category: thing.category,
            summary: thing.summary.clone(),
            description: thing.description.clone(),
            url: format!("{}/m/{}/{}", self.base, self.migration, thing.page),
            expected: thing.expected,
            occasion,
        });
    }

    fn add_days(&mut self, thing: &Thing<'_>, first: Date, last: Date) {
        let when = When::Days { first, last };
        self.add(thing, once(when));
    }

    fn phases(&mut self, plan: &Plan) {
        let open = plan
            .phases
            .iter()
            .filter(|one| one.phase.archived_at.is_none());
        for record in open {
            let phase = &record.phase;
            let (Some(first), Some(last)) = (phase.start.or(phase.end), phase.end.or(phase.start))
            else {
                continue;
            };
            let thing = Thing {
                name: format!("phase-{}", phase.number),
                sequence: record.changed_sequence.unwrap_or(self.changed),
                category: "Phase",
                summary: format!("Phase {}: {}", phase.number, phase.name),
                description: phase.notes.clone(),
                page: &format!("calendar/phases/{}", phase.number),
                expected: false,
            };
            self.add_days(&thing, first, last.max(first));
        }
    }

    fn milestones(&mut self, plan: &Plan) {
        for record in &plan.milestones {
            let thing = Thing {
                name: format!("milestone-{}", record.id),
                sequence: record.changed_sequence.unwrap_or(self.changed),
                category: "Milestone",
                summary: record.name.clone(),
                description: String::new(),
                page: "calendar#milestones",
                expected: false,
            };
            self.add_days(&thing, record.day, record.day);
        }
    }

    fn windows(&mut self, plan: &Plan) {
        for record in &plan.windows {
            let window = &record.window;
            let whose = match window.scope() {
                Scope::Phase(_) => format!("modules of {}", window.scope()),
                scope => scope.to_string(),
            };
            let (category, description) = match window.kind() {
                WindowKind::Freeze => ("Freeze", format!("No promotions of {whose}.")),
                WindowKind::Change => ("Change window", format!("Promotions of {whose} are open.")),
            };
            let thing = Thing {
                name: format!("window-{}", record.id),
                sequence: self
                    .changed
                    .max(record.changed_sequence.unwrap_or_default()),
                category,
                summary: format!("{category}: {}", window.name()),
                description: format!("{description} Rollbacks always are possible."),
                page: "calendar#windows",
                expected: false,
            };
            for occasion in of_window(window, self.zone, self.since) {
                self.add(&thing, occasion);
            }
        }
    }

    /// Daily items of one time together, on the days from the first phase to the last.
    fn daily_checks(&mut self, plan: &Plan) {
        let open = || {
            let phases = plan.phases.iter().map(|record| &record.phase);
            phases.filter(|phase| phase.archived_at.is_none())
        };
        let first = open().filter_map(|phase| phase.start).min();
        let last = open().filter_map(|phase| phase.end).max();
        let Some(days) = first.zip(last) else { return };
        // A phase that was put away may have been the first or the last.
        let phases = plan.phases.iter().filter_map(|one| one.changed_sequence);
        let sequence = phases.max().unwrap_or_default().max(self.changed);
        let mut times: Vec<(Option<Time>, Vec<&str>)> = Vec::new();
        for record in &plan.daily {
            let time = match record.item.due {
                Some(Due::Time(time)) => Some(time),
                Some(Due::Day(_)) | None => None,
            };
            match times.iter_mut().find(|(at, _)| *at == time) {
                Some((_, titles)) => titles.push(&record.item.title),
                None => times.push((time, vec![&record.item.title])),
            }
        }
        for (time, titles) in times {
            let name = time.map_or_else(
                || "checks".to_owned(),
                |time| format!("checks-{}", time.strftime("%H%M")),
            );
            let thing = Thing {
                name,
                sequence,
                category: "Daily checks",
                summary: match titles.as_slice() {
                    [one] => format!("Daily check: {one}"),
                    many => format!("{} daily checks", many.len()),
                },
                description: titles.join("\n"),
                page: "checklists",
                expected: false,
            };
            for occasion in of_days(days, time, MOMENT, self.zone, self.since) {
                self.add(&thing, occasion);
            }
        }
    }

    /// When each module that is on its way has soaked where it is.
    fn soaks(&mut self, plan: &Plan, flags: &[FlagRecord]) {
        let moving = flags.iter().filter(|flag| {
            flag.status == ModuleStatus::Active && flag.state != FlagState::OLD_ONLY
        });
        for flag in moving {
            let (mut template, _) = choose_template(&plan.steps, flag.phase);
            template.sort_by_key(|step| (step.state.rank(), step.position));
            let through = template.partition_point(|step| step.state.rank() <= flag.state.rank());
            let (done, ahead) = template.split_at_checked(through).unwrap_or_default();
            let (Some(here), Some(since)) = (done.last(), flag.changed_at) else {
                continue;
            };
            if here.soak_hours == 0 {
                continue;
            }
            let soak = SignedDuration::from_hours(here.soak_hours.into());
            let end = since.plus(i64::try_from(soak.as_millis()).unwrap_or(i64::MAX));
            let next = ahead.first().map_or_else(
                || "It is through its template.".to_owned(),
                |step| format!("Next: {}.", step.state),
            );
            let module = &flag.module;
            let thing = Thing {
                name: format!("soak-{module}"),
                // Moved to another phase, a module has other steps.
                sequence: self
                    .changed
                    .max(flag.changed_sequence.unwrap_or_default())
                    .max(flag.module_changed_sequence.unwrap_or_default()),
                category: "Soak",
                summary: format!("{module} has soaked at {}", flag.state),
                description: format!(
                    "{} h at {} if data never pauses. {next}",
                    here.soak_hours, flag.state
                ),
                page: &format!("modules/{module}"),
                expected: true,
            };
            let begin = civil(end, self.zone);
            let clear = |at: DateTime| !self.zone.to_ambiguous_timestamp(at).is_ambiguous();
            let until = begin.saturating_add(MOMENT);
            let when = if clear(begin) && clear(until) {
                When::Local {
                    from: begin,
                    to: until,
                }
            } else {
                let to = end.plus(i64::try_from(MOMENT.as_millis()).unwrap_or(i64::MAX));
                When::Instants { from: end, to }
            };
            self.add(&thing, once(when));
        }
    }

    fn issues(&mut self, plan: &Plan) {
        for issue in &plan.issues {
            let about = issue.module.as_ref().map(|key| format!("Module {key}."));
            let owner = (!issue.owner.is_empty()).then(|| format!("Owner: {}.", issue.owner));
            let parts = [
                Some(format!("Severity {}.", issue.severity.as_str())),
                about,
                owner,
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            let thing = Thing {
                name: format!("issue-{}", issue.number),
                sequence: issue.changed_sequence.unwrap_or(self.changed),
                category: "Issue",
                summary: format!("Issue {} due: {}", issue.number, issue.title),
                description: parts.join(" "),
                page: &format!("issues/{}", issue.number),
                expected: false,
            };
            self.add_days(&thing, issue.due, issue.due);
        }
    }
}

fn once(when: When) -> Occasion {
    Occasion {
        mark: None,
        when,
        again: None,
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;
    use domain::schedule::phases::Following;
    use jiff::civil::date;

    use super::*;
    use crate::commands::{
        AddCheck, ArchivePhase, CreateMilestone, CreatePhase, CreateWindow, EditMigration,
        EditMilestone, MovePhase, RevokeCalendarFeed, SetGrants, WindowInput, create_calendar_feed,
    };
    use crate::testing::{Server, key};

    const URL: &str = "https://switchback.example.org";

    /// A server with a phase of `atlas`, and an address of a viewer's.
    struct Fed {
        server: Server,
        viewer: Caller,
        id: String,
        secret: String,
    }

    impl Fed {
        async fn open() -> Self {
            let server = Server::with_modules(&["a", "b"]).await;
            let viewer = server.signed_in("ada", Role::Viewer).await;
            let made = create_calendar_feed(&server.control, &viewer, key("atlas")).await;
            let (done, secret) = made.unwrap();
            let id = done.subject.unwrap();
            let fed = Self {
                server,
                viewer,
                id,
                secret,
            };
            fed.zone("Europe/Berlin").await;
            let phase = CreatePhase {
                migration: key("atlas"),
                number: Some(1),
                name: "Core".into(),
                start: Some(date(2026, 12, 7)),
                end: Some(date(2026, 12, 20)),
                expected_modules: None,
                validation_days: None,
                notes: "Notes".into(),
                reason: String::new(),
            };
            fed.server.admin(phase).await.unwrap();
            fed
        }

        async fn zone(&self, zone: &str) {
            let mut connection = self.server.control.inner().store.read().await.unwrap();
            let record = migrations::by_key(&mut connection, &key("atlas"))
                .await
                .unwrap()
                .unwrap();
            drop(connection);
            let edit = EditMigration {
                migration: key("atlas"),
                name: None,
                description: None,
                zone: Some(zone.into()),
                start: None,
                expected_modules: None,
                thresholds: None,
                automatic_rollback: None,
                expected: Some(record.migration.version),
                reason: String::new(),
            };
            self.server.admin(edit).await.unwrap();
        }

        async fn answer(&self) -> Option<CalendarFeed> {
            calendar_feed(&self.server.control, &self.secret, URL, "request-1")
                .await
                .unwrap()
        }

        async fn text(&self) -> String {
            let feed = self.answer().await.unwrap();
            assert_eq!(feed.migration, key("atlas"));
            feed.text
        }

        /// The event with this UID, its lines put together again.
        async fn event(&self, uid: &str) -> Option<String> {
            let text = self.text().await.replace("\r\n ", "");
            let line = format!("\r\nUID:{uid}\r\n");
            let mut found = text
                .split("BEGIN:VEVENT")
                .filter(|event| event.contains(&line));
            let event = found.next().map(ToOwned::to_owned);
            assert_eq!(found.next(), None, "two events are {uid}");
            event
        }
    }

    fn value<'a>(event: &'a str, name: &str) -> &'a str {
        let lines = event.split("\r\n");
        let mut values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        values
            .next()
            .unwrap_or_else(|| panic!("no {name} in {event}"))
    }

    fn sequence(event: &str) -> u32 {
        value(event, "SEQUENCE").parse().unwrap()
    }

    #[tokio::test]
    async fn a_moved_phase_is_the_same_event_on_other_days() {
        let fed = Fed::open().await;
        let uid = "phase-1.atlas@switchback";
        let before = fed.event(uid).await.unwrap();
        assert_eq!(value(&before, "SUMMARY"), "Phase 1: Core");
        assert_eq!(value(&before, "DTSTART;VALUE=DATE"), "20261207");
        assert_eq!(value(&before, "DTEND;VALUE=DATE"), "20261221");
        assert_eq!(
            value(&before, "URL"),
            format!("{URL}/m/atlas/calendar/phases/1")
        );
        assert_eq!(fed.text().await, fed.text().await);
        fed.server.control.clock().step(60_000);
        let moved = MovePhase {
            migration: key("atlas"),
            number: 1,
            start: date(2026, 12, 14),
            end: date(2026, 12, 27),
            following: Following::Stay,
            overriding: false,
            expected: Some(1),
            reason: "later".into(),
        };
        fed.server.admin(moved).await.unwrap();
        let after = fed.event(uid).await.unwrap();
        assert_eq!(value(&after, "DTSTART;VALUE=DATE"), "20261214");
        assert!(sequence(&after) > sequence(&before));
        assert_eq!(value(&before, "LAST-MODIFIED"), "20261122T140000Z");
        assert_eq!(value(&after, "LAST-MODIFIED"), "20261122T140100Z");
        assert_eq!(value(&after, "DTSTAMP"), "20261122T140100Z");
        let archive = ArchivePhase {
            migration: key("atlas"),
            number: 1,
            expected: Some(2),
            reason: "given up".into(),
        };
        fed.server.admin(archive).await.unwrap();
        assert_eq!(fed.event(uid).await, None);
    }

    #[tokio::test]
    async fn everything_of_the_plan_is_there_and_follows_the_zone() {
        let fed = Fed::open().await;
        let at = |day, hour| date(2026, 12, day).at(hour, 0, 0, 0);
        let window = CreateWindow {
            migration: key("atlas"),
            window: WindowInput {
                name: "Night".into(),
                kind: WindowKind::Freeze,
                scope: Scope::Module(key("a")),
                starts: at(7, 22),
                ends: at(8, 6),
                recurrence: "FREQ=WEEKLY;COUNT=3".into(),
            },
            reason: String::new(),
        };
        let id = fed.server.admin(window).await.unwrap().subject.unwrap();
        for (title, due) in [
            ("Smoke test", "09:00"),
            ("Mismatches", "09:00"),
            ("Tidy", ""),
        ] {
            let check = AddCheck {
                migration: key("atlas"),
                list: List::Daily,
                title: title.into(),
                owner: String::new(),
                due: Due::parse(due).unwrap(),
                commands: String::new(),
                evidence_required: false,
                reason: String::new(),
            };
            fed.server.admin(check).await.unwrap();
        }
        let uid = format!("window-{id}.atlas@switchback");
        let freeze = fed.event(&uid).await.unwrap();
        assert_eq!(value(&freeze, "SUMMARY"), "Freeze: Night");
        assert_eq!(
            value(&freeze, "DTSTART;TZID=Europe/Berlin"),
            "20261207T220000"
        );
        assert_eq!(
            value(&freeze, "RRULE"),
            "FREQ=WEEKLY;UNTIL=20261221T210000Z"
        );
        assert!(value(&freeze, "DESCRIPTION").starts_with("No promotions of module a."));
        let nine = fed.event("checks-0900.atlas@switchback").await.unwrap();
        assert_eq!(value(&nine, "SUMMARY"), "2 daily checks");
        assert_eq!(value(&nine, "DESCRIPTION"), "Smoke test\\nMismatches");
        assert_eq!(
            value(&nine, "DTSTART;TZID=Europe/Berlin"),
            "20261207T090000"
        );
        assert_eq!(value(&nine, "RRULE"), "FREQ=DAILY;UNTIL=20261220T080000Z");
        let whole = fed.event("checks.atlas@switchback").await.unwrap();
        assert_eq!(value(&whole, "SUMMARY"), "Daily check: Tidy");
        assert_eq!(value(&whole, "RRULE"), "FREQ=DAILY;UNTIL=20261220");
        // Another zone: the same times on another wall, as a newer version of the same events.
        fed.zone("America/New_York").await;
        let later = fed.event(&uid).await.unwrap();
        assert_eq!(
            value(&later, "DTSTART;TZID=America/New_York"),
            "20261207T220000"
        );
        assert!(sequence(&later) > sequence(&freeze));
        assert!(
            fed.text()
                .await
                .contains("BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n")
        );
    }

    #[tokio::test]
    async fn a_soak_ends_once_where_the_module_is_and_not_beneath_the_kill_switch() {
        let fed = Fed::open().await;
        fed.server.set("a", FlagState::BOTH_VALIDATE).await;
        let uid = "soak-a.atlas@switchback";
        let first = fed.event(uid).await.unwrap();
        // 24 hours after 14:00 UTC, by the built-in template.
        assert_eq!(
            value(&first, "DTSTART;TZID=Europe/Berlin"),
            "20261123T150000"
        );
        assert_eq!(value(&first, "STATUS"), "TENTATIVE");
        assert_eq!(fed.event("soak-b.atlas@switchback").await, None);
        fed.server.control.clock().step(3_600_000);
        fed.server.set("a", Server::percent(10)).await;
        let second = fed.event(uid).await.unwrap();
        assert_eq!(
            value(&second, "DTSTART;TZID=Europe/Berlin"),
            "20261124T160000"
        );
        assert!(sequence(&second) > sequence(&first));
        fed.server.roll_back("a").await.unwrap();
        assert_eq!(fed.event(uid).await, None);
    }

    #[tokio::test]
    async fn milestones_come_move_and_go() {
        let fed = Fed::open().await;
        let create = CreateMilestone {
            migration: key("atlas"),
            name: "Board, at last".into(),
            day: date(2026, 12, 18),
            reason: String::new(),
        };
        let id = fed.server.admin(create).await.unwrap().subject.unwrap();
        let uid = format!("milestone-{id}.atlas@switchback");
        let there = fed.event(&uid).await.unwrap();
        assert_eq!(value(&there, "SUMMARY"), "Board\\, at last");
        let edit = |day, archive, expected| EditMilestone {
            migration: key("atlas"),
            id: id.parse().unwrap(),
            name: None,
            day,
            archive,
            expected: Some(expected),
            reason: "moved".into(),
        };
        fed.server
            .admin(edit(Some(date(2026, 12, 19)), false, 1))
            .await
            .unwrap();
        let moved = fed.event(&uid).await.unwrap();
        assert_eq!(value(&moved, "DTSTART;VALUE=DATE"), "20261219");
        assert!(sequence(&moved) > sequence(&there));
        fed.server.admin(edit(None, true, 2)).await.unwrap();
        assert_eq!(fed.event(&uid).await, None);
        fed.server.archive_migration_of_version(2).await;
        assert!(!fed.text().await.contains("BEGIN:VEVENT"));
    }

    #[tokio::test]
    async fn who_may_not_see_the_migration_any_more_reads_nothing() {
        let fed = Fed::open().await;
        let control = &fed.server.control;
        let rows = calendar_feeds(control, &fed.viewer, &key("atlas"))
            .await
            .unwrap();
        assert_eq!(
            (rows.len(), rows[0].last_read_at, rows[0].own),
            (1, None, true)
        );
        fed.text().await;
        let rows = calendar_feeds(control, &Server::root(), &key("atlas"))
            .await
            .unwrap();
        assert_eq!((rows[0].user.as_str(), rows[0].own), ("ada", false));
        assert_eq!(rows[0].last_read_at, Some(control.clock().now()));
        let others = calendar_feeds(control, &Server::operator_of("atlas"), &key("atlas")).await;
        assert!(others.unwrap().is_empty());
        let nobody = calendar_feed(control, "guessed", URL, "request-1")
            .await
            .unwrap();
        assert_eq!(nobody, None);

        let grants = |grants| SetGrants {
            name: "ada".into(),
            grants,
            reason: "another team".into(),
        };
        let had = fed.viewer.actor.grants.clone();
        fed.server.admin(grants(Vec::new())).await.unwrap();
        assert_eq!(fed.answer().await, None);
        fed.server.admin(grants(had)).await.unwrap();
        fed.text().await;
        fed.server.archive_user("ada").await;
        assert_eq!(fed.answer().await, None);
        let revoke = RevokeCalendarFeed {
            id: fed.id.clone(),
            reason: String::new(),
        };
        fed.server.admin(revoke).await.unwrap();
        assert_eq!(fed.answer().await, None);
        let left = calendar_feeds(control, &Server::root(), &key("atlas"))
            .await
            .unwrap();
        assert!(left.is_empty());
    }
}
