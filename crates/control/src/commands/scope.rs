//! Where a command works: a migration that is not archived, and one of its environments.

use domain::migration::MAX_MODULES;
use domain::{Key, Module, ModuleStatus, PhaseNumber, Refusal};

use crate::command::Work;
use crate::error::Stopped;
use crate::store::audit;
use crate::store::environments::{self, EnvironmentRecord};
use crate::store::migrations::{self, MigrationRecord};
use crate::store::modules::{self, ModuleRecord};
use crate::store::phases::{self, PhaseRecord};

/// The migration, which must not be archived.
pub(super) async fn migration(work: &mut Work<'_>, key: &Key) -> Result<MigrationRecord, Stopped> {
    let record = migrations::by_key(work.connection, key)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", key.as_str()))?;
    if record.migration.archived_at.is_some() {
        return Err(Refusal::Archived {
            what: format!("The migration {key}"),
        }
        .into());
    }
    Ok(record)
}

/// One of its environments, the deciding one unless named; it must not be archived.
pub(super) async fn environment(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    key: Option<&Key>,
) -> Result<EnvironmentRecord, Stopped> {
    let record = environments::of_migration(work.connection, migration.id)
        .await?
        .into_iter()
        .find(|record| match key {
            Some(key) => record.environment.key == *key,
            None => record.environment.deciding,
        })
        .ok_or_else(|| Refusal::not_found("environment", key.map_or("(deciding)", Key::as_str)))?;
    if record.environment.archived_at.is_some() {
        let what = format!("The environment {}", record.environment.key);
        return Err(Refusal::Archived { what }.into());
    }
    Ok(record)
}

/// Refuses an edit without a version, or with one that is not current.
pub(super) async fn expect_version(
    work: &mut Work<'_>,
    what: &str,
    expected: Option<i64>,
    current: i64,
    changed_sequence: Option<u64>,
) -> Result<(), Stopped> {
    let Some(expected) = expected else {
        return Err(Refusal::VersionRequired.into());
    };
    if expected == current {
        return Ok(());
    }
    let other = audit::other_change(work.connection, changed_sequence).await?;
    Err(Refusal::Stale {
        what: what.to_owned(),
        expected: Some(expected),
        current,
        other: other.map(Box::new),
    }
    .into())
}

/// Stores an edited module, keeping its phase by number.
pub(super) async fn update_module(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    id: i64,
    module: &Module,
) -> Result<(), Stopped> {
    let phase_id = match module.phase {
        None => None,
        Some(number) => Some(phase(work, migration, number).await?.id),
    };
    modules::update(work.connection, id, module, phase_id, work.sequence).await?;
    Ok(())
}

/// Where a module is to go: a phase of the migration that is not archived.
pub(super) async fn open_phase(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    number: PhaseNumber,
) -> Result<PhaseRecord, Stopped> {
    let found = phases::of_migration(work.connection, migration.id)
        .await?
        .into_iter()
        .find(|record| record.phase.number == number && record.phase.archived_at.is_none());
    let message = format!("There is no open phase {number}. Create it first, or choose another.");
    found.ok_or_else(|| Refusal::field("phase", message).into())
}

/// A module of the migration that is not archived.
pub(super) async fn open_module(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    key: &Key,
) -> Result<ModuleRecord, Stopped> {
    let record = modules::by_key(work.connection, migration.id, key)
        .await?
        .ok_or_else(|| Refusal::not_found("module", key.as_str()))?;
    if record.module.status == ModuleStatus::Archived {
        return Err(Refusal::Archived {
            what: format!("The module {key}"),
        }
        .into());
    }
    Ok(record)
}

/// Row ids of the environments that are not archived: those with snapshots.
pub(super) async fn open_environments(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
) -> Result<Vec<i64>, Stopped> {
    let all = environments::of_migration(work.connection, migration.id).await?;
    let open = all
        .iter()
        .filter(|record| record.environment.archived_at.is_none());
    Ok(open.map(|record| record.id).collect())
}

/// Refuses modules beyond what a server keeps.
pub(super) async fn room_for_modules(work: &mut Work<'_>, more: u32) -> Result<(), Stopped> {
    let kept = modules::count_all(work.connection).await?;
    if kept.saturating_add(more) <= MAX_MODULES {
        return Ok(());
    }
    let why = format!(
        "it keeps {kept} modules, archived ones too, and at most {MAX_MODULES}. Run a second server for more."
    );
    Err(Refusal::InUse {
        what: "The server's list of modules".into(),
        why,
    }
    .into())
}

/// A phase of the migration, archived or not.
pub(super) async fn phase(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    number: PhaseNumber,
) -> Result<PhaseRecord, Stopped> {
    phases::of_migration(work.connection, migration.id)
        .await?
        .into_iter()
        .find(|record| record.phase.number == number)
        .ok_or_else(|| Refusal::not_found("phase", number.to_string()).into())
}
