//! What most queries begin with: a migration, one of its environments, and how its flags stand.

use domain::read::{EnvironmentChoice, Frame, ModeCounts, TrackState, Viewer};
use domain::{FlagState, Key, ModuleStatus, Permission, Refusal};

use crate::control::authorise;
use crate::store::Moment;
use crate::store::environments::{self, EnvironmentRecord};
use crate::store::flags::{self, FlagRecord};
use crate::store::migrations::{self, MigrationRecord};
use crate::{Caller, Control, QueryError};

/// A migration in one environment at one moment.
pub(super) struct Standing {
    pub(super) transaction: Moment,
    pub(super) migration: MigrationRecord,
    pub(super) environment: EnvironmentRecord,
    /// Flags of all modules in that environment by key, archived ones too.
    pub(super) flags: Vec<FlagRecord>,
    pub(super) frame: Frame,
}

/// Loads it, for a caller who may see the migration.
pub(super) async fn load(
    control: &Control,
    caller: &Caller,
    key: &Key,
    environment: Option<&Key>,
) -> Result<Standing, QueryError> {
    authorise(caller, Permission::View(key))?;
    let mut transaction = control.inner().store.read_moment().await?;
    let migration = migrations::by_key(&mut transaction, key)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", key.as_str()))?;
    let all = environments::of_migration(&mut transaction, migration.id).await?;
    let chosen = choose(&all, environment)?;
    let flags = flags::of_environment(&mut transaction, chosen.id).await?;
    let frame = frame_of(control, caller, &migration, &all, &chosen, &flags);
    Ok(Standing {
        transaction,
        migration,
        environment: chosen,
        flags,
        frame,
    })
}

fn choose(all: &[EnvironmentRecord], wanted: Option<&Key>) -> Result<EnvironmentRecord, Refusal> {
    all.iter()
        .find(|record| match wanted {
            Some(key) => record.environment.key == *key,
            None => record.environment.deciding,
        })
        .cloned()
        .ok_or_else(|| Refusal::not_found("environment", wanted.map_or("(deciding)", Key::as_str)))
}

/// Who looks, as pages show it.
pub(super) fn viewer(caller: &Caller, migration: Option<&Key>) -> Viewer {
    let role = match migration {
        Some(key) => caller.actor.role_in(key),
        None => caller.actor.role_on_server(),
    };
    Viewer {
        name: caller.actor.name.clone(),
        role,
        administers_server: caller.actor.may(Permission::AdministerServer),
    }
}

fn frame_of(
    control: &Control,
    caller: &Caller,
    migration: &MigrationRecord,
    all: &[EnvironmentRecord],
    chosen: &EnvironmentRecord,
    flags: &[FlagRecord],
) -> Frame {
    let details = &migration.migration;
    let killed = chosen.environment.kill_switch;
    Frame {
        viewer: viewer(caller, Some(&details.key)),
        migration: details.key.clone(),
        name: details.name.clone(),
        zone: details.zone.clone(),
        description: details.description.clone(),
        archived_at: details.archived_at,
        version: details.version,
        environment: environment_choice(chosen),
        environments: all
            .iter()
            .filter(|record| record.environment.archived_at.is_none())
            .map(environment_choice)
            .collect(),
        revision: format!("{}:{}", control.epoch(), chosen.environment.revision),
        head_sequence: control.head_sequence(),
        now: control.clock().now(),
        counts: count(flags.iter(), details.expected_modules),
        share_on_new: share_on_new(flags.iter(), killed),
        demo: control.demo(),
    }
}

fn environment_choice(record: &EnvironmentRecord) -> EnvironmentChoice {
    EnvironmentChoice {
        key: record.environment.key.clone(),
        name: record.environment.name.clone(),
        deciding: record.environment.deciding,
        kill_switch: record.environment.kill_switch,
        version: record.environment.version,
    }
}

/// How many modules stand in which mode.
pub(super) fn count<'a>(
    flags: impl Iterator<Item = &'a FlagRecord>,
    expected: Option<u32>,
) -> ModeCounts {
    let mut counts = ModeCounts {
        expected,
        ..ModeCounts::default()
    };
    for flag in flags {
        match flag.status {
            ModuleStatus::Active => counts.add(flag.state.mode()),
            ModuleStatus::Retired => counts.retired += 1,
            ModuleStatus::Archived => {}
        }
    }
    counts
}

/// Mean effective exposure of modules that are not archived, in basis points.
pub(super) fn share_on_new<'a>(flags: impl Iterator<Item = &'a FlagRecord>, killed: bool) -> u16 {
    let (mut sum, mut modules) = (0u64, 0u64);
    for flag in flags {
        sum += match flag.status {
            ModuleStatus::Archived => continue,
            ModuleStatus::Retired => 10_000,
            ModuleStatus::Active if killed => 0,
            ModuleStatus::Active => u64::from(flag.state.exposure().basis_points()),
        };
        modules += 1;
    }
    sum.checked_div(modules)
        .and_then(|mean| u16::try_from(mean).ok())
        .unwrap_or_default()
}

/// What the track glyph of a flag draws.
pub(super) fn track(flag: &FlagRecord, killed: bool) -> TrackState {
    TrackState {
        state: if flag.status == ModuleStatus::Retired {
            FlagState::NEW_ONLY
        } else {
            flag.state
        },
        killed: killed && flag.status == ModuleStatus::Active,
        retired: flag.status == ModuleStatus::Retired,
    }
}
