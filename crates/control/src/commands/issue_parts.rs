//! What commands about issues share.

use domain::{Key, Refusal};

use crate::command::{Aim, Work};
use crate::error::Stopped;
use crate::store::flags::FlagRecord;
use crate::store::issues::{self, IssueRecord};
use crate::store::migrations::MigrationRecord;

/// An issue as target of an entry.
pub(super) fn target(number: u32) -> String {
    format!("issue {number}")
}

/// A command about one issue.
pub(super) fn aim(migration: &Key, number: u32) -> Aim {
    Aim {
        migration: Some(migration.clone()),
        environment: None,
        targets: vec![target(number)],
    }
}

/// The same, naming its module, so that the module's audit log has it.
pub(super) fn aim_at(migration: &Key, record: &IssueRecord) -> Aim {
    let mut aim = aim(migration, record.issue.number);
    aim.targets
        .extend(record.issue.module.as_ref().map(ToString::to_string));
    aim
}

/// An issue of the migration.
pub(super) async fn find(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    number: u32,
) -> Result<IssueRecord, Stopped> {
    issues::by_number(work.connection, migration.id, number)
        .await?
        .ok_or_else(|| Refusal::not_found("issue", number.to_string()).into())
}

/// Notes that this command's entry is about the issue.
pub(super) async fn note(work: &mut Work<'_>, record: &IssueRecord) -> Result<(), Stopped> {
    Ok(issues::note_entry(work.connection, record.id, work.sequence).await?)
}

/// Labels as they are kept: small letters, by name.
pub(super) fn labels(typed: &[String]) -> Vec<String> {
    let mut labels: Vec<String> = typed
        .iter()
        .map(|label| label.trim().to_ascii_lowercase())
        .filter(|label| !label.is_empty())
        .collect();
    labels.sort_unstable();
    labels
}

/// Refuses to promote modules of which one has a critical issue that is not resolved, and says which issue.
pub(super) async fn require_unblocked<'a>(
    work: &mut Work<'_>,
    migration: &MigrationRecord,
    rising: impl Iterator<Item = &'a FlagRecord>,
) -> Result<(), Stopped> {
    let rising: Vec<&FlagRecord> = rising.collect();
    let ids: Vec<i64> = rising.iter().map(|flag| flag.module_id).collect();
    let Some((module_id, number, title)) =
        issues::blocking(work.connection, migration.id, &ids).await?
    else {
        return Ok(());
    };
    let Some(flag) = rising.iter().find(|flag| flag.module_id == module_id) else {
        return Ok(());
    };
    let module = flag.module.clone();
    Err(Refusal::BlockedByIssue {
        module,
        number,
        title,
    }
    .into())
}
