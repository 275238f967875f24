//! What stands before a promotion beside the kill switch and a stale version. Rollbacks are never asked.

use std::collections::BTreeSet;

use domain::schedule::checklist::before_list_open;
use domain::schedule::windows::{Closed, closed};
use domain::{Key, PhaseNumber, Refusal, Timestamp};
use jiff::tz::TimeZone;

use super::issue_parts::require_unblocked;
use crate::command::Work;
use crate::error::Stopped;
use crate::store::checklists::{self, Reading};
use crate::store::flags::FlagRecord;
use crate::store::migrations::MigrationRecord;
use crate::store::windows;

/// Asks whether flags may go up now: as they stand, all of one environment.
///
/// # Errors
/// [`Refusal::BlockedByIssue`] where a critical issue of one of them is not resolved, [`Refusal::Closed`] where a freeze or
/// the lack of an open change window keeps one back, [`Refusal::ChecklistOpen`] where one of them never moved, and the
/// list before its phase is not worked through.
pub(super) async fn before_promotion(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    rising: &[&FlagRecord],
) -> Result<(), Stopped> {
    require_unblocked(work, migration, rising.iter().copied()).await?;
    open_windows(work, migration, rising).await?;
    let beginning: BTreeSet<PhaseNumber> = rising
        .iter()
        .filter(|flag| is_first(flag))
        .filter_map(|flag| flag.phase)
        .collect();
    for phase in beginning {
        before_phase(work, migration, phase).await?;
    }
    Ok(())
}

/// Refuses what a freeze, or the lack of an open change window, keeps back.
async fn open_windows(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    rising: &[&FlagRecord],
) -> Result<(), Stopped> {
    let windows: Vec<_> = windows::of_migration(work.connection, migration.id)
        .await?
        .into_iter()
        .map(|record| record.window)
        .collect();
    if windows.is_empty() {
        return Ok(());
    }
    let zone = zone_of(migration);
    for flag in rising {
        if let Some(closed) = closed(&windows, &flag.module, flag.phase, &zone, work.now) {
            return Err(kept_back(&flag.module, closed, &zone).into());
        }
    }
    Ok(())
}

/// The migration's zone; UTC when the zone database does not know it any more.
pub(crate) fn zone_of(migration: &MigrationRecord) -> TimeZone {
    TimeZone::get(&migration.migration.zone).unwrap_or(TimeZone::UTC)
}

fn kept_back(module: &Key, closed: Closed, zone: &TimeZone) -> Refusal {
    Refusal::Closed {
        module: module.clone(),
        window_kind: closed.kind,
        window: closed.window,
        until: closed.until,
        opens: closed.until.map(|until| in_words(until, zone)),
    }
}

/// `Mon 30 Nov 2026 08:00 Europe/Berlin`
pub(crate) fn in_words(at: Timestamp, zone: &TimeZone) -> String {
    let civil = domain::schedule::civil(at, zone);
    let name = zone.iana_name().unwrap_or("UTC");
    format!("{} {name}", civil.strftime("%a %-d %b %Y %H:%M"))
}

/// Flags begin at `old_only`: one that never changed was never promoted.
fn is_first(flag: &FlagRecord) -> bool {
    flag.changed_sequence.is_none()
}

async fn before_phase(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    phase: PhaseNumber,
) -> Result<(), Stopped> {
    let reading = Reading::of(&migration.migration);
    let records = checklists::before_phase(work.connection, migration.id, &reading, phase).await?;
    let mut ticks = Vec::new();
    for record in &records {
        let holds = checklists::tick(work.connection, record.id, None).await?;
        ticks.extend(holds.map(|holds| holds.tick));
    }
    let items: Vec<_> = records.into_iter().map(|record| record.item).collect();
    let left: Vec<String> = before_list_open(&items, &ticks, phase)
        .into_iter()
        .map(|item| item.title.clone())
        .collect();
    if left.is_empty() {
        Ok(())
    } else {
        Err(Refusal::ChecklistOpen { phase, left }.into())
    }
}

#[cfg(test)]
mod tests {
    use domain::FlagState;
    use domain::schedule::checklist::{List, Moment};

    use super::*;
    use crate::commands::{PressKillSwitch, Resume, SkipCheck, TickCheck};
    use crate::testing::{Server, key, refusal};

    const BEFORE: List = List::Phase {
        phase: 1,
        moment: Moment::Before,
    };

    async fn tick(server: &Server, item: i64) {
        let command = TickCheck {
            migration: key("atlas"),
            item,
            day: None,
            evidence: String::new(),
        };
        server.admin(command).await.unwrap();
    }

    /// Two modules in phase 1, and a third in none.
    async fn server() -> Server {
        let server = Server::with_modules(&["a", "b", "free"]).await;
        server.phase(1).await;
        server.move_to_phase("a", Some(1)).await;
        server.move_to_phase("b", Some(1)).await;
        server
    }

    #[tokio::test]
    async fn the_first_promotion_waits_for_the_list_and_is_told_what_is_left() {
        let server = server().await;
        let coverage = server.check(BEFORE, "Coverage is 90 %").await;
        let rollback = server.check(BEFORE, "Rollback was tried").await;
        let during = List::Phase {
            phase: 1,
            moment: Moment::During,
        };
        server.check(during, "No regressions").await;
        server.check(List::Once, "Record the baseline").await;
        tick(&server, coverage).await;
        let refused = refusal(server.try_set("a", FlagState::BOTH_VALIDATE).await);
        let Refusal::ChecklistOpen { phase, left } = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!(
            (*phase, left.as_slice()),
            (1, &["Rollback was tried".to_owned()][..])
        );
        // What is in no phase waits for no list.
        server.set("free", FlagState::BOTH_VALIDATE).await;
        let skip = SkipCheck {
            migration: key("atlas"),
            item: rollback,
            day: None,
            reason: "tried in staging".into(),
        };
        server.admin(skip).await.unwrap();
        server.set("a", FlagState::BOTH_VALIDATE).await;
    }

    #[tokio::test]
    async fn what_has_moved_before_goes_on_and_a_rollback_is_never_asked() {
        let server = server().await;
        server.set("a", Server::percent(10)).await;
        server.check(BEFORE, "Coverage is 90 %").await;
        // Not the first promotion of this module; of the other it is.
        server.set("a", Server::percent(50)).await;
        assert_eq!(
            refusal(server.try_set("b", Server::percent(10)).await).code(),
            "checklist-open"
        );
        server.roll_back("a").await.unwrap();
        server.set("a", Server::percent(10)).await;
        server.try_set("a", FlagState::OLD_ONLY).await.unwrap();
    }

    #[tokio::test]
    async fn each_environment_has_a_first_promotion_of_its_own() {
        let server = server().await;
        server.environment("staging").await;
        server.set_in("staging", "a", Server::percent(10)).await;
        server.check(BEFORE, "Coverage is 90 %").await;
        server.set_in("staging", "a", Server::percent(50)).await;
        assert_eq!(
            refusal(server.try_set("a", Server::percent(10)).await).code(),
            "checklist-open"
        );
    }

    #[tokio::test]
    async fn resuming_brings_nothing_back_for_the_first_time() {
        let server = server().await;
        server.set("a", Server::percent(10)).await;
        server.check(BEFORE, "Coverage is 90 %").await;
        let press = PressKillSwitch {
            migration: key("atlas"),
            environment: None,
            reason: "errors".into(),
        };
        server.admin(press).await.unwrap();
        let root = Server::root();
        let seen = crate::queries::resume(&server.control, &root, &key("atlas"), None)
            .await
            .unwrap();
        let resume = Resume {
            migration: key("atlas"),
            environment: None,
            digest: Some(seen.digest),
            from_old: false,
            reason: "mended".into(),
        };
        server.admin(resume).await.unwrap();
    }
}
