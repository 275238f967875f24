//! The forms that matter: rollback, kill switch, resume.

use std::collections::HashSet;

use domain::read::{
    AuditRow, KillSwitchView, Listening, ModuleRow, ResumeItem, ResumeView, RollbackView,
};
use domain::{FlagState, Key, ModuleStatus};

use super::audit::audit_row;
use super::modules::{all_rows, phase_names};
use super::standing::{Standing, load};
use crate::commands::{Selection, digest_of_returning, returning};
use crate::store::audit;
use crate::{Caller, Control, QueryError};

/// A reader counts as listening when it read within so many milliseconds.
pub(super) const LISTENING_MILLISECONDS: i64 = 30_000;

/// What rolling these back would do.
pub async fn rollback(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    selection: &Selection,
) -> Result<RollbackView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let picked = selection.pick(standing.flags.clone())?;
    let rows = rows(&mut standing).await?;
    let modules = rows
        .into_iter()
        .filter(|row| picked.iter().any(|flag| flag.module == row.key))
        .collect();
    Ok(RollbackView {
        modules,
        listening: listening(control, &standing),
        frame: standing.frame,
    })
}

/// What pressing the kill switch would do.
pub async fn kill_switch(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<KillSwitchView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let (mut affected, mut not_covered) = (Vec::new(), Vec::new());
    for row in rows(&mut standing).await? {
        match row.status {
            ModuleStatus::Retired => not_covered.push(row.key),
            ModuleStatus::Active if row.track.state.exposure().basis_points() > 0 => {
                affected.push(row);
            }
            ModuleStatus::Active | ModuleStatus::Archived => {}
        }
    }
    Ok(KillSwitchView {
        affected,
        not_covered,
        pressed: pressed(&mut standing).await?,
        listening: listening(control, &standing),
        frame: standing.frame,
    })
}

/// Exactly what resuming brings back.
pub async fn resume(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<ResumeView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let back: Vec<ResumeItem> = returning(&standing.flags)
        .map(|flag| ResumeItem {
            module: flag.module.clone(),
            state: flag.state,
        })
        .collect();
    let staying_old = standing
        .flags
        .iter()
        .filter(|flag| flag.status == ModuleStatus::Active && flag.state == FlagState::OLD_ONLY)
        .count();
    Ok(ResumeView {
        digest: digest_of_returning(&standing.flags),
        returning: back,
        staying_old: u32::try_from(staying_old).unwrap_or(u32::MAX),
        pressed: pressed(&mut standing).await?,
        frame: standing.frame,
    })
}

async fn rows(standing: &mut Standing) -> Result<Vec<ModuleRow>, QueryError> {
    let names = phase_names(standing).await?;
    Ok(all_rows(standing, &names)
        .await?
        .into_iter()
        .map(|(row, _)| row)
        .collect())
}

async fn pressed(standing: &mut Standing) -> Result<Option<AuditRow>, QueryError> {
    if !standing.environment.environment.kill_switch {
        return Ok(None);
    }
    let Some(sequence) = standing.environment.kill_sequence else {
        return Ok(None);
    };
    let record = audit::by_sequence(&mut standing.transaction, sequence).await?;
    Ok(record.as_ref().map(audit_row).transpose()?)
}

pub(super) fn listening(control: &Control, standing: &Standing) -> Listening {
    let since = standing.frame.now.plus(-LISTENING_MILLISECONDS);
    let (migration, environment) = (
        &standing.frame.migration,
        &standing.environment.environment.key,
    );
    let readers = control
        .readers()
        .of_environment(migration, environment, since);
    let rows = control.instance_rows(migration, environment);
    let listening = || rows.iter().filter(|row| row.listens);
    let services: HashSet<&str> = listening().map(|row| row.service.as_str()).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Listening {
        instances: count(listening().count()),
        services: count(services.len()),
        readers: count(readers.len()),
    }
}
