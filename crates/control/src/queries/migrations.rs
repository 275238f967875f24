//! The list of migrations one may see.

use domain::read::{MigrationRow, Viewer};
use domain::{Permission, Phase};

use super::standing::{count, share_on_new, viewer};
use crate::store::audit::{AuditSearch, search};
use crate::store::migrations::MigrationRecord;
use crate::store::{Connection, environments, flags, migrations as rows, phases};
use crate::{Caller, Control, QueryError};

/// Migrations the caller may see, oldest first, archived ones last.
pub async fn migrations(
    control: &Control,
    caller: &Caller,
) -> Result<(Viewer, Vec<MigrationRow>), QueryError> {
    let mut transaction = control.inner().store.read_moment().await?;
    let mut list = Vec::new();
    for record in rows::all(&mut transaction).await? {
        if caller.actor.may(Permission::View(&record.migration.key)) {
            list.push(row(&mut transaction, record).await?);
        }
    }
    list.sort_by_key(|row| row.archived_at.is_some());
    Ok((viewer(caller, None), list))
}

async fn row(
    connection: &mut Connection,
    record: MigrationRecord,
) -> Result<MigrationRow, QueryError> {
    let all = environments::of_migration(connection, record.id).await?;
    let deciding = all
        .iter()
        .find(|environment| environment.environment.deciding);
    let flags = match deciding {
        Some(environment) => flags::of_environment(connection, environment.id).await?,
        None => Vec::new(),
    };
    let phases: Vec<Phase> = phases::of_migration(connection, record.id)
        .await?
        .into_iter()
        .map(|record| record.phase)
        .filter(|phase| phase.archived_at.is_none())
        .collect();
    let killed = deciding.is_some_and(|environment| environment.environment.kill_switch);
    let migration = record.migration;
    Ok(MigrationRow {
        counts: count(flags.iter(), migration.expected_modules),
        share_on_new: share_on_new(flags.iter(), killed),
        killed: all
            .iter()
            .filter(|record| record.environment.kill_switch)
            .map(|record| record.environment.key.clone())
            .collect(),
        start: phases
            .iter()
            .filter_map(|phase| phase.start)
            .min()
            .map(|date| date.to_string()),
        end: phases
            .iter()
            .filter_map(|phase| phase.end)
            .max()
            .map(|date| date.to_string()),
        archived_at: migration.archived_at,
        last_change: last_change(connection, migration.key.as_str()).await?,
        key: migration.key,
        name: migration.name,
    })
}

async fn last_change(
    connection: &mut Connection,
    migration: &str,
) -> Result<Option<(domain::Timestamp, String)>, QueryError> {
    let newest = AuditSearch {
        migration: Some(migration.to_owned()),
        outcome: Some("committed".into()),
        ..AuditSearch::default()
    };
    let records = search(connection, &newest, 1).await?;
    match records.first() {
        None => Ok(None),
        Some(record) => {
            let entry = record.entry()?;
            Ok(Some((entry.at, entry.summary)))
        }
    }
}
