//! What stands before a promotion beside versions and the kill switch. Rollbacks are never asked.

use domain::schedule::windows::{Closed, closed};
use domain::{Key, PhaseNumber, Refusal, Timestamp};
use jiff::tz::TimeZone;

use crate::command::Work;
use crate::error::Stopped;
use crate::store::migrations::MigrationRecord;
use crate::store::windows;

/// A module that a command promotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promoted<'a> {
    pub(super) module: &'a Key,
    pub(super) phase: Option<PhaseNumber>,
}

/// Refuses promotions that a freeze, or the lack of an open change window, keeps back.
pub(super) async fn allow(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    promoted: &[Promoted<'_>],
) -> Result<(), Stopped> {
    if promoted.is_empty() {
        return Ok(());
    }
    let windows: Vec<_> = windows::of_migration(work.connection, migration.id)
        .await?
        .into_iter()
        .map(|record| record.window)
        .collect();
    if windows.is_empty() {
        return Ok(());
    }
    let zone = zone_of(migration);
    for Promoted { module, phase } in promoted {
        if let Some(closed) = closed(&windows, module, *phase, &zone, work.now) {
            return Err(refusal(module, closed, &zone).into());
        }
    }
    Ok(())
}

/// The migration's zone; UTC when the zone database does not know it any more.
pub(crate) fn zone_of(migration: &MigrationRecord) -> TimeZone {
    TimeZone::get(&migration.migration.zone).unwrap_or(TimeZone::UTC)
}

fn refusal(module: &Key, closed: Closed, zone: &TimeZone) -> Refusal {
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
