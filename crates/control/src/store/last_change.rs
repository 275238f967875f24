//! The newest audit entry about something whose row does not remember it: shown to whoever edits second.

use domain::{Key, PhaseNumber};

use super::{Connection, StoreError};

/// The newest committed entry about a migration itself.
pub(crate) async fn of_migration(
    connection: &mut Connection,
    migration: &Key,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT max(sequence) FROM audit
         WHERE migration = $1 AND outcome = 'committed' AND (action LIKE 'migration.%' OR action = 'plan.import')",
    )
    .bind(migration.as_str())
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The newest committed entry about an environment or its kill switch.
pub(crate) async fn of_environment(
    connection: &mut Connection,
    migration: &Key,
    environment: &Key,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        r"SELECT max(sequence) FROM audit
          WHERE migration = $1 AND outcome = 'committed'
            AND (action LIKE 'environment.%' OR action LIKE 'kill\_switch.%' ESCAPE '\')
            AND (environment = $2 OR targets LIKE $3 ESCAPE '\')",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(among_targets(environment.as_str())?)
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The newest committed entry about a phase.
pub(crate) async fn of_phase(
    connection: &mut Connection,
    migration: &Key,
    number: PhaseNumber,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        r"SELECT max(sequence) FROM audit
          WHERE migration = $1 AND outcome = 'committed' AND targets LIKE $2 ESCAPE '\'
            AND (action LIKE 'phase.%' OR action = 'plan.import')",
    )
    .bind(migration.as_str())
    .bind(among_targets(&format!("phase {number}"))?)
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The newest committed entry that changed a checklist item; its ticks change no version.
pub(crate) async fn of_check(
    connection: &mut Connection,
    migration: &Key,
    id: i64,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        r"SELECT max(sequence) FROM audit
          WHERE migration = $1 AND outcome = 'committed'
            AND (action = 'plan.import'
                 OR (action IN ('check.add', 'check.edit', 'check.archive') AND targets LIKE $2 ESCAPE '\'))",
    )
    .bind(migration.as_str())
    .bind(among_targets(&format!("check {id}"))?)
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The newest committed entry that changed a user.
pub(crate) async fn of_user(
    connection: &mut Connection,
    name: &str,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        r"SELECT max(sequence) FROM audit
          WHERE outcome = 'committed' AND targets LIKE $1 ESCAPE '\'
            AND action IN ('user.add', 'user.grants', 'user.archive')",
    )
    .bind(among_targets(name)?)
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The newest committed entry that revoked a token.
pub(crate) async fn of_token(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        r"SELECT max(sequence) FROM audit
          WHERE outcome = 'committed' AND action = 'token.revoke' AND targets LIKE $1 ESCAPE '\'",
    )
    .bind(among_targets(id)?)
    .fetch_one(connection)
    .await?;
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// A LIKE pattern that finds one target in the JSON list of them.
fn among_targets(target: &str) -> Result<String, StoreError> {
    let json = serde_json::to_string(target)?;
    let mut pattern = String::from("%");
    for character in json.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Ok(pattern)
}
